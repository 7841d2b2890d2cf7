"""A service's configuration as one release fixes it: its file, and the suites that it asks."""

from __future__ import annotations

from pathlib import Path

from greenramp.clients.configfiles import read_service, read_suite
from greenramp.config import Pinned, Service
from greenramp.errors import ConfigError
from greenramp.preflight import Finding, Severity


def read_pinned(configs: Path, service: str) -> Service:
    """The service's file; with suites a `Pinned` that holds them, too.

    A suite that can't be read is kept as what is wrong with it: a way back must not wait for that to be mended.
    """
    plan = read_service(configs, service)
    if not (names := plan.suite_names):
        return plan
    suites, faults = {}, {}
    for name in names:
        try:
            suites[name] = read_suite(configs, service, name)
        except ConfigError as error:
            faults[name] = str(error)
    return Pinned(**dict(plan), suites=suites, suite_faults=faults)


def suite_findings(plan: Service) -> tuple[Finding, ...]:
    """What is wrong with the suites, also what only great-expectations itself can tell: seconds of import."""
    if not isinstance(plan, Pinned):
        return ()
    from greenramp.clients.expectations import faults_of

    said = list(plan.suite_faults.values())
    said += [f"{name}: {key}: {words}" for name, suite in plan.suites.items() for key, words in faults_of(suite)]
    if not said:
        return (Finding("suites", Severity.OK, f"great-expectations takes all of {', '.join(plan.suites)}"),)
    return tuple(Finding("suites", Severity.REFUSE, words) for words in said)
