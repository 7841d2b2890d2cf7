"""Tables for suites of expectations: a recorded file, or what a service has answered lately."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenramp.clients.envoy.router import Router
from greenramp.clients.evidence_sources import prediction_logs
from greenramp.clients.jsonlines import JsonLines
from greenramp.clients.steptable import MOST_ROWS, frame_of
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.suites.answers import outputs_of

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (".jsonl", ".csv", ".parquet")


def read_frame(path: Path) -> pd.DataFrame:
    """A recorded table with whatever columns it has; a list of outputs in `prediction` gets columns of its own.

    Raises ConfigError naming the file when it can't be read.
    """
    import pandas as pd

    if path.suffix not in FORMATS:
        raise ConfigError(f"{path}: wanted a file that ends in {', '.join(FORMATS)}")
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        elif path.suffix == ".csv":
            frame = pd.read_csv(path)
        else:
            frame = frame_of(list(_objects(path)), ())
    except (OSError, ValueError) as error:  # pandas' and Arrow's own errors are of these
        raise ConfigError(f"{path}: not readable as {path.suffix}: {' '.join(str(error).split())[:200]}") from error
    return _with_outputs(frame)


def answers_of_live(home: Home, service: str) -> pd.DataFrame:
    """The newest answers that the serving version has given: ts, status, failed, ms, version, rows, prediction...

    Copies, which reached nobody, are left out. Empty when there are none; raises ConfigError when nothing serves.
    """
    live = Router(home).read(service).live
    if live is None:
        raise ConfigError(
            f"{service}: no version serves yet, so there are no answers to draft from; give a table with --from"
        )
    rows: deque[dict[str, Any]] = deque(maxlen=MOST_ROWS)
    for path in prediction_logs(home, service):
        rows.extend(row for row in map(_answer, _of(path, live.value)) if row is not None)
    newest = sorted(rows, key=lambda row: row["ts"])
    version = newest[-1]["version"] if newest else None  # the environment may have served another one before
    return frame_of([row for row in newest if row["version"] == version], ("ts", "failed", "rows", "prediction"))


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    """Line by line: pandas would read numbers and dates into texts that look like some."""
    with path.open(encoding="utf-8") as text:
        for number, line in enumerate(text, start=1):
            found = json.loads(line) if line.strip() else {}
            if not isinstance(found, dict):
                raise ValueError(f"row {number}: wanted a JSON object; seen: {line.strip()[:80]}")  # noqa: TRY004
            if found:
                yield found


def _of(path: Path, environment: str) -> Iterator[Mapping[str, Any]]:
    return (row for row in JsonLines(path).new_lines() if row.get("environment") == environment and not row.get("copy"))


def _answer(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if not isinstance(row.get("ts"), int | float) or row.get("truncated"):
        return None
    failed = row.get("error") is not None or not 200 <= int(row.get("status") or 0) < 400
    answers = row.get("predictions")
    if not failed and not isinstance(answers, list):
        return None  # an answer whose form is not known
    known = {name: row.get(name) for name in ("ts", "status", "ms", "version")}
    return {**known, "failed": failed, **outputs_of(None if failed else answers)}


def _with_outputs(frame: pd.DataFrame) -> pd.DataFrame:
    if "prediction" not in frame.columns or not any(isinstance(v, list | dict) for v in frame["prediction"]):
        return frame
    outputs = [outputs_of(None if value is None else [value]) for value in frame["prediction"]]
    names = [name for name in dict.fromkeys(name for row in outputs for name in row) if name != "rows"]
    return frame.assign(**frame_of(outputs, names)[names].set_index(frame.index))
