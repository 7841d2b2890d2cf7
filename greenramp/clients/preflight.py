"""Gathers what preflight compares: a version, the one that serves, and this machine."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from greenramp.clients.artifacts import describe
from greenramp.clients.envoy.router import Router
from greenramp.clients.outside import check_source
from greenramp.clients.registry import DIGEST_TAG, Registry
from greenramp.config import GateRole, PrometheusSource, Service, SideValues, SqlSource
from greenramp.errors import ConfigError, GreenrampError, Unreachable
from greenramp.home import Home
from greenramp.judging.planning import Outlook, undecidable
from greenramp.lifecycle.plan import Candidate
from greenramp.preflight import Finding, ModelDescription, Severity, artifact_finding, check_version, outlook_finding


def look_over(home: Home, mlflow_url: str, service: str, plan: Service, candidate: Candidate) -> tuple[Finding, ...]:
    """Every finding about a candidate whose files are on this machine; no model is loaded."""
    described = describe(Path(candidate.model_path), candidate.version, candidate.digest, candidate.digest)
    found = _compared(home, mlflow_url, service, plan, described)
    return (*found, _artifact(Registry(mlflow_url), plan.model, described, Path(candidate.model_path)))


def look_ahead(home: Home, mlflow_url: str, service: str, plan: Service, version: str) -> tuple[Finding, ...]:
    """The same for a registered version, reading only its small files; nothing is copied to keep or written."""
    return _compared(home, mlflow_url, service, plan, describe_registered(Registry(mlflow_url), plan.model, version))


def gates_ahead(home: Home, service: str, plan: Service, found: Sequence[Outlook]) -> Finding:
    """What is to be said of the gates. found: their outlook at today's traffic, empty when nothing is known of it."""
    if not any(gate.role is GateRole.REQUIRE for gate in plan.measured):
        return Finding("gates", Severity.NOTE, "no gate is required: none holds a release up by being undecided")
    if Router(home).read(service).live is None:
        return Finding("gates", Severity.OK, "the first version: nobody to compare it with, so no gate is asked")
    if not found:
        sentence = (
            "no recent request, so nobody knows whether the gates can decide; without requests a release ends unsure"
        )
        return Finding("gates", Severity.WARNING, sentence)
    return outlook_finding(service, plan.allow_undecidable, undecidable(service, found))


def sources_ahead(home: Home, service: str, plan: Service) -> tuple[Finding, ...]:
    """Whether every source outside answers, and has the live side's data; one that has not refuses a release."""
    router = Router(home)
    live = router.read(service).live
    if live is None:
        return ()  # nobody to compare with, so no gate is asked
    upstream = router.upstream(service, live)
    return tuple(
        _source_ahead(name, config, service, live.value if config.side_values is SideValues.SIDE else version)
        for name, config in plan.sources.items()
        for version in [upstream.version if upstream else None]
    )


def _source_ahead(name: str, config: PrometheusSource | SqlSource, service: str, live: str | None) -> Finding:
    try:
        return Finding("sources", Severity.OK, f"{name}: {check_source(name, config, service, live)}", str(live or ""))
    except GreenrampError as error:
        return Finding("sources", Severity.REFUSE, str(error), str(live or ""))


def describe_registered(registry: Registry, model: str, version: str) -> ModelDescription:
    """A version by its small files alone; its digest is the one recorded, if any."""
    recorded = registry.version(model, version).tags.get(DIGEST_TAG)
    with tempfile.TemporaryDirectory(prefix="greenramp-") as folder:
        sizes = registry.fetch_description(model, version, Path(folder))
        return replace(describe(Path(folder), version, sizes=sizes), recorded_digest=recorded)


def installed_here() -> dict[str, str]:
    """Version by canonical package name of what env_manager local serves with."""
    return {canonicalize_name(found.metadata["Name"]): found.version for found in distributions()}


def _compared(
    home: Home, mlflow_url: str, service: str, plan: Service, candidate: ModelDescription
) -> tuple[Finding, ...]:
    champion, about = _champion(home, mlflow_url, service, plan)
    found = check_version(service, plan, candidate, champion, installed_here(), platform.python_version())
    return (about, *found)


def _artifact(registry: Registry, model: str, candidate: ModelDescription, copy: Path) -> Finding:
    try:
        held = registry.read_mlmodel(model, candidate.version)
    except ConfigError:
        held = None
    return artifact_finding(candidate, str(copy), held, (copy / "MLmodel").read_bytes())


def _champion(home: Home, mlflow_url: str, service: str, plan: Service) -> tuple[ModelDescription | None, Finding]:
    """The version that serves; without its files a release goes on, since its gates compare answers all the same."""
    router = Router(home)
    live = router.read(service).live
    if live is None:
        return None, Finding("champion", Severity.OK, "the first version: there is none to compare with")
    if (upstream := router.upstream(service, live)) is None:
        lost = f"nothing is compared: {live.value} serves, but the router does not know which version that is"
        return None, Finding("champion", Severity.WARNING, lost)
    kept = home.models / service / f"{plan.model}-{upstream.version}"
    try:
        described = (
            describe(kept, upstream.version)
            if (kept / "MLmodel").exists()
            else describe_registered(Registry(mlflow_url), plan.model, upstream.version)
        )
    except (ConfigError, Unreachable) as error:
        lost = f"nothing is compared with version {upstream.version}, which serves: its files are gone ({error})"
        return None, Finding("champion", Severity.WARNING, lost, upstream.version)
    return described, Finding("champion", Severity.OK, "compared with the version that serves", upstream.version)
