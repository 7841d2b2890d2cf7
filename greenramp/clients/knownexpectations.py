"""Which expectations the installed great-expectations has, and their arguments, read from its files in milliseconds.

Importing the library takes seconds; the JSON Schemas that lie in it say the same. Whether a *value* is right only the
library itself can say: greenramp.clients.expectations.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from greenramp.config.expectations import Expected

OURS = ("result_format", "catch_exceptions", "rendered_content", "batch_id", "windows", "severity", "id")
"""Arguments that say how to run and report, which is not the suite's to say."""


def argument_faults(expected: Expected) -> Iterator[tuple[str, str, str]]:
    """(key, seen, wanted) of everything wrong with an expectation's name and the names of its arguments."""
    known = _folder()
    if not (known / f"{expected.type}.py").is_file():
        close = difflib.get_close_matches(expected.type, _names(), 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield "", expected.type, f"an expectation that great-expectations has{hint}"
        return
    for key in expected.kwargs:
        if key in OURS:
            yield key, repr(expected.kwargs[key])[:200], "not given in a suite; Greenramp sets how it is run"
    schema = _schemas().get(_plain(expected.type))
    if schema is None:
        return  # some have none; the library itself will tell
    takes = [name for name in schema["properties"] if name not in (*OURS, "metadata")]
    for key, value in expected.kwargs.items():
        if key not in takes and key not in OURS:
            yield key, repr(value)[:200], f"no such argument of {expected.type}; it takes {', '.join(takes)}"
    for key in schema.get("required", ()):
        if key not in expected.kwargs:
            yield key, "nothing", f"{expected.type} needs this argument"


def _folder() -> Path:
    found = find_spec("great_expectations")  # of a package at the top, finding does not import
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("great_expectations is not installed")
    return Path(found.submodule_search_locations[0]) / "expectations" / "core"


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _folder().glob("expect_*.py")))


@cache
def _schemas() -> Mapping[str, Mapping[str, Any]]:
    files = (_folder() / "schemas").glob("Expect*.json")
    return {path.stem.lower(): json.loads(path.read_text(encoding="utf-8")) for path in files}


def _plain(expectation: str) -> str:
    return expectation.replace("_", "")
