"""Reads a service's golden requests from configs/golden/<service>_<anything>.jsonl or .json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greenramp.clients.faults import Fault, Faulty, faults_in
from greenramp.config.golden import GoldenRequest

_FOLDER = "golden"


@dataclass(frozen=True)
class Golden:
    """A golden request and where it stands: file and line, or place in the list."""

    where: str
    wanted: GoldenRequest

    @property
    def title(self) -> str:
        """For messages."""
        return f"{self.where} ({self.wanted.name})" if self.wanted.name else self.where


def golden_files(configs: Path) -> list[Path]:
    """Every file in the folder of golden requests, whosever it is."""
    return sorted(path for path in (configs / _FOLDER).glob("*") if path.is_file() and not path.name.startswith("."))


def read_golden(configs: Path, service: str) -> tuple[Golden, ...]:
    """All golden requests of a service; none without a file. Raises Faulty with all that is wrong in its files."""
    found: list[Golden] = []
    faults: list[Fault] = []
    for file in golden_files(configs):
        if file.name.startswith(f"{service}_") and file.suffix in (".json", ".jsonl"):
            try:
                found += _read(file)
            except Faulty as error:
                faults += error.faults
    if faults:
        raise Faulty(faults)
    return tuple(found)


def golden_faults(configs: Path, services: Sequence[str]) -> list[Fault]:
    """Everything wrong in any golden file: its name, which must begin with a service's, and each request in it."""
    faults: list[Fault] = []
    for file in golden_files(configs):
        owner = file.name.split("_", 1)[0]
        if owner not in services or not re.fullmatch(r"[^_]+_.+\.jsonl?", file.name):
            wanted = f"a file name <service>_<anything>.jsonl or .json; services: {', '.join(services) or 'none'}"
            faults.append(Fault(file, "", file.name, wanted))
            continue
        try:
            _read(file)
        except Faulty as error:
            faults += error.faults
    return faults


def _read(file: Path) -> list[Golden]:
    found, faults = [], []
    try:
        requests = list(_items(file))
    except (OSError, ValueError) as error:  # not UTF-8 is a ValueError
        raise Faulty([Fault(file, "", "", f"readable golden requests: {error}")]) from error
    for place, item in requests:
        if isinstance(item, ValueError):
            faults.append(Fault(file, place, "", f"readable JSON: {item}"))
            continue
        try:
            found.append(Golden(f"{file.name} {place}", GoldenRequest.model_validate(item)))
        except ValidationError as error:
            faults += faults_in(file, error.errors(), place)
    if not requests:
        faults.append(Fault(file, "", "nothing", "at least one golden request"))
    if faults:
        raise Faulty(faults)
    return found


def _items(file: Path) -> Iterator[tuple[str, Any]]:
    """Each request with its place; a line that is no JSON comes as its error."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        whole = json.loads(text, object_pairs_hook=_no_duplicates)
        for number, item in enumerate(whole if isinstance(whole, list) else [whole], start=1):
            yield f"request {number}", item
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line, object_pairs_hook=_no_duplicates)
            except ValueError as error:
                yield f"line {number}", error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key given twice is refused, of which JSON would silently take the last."""
    keys = [key for key, _ in pairs]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"the key {twice[0]!r} stands here twice")
    return dict(pairs)
