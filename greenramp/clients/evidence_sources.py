"""The files evidence is read from: the router's log, the prediction logs, the labels."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from greenramp.clients.jsonlines import JsonLines
from greenramp.counting import Counting
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.traffic_log import seen_request


def marks(home: Home, service: str) -> dict[str, list[int]]:
    """Where each of a service's logs ends now: plain data, from which evidence can be read anew.

    It holds through rotations, see JsonLines.mark.
    """
    files = [home.request_log, labels_file(home, service), *prediction_logs(home, service)]
    return {str(path): JsonLines.from_now(path).mark for path in files}


def prediction_logs(home: Home, service: str) -> list[Path]:
    """The prediction logs of a service's environments, also those that are just being rotated."""
    names = {path.name.removesuffix(".1") for path in home.predictions.glob(f"{service}.*.jsonl*")}
    return sorted(home.predictions / name for name in names if name.endswith(".jsonl"))


class EvidenceSources:
    """All that is known about one service's requests since `marks` were taken."""

    def __init__(self, home: Home, service: str, since: Mapping[str, Sequence[int]]) -> None:
        self._service = service
        self._home = home
        self._since = since
        self._requests = self._from_mark(home.request_log)
        self._labels = self._from_mark(labels_file(home, service))
        self._predictions: dict[Path, JsonLines] = {}

    def _from_mark(self, path: Path) -> JsonLines:
        mark = self._since.get(str(path))
        return JsonLines.from_mark(path, mark) if mark else JsonLines(path)

    @property
    def gaps(self) -> int:
        """How often lines were deleted before they were read."""
        return sum(log.gaps for log in (self._requests, self._labels, *self._predictions.values()))

    def feed(self, counting: Counting) -> None:
        """Pass everything new on to `counting`."""
        seen = (seen_request(row) for row in self._requests.new_lines())
        counting.add_requests(s for s in seen if s is not None and s.service == self._service)
        for path in prediction_logs(self._home, self._service):
            log = self._predictions.setdefault(path, self._from_mark(path))
            counting.add_predictions(predictions_in(log.new_lines()))
        counting.add_labels(labels_in(self._labels.new_lines()))


def predictions_in(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """(request id, answers) of each row of a prediction log that a user got; a copy's answer reached nobody."""
    for row in rows:
        if "id" in row and isinstance(row.get("predictions"), list) and not row.get("copy"):
            yield str(row["id"]), row["predictions"]


def labels_in(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """(request id, label) of each row of a service's labels."""
    return ((str(row["id"]), row.get("label")) for row in rows if "id" in row)


def labels_file(home: Home, service: str) -> Path:
    """Where a service's labels are dropped: lines of {"id": <x-request-id>, "label": <value or list>}."""
    return home.outcomes / f"{service}.jsonl"


def append_labels(home: Home, service: str, labels: Iterable[tuple[str, Any]]) -> int:
    """Add (request id, label) to a service's labels; returns how many."""
    lines = [json.dumps({"id": request_id, "label": label}) + "\n" for request_id, label in labels]
    home.outcomes.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(labels_file(home, service), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write("".join(lines))  # one write, so that lines of several writers do not mix
    return len(lines)


def parse_labels(text: str, name: str) -> list[tuple[str, Any]]:
    """Labels of a file of JSON lines; raises ConfigError naming the first line that is none, and takes nothing."""
    labels = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            labels.append((str(row["id"]), _present(row["label"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f'{name}: line {number}: wanted {{"id": <x-request-id>, "label": <value>}}; seen: {line[:200]}'
            ) from error
    return labels


def _present(label: Any) -> Any:
    if label is None:
        raise ValueError("a label of nothing is none")
    return label
