"""Reads the configuration files; each either loads completely or says all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from greenramp.config import NAME, Service, Site
from greenramp.errors import ConfigError

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one file."""

    file: Path
    key: str
    seen: str
    wanted: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}: " if self.key else f"{self.file}: "
        return f"{place}{self.wanted}" + (f"; seen: {self.seen}" if self.seen else "")


class Faulty(ConfigError):
    """A file that does not load, with everything that is wrong in it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


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
    faults += _clashes(configs)
    if not files:
        faults.append(Fault(configs, "", "no files", "services/<service>.yaml and sites/<site>.yaml"))
    return files, faults


def require_fit(configs: Path, name: str) -> None:
    """Raise ConfigError when the service's file does not fit the other files; those that don't load are let be."""
    file = configs / "services" / f"{name}.yaml"
    if faults := [fault for fault in _clashes(configs) if fault.file == file]:
        raise Faulty(faults)


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


def _loaded(folder: Path, model: type[_Model]) -> dict[Path, _Model]:
    found = {}
    for file in sorted(path for path in folder.glob("*.yaml") if re.fullmatch(NAME, path.stem)):
        with suppress(Faulty):
            found[file] = _read(file, model)
    return found


def _read(file: Path, model: type[_Model]) -> _Model:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=_NoDuplicates)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:  # a date such as 2026-02-30 is a ValueError
        raise Faulty([Fault(file, "", "", f"readable YAML: {' '.join(str(error).split())}")]) from error
    try:
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        raise Faulty([_fault(file, e) for e in error.errors() if not _is_echo(e)]) from error


def _is_echo(error: Any) -> bool:
    """Whether pydantic finds a list too short only because it does not count the items it has just refused."""
    return error["type"] == "too_short" and bool(len(error["input"]) >= error["ctx"]["min_length"])


def _fault(file: Path, error: Any) -> Fault:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return Fault(file, key, "nothing", "this key is needed")
    seen = repr(error["input"])[:200]
    if error["type"] == "extra_forbidden":
        return Fault(file, key, seen, "no such key here; is it misspelt or indented wrongly?")
    whole = error["type"] == "value_error"  # a rule across keys names the values itself
    return Fault(file, key, "" if whole else seen, error["msg"].removeprefix("Value error, "))


class _NoDuplicates(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # refused below
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
