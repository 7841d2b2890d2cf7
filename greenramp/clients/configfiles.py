"""Reads the configuration files; each either loads completely or says all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from greenramp.clients.faults import Fault, Faulty, faults_in
from greenramp.clients.goldenfiles import golden_faults, golden_files, read_golden
from greenramp.clients.knownexpectations import argument_faults
from greenramp.config import NAME, Service, Site, Suite, SuiteGate
from greenramp.errors import ConfigError

_Model = TypeVar("_Model", bound=BaseModel)


def read_service(configs: Path, name: str) -> Service:
    """The service's file; raises ConfigError naming the services there are when it is not among them."""
    file = configs / "services" / f"{name}.yaml"
    if not re.fullmatch(NAME, name) or not file.is_file():
        there = ", ".join(service_names(configs)) or "none"
        raise ConfigError(f"no service {name!r}: {file} is not there; services: {there}")
    return _read(file, Service)


def read_site(configs: Path, name: str) -> Site:
    """The site's file."""
    file = configs / "sites" / f"{name}.yaml"
    if not re.fullmatch(NAME, name) or not file.is_file():
        raise ConfigError(f"no site {name!r}: {file} is not there")
    return _read(file, Site)


def suite_file(configs: Path, service: str, name: str) -> Path:
    """Where a service's suite of expectations lies; names of services have no underscore."""
    return configs / "expectations" / f"{service}_{name}.yaml"


def suite_names(configs: Path, service: str) -> list[str]:
    """The suites that a service has."""
    found = (configs / "expectations").glob(f"{service}_*.yaml")
    return sorted(path.stem.removeprefix(f"{service}_") for path in found)


def read_suite(configs: Path, service: str, name: str) -> Suite:
    """A service's suite; raises ConfigError naming the ones there are, or all that is wrong with it."""
    file = suite_file(configs, service, name)
    if not re.fullmatch(NAME, name) or not file.is_file():
        there = ", ".join(suite_names(configs, service)) or "none"
        raise ConfigError(f"no suite {name!r} of {service}: {file} is not there; its suites: {there}")
    suite = _read(file, Suite)
    if faults := _faults_of_arguments(file, suite):
        raise Faulty(faults)
    return suite


def service_names(configs: Path) -> list[str]:
    """All services that have a file."""
    return sorted(path.stem for path in (configs / "services").glob("*.yaml"))


def check_all(configs: Path) -> tuple[list[Path], list[Fault]]:
    """Every file, and every fault of every file."""
    kinds: list[tuple[str, type[BaseModel]]] = [("services", Service), ("sites", Site)]
    files: list[Path] = []
    faults: list[Fault] = []
    for folder, kind in kinds:
        for file in sorted(p for p in (configs / folder).glob("*") if p.suffix in (".yaml", ".yml")):
            files.append(file)
            if not re.fullmatch(NAME, file.stem) or file.suffix != ".yaml":
                faults.append(Fault(file, "", file.name, "a file name of small letters, digits and -, ending in .yaml"))
            try:
                _read(file, kind)
            except Faulty as error:
                faults += error.faults
    suites, wrong = _check_suites(configs)
    files += suites
    faults += wrong + _clashes(configs) + _missing_suites(configs)
    files += golden_files(configs)
    faults += golden_faults(configs, service_names(configs))
    if not files:
        faults.append(Fault(configs, "", "no files", "services/<service>.yaml and sites/<site>.yaml"))
    return files, faults


def _check_suites(configs: Path) -> tuple[list[Path], list[Fault]]:
    """Every suite, and what is wrong with it as far as that can be told without importing great-expectations."""
    files = sorted(p for p in (configs / "expectations").glob("*") if p.suffix in (".yaml", ".yml"))
    services, faults = service_names(configs), []
    for file in files:
        service, _, name = file.stem.partition("_")
        if service not in services or not re.fullmatch(NAME, name) or file.suffix != ".yaml":
            wanted = f"a file name <service>_<suite>.yaml; services: {', '.join(services) or 'none'}"
            faults.append(Fault(file, "", file.name, wanted))
        try:
            faults += _faults_of_arguments(file, _read(file, Suite))
        except Faulty as error:
            faults += error.faults
    return files, faults


def _faults_of_arguments(file: Path, suite: Suite) -> list[Fault]:
    return [
        Fault(file, ".".join(filter(None, (f"expectations.{number}", expected.type, key))), seen, wanted)
        for number, expected in enumerate(suite.expectations)
        for key, seen, wanted in argument_faults(expected)
    ]


def require_fit(configs: Path, name: str) -> None:
    """Raise ConfigError when the service's file does not fit the other files; those that don't load are let be.

    A golden request of this service that does not load is one too.
    """
    file = configs / "services" / f"{name}.yaml"
    if faults := [fault for fault in _clashes(configs) + _missing_suites(configs) if fault.file == file]:
        raise Faulty(faults)
    read_golden(configs, name)


def _clashes(configs: Path) -> list[Fault]:
    """Names of hosts that two services claim, which Envoy refuses, or that users can't come under at any site."""
    sites, faults = _loaded(configs / "sites", Site), []
    shut = bool(sites) and all(site.edge.hosts for site in sites.values())
    let_in = {host for site in sites.values() for host in site.edge.hosts}
    claimed = [
        (file, host) for file, one in _loaded(configs / "services", Service).items() for host in one.traffic.hosts
    ]
    for number, (file, host) in enumerate(claimed):
        if others := [str(other) for at, (other, name) in enumerate(claimed) if name == host and at != number]:
            wanted = f"a name that nobody else answers under; {', '.join(others)} has it too"
            faults.append(Fault(file, "traffic.hosts", repr(host), wanted))
        if shut and host not in let_in:
            wanted = f"a name that edge.hosts lets in, in {' or '.join(map(str, sites))}"
            faults.append(Fault(file, "traffic.hosts", repr(host), wanted))
    return faults


def _missing_suites(configs: Path) -> list[Fault]:
    """Places that ask a suite which has no file."""
    faults = []
    for file, service in _loaded(configs / "services", Service).items():
        asked: dict[str, str | None] = {
            f"gates.{at}.suite": gate.suite for at, gate in enumerate(service.gates) if isinstance(gate, SuiteGate)
        }
        asked |= {f"{key}.expectations": getattr(service, key).expectations for key in ("smoke", "shadow")}
        for key, name in asked.items():
            if name and not (place := suite_file(configs, file.stem, name)).is_file():
                there = ", ".join(suite_names(configs, file.stem)) or "none"
                faults.append(Fault(file, key, repr(name), f"a suite, in {place}; suites of {file.stem}: {there}"))
    return faults


def _loaded(folder: Path, model: type[_Model]) -> dict[Path, _Model]:
    found = {}
    for file in sorted(path for path in folder.glob("*.yaml") if re.fullmatch(NAME, path.stem)):
        with suppress(Faulty):
            found[file] = _read(file, model)
    return found


def _read(file: Path, model: type[_Model]) -> _Model:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=_Keys)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:  # a date such as 2026-02-30 is a ValueError
        raise Faulty([Fault(file, "", "", f"readable YAML: {' '.join(str(error).split())}")]) from error
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        raise Faulty(faults_in(file, error.errors())) from error


class _Keys(yaml.SafeLoader):
    """A safe loader that takes each key for the text it is (`on`, which YAML 1.1 takes for true), and none twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:bool":
                key_node.tag = "tag:yaml.org,2002:str"
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # refused below
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
