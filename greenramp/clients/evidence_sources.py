"""Where a release's evidence is read from: the router's log, the prediction logs, labels, and sources outside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from greenramp.clients.appending import append_lines
from greenramp.clients.jsonlines import JsonLines
from greenramp.clients.polling import Polled
from greenramp.clients.requestlog import RequestLog, lines_from
from greenramp.errors import BadEvidence, ConfigError, Unreachable
from greenramp.home import Home
from greenramp.measures.counting import Counting
from greenramp.measures.sources import Batch, Cursor, Source

OUTCOMES_TOKEN = "GREENRAMP_OUTCOMES_TOKEN"  # noqa: S105  (the name of a variable, not a token)
"""Where this variable is set, labels that come over HTTP must carry its value."""


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


class PredictionLogs:
    """What a service's environments answered. A cursor is a mark (see JsonLines) for each file's name.

    start: where a release begins, by path; a file without a mark is read from its beginning.
    """

    name = "prediction logs"

    def __init__(self, home: Home, service: str, start: Mapping[str, Sequence[int]]) -> None:
        self._home, self._service, self._start = home, service, start

    def read_since(self, cursor: Cursor) -> Batch:
        """The answers of the next 2 MB of the first file that has any."""
        marks = dict(cursor or {})
        gaps = broken = 0
        for path in prediction_logs(self._home, self._service):
            log = lines_from(path, marks.get(path.name) or self._start.get(str(path)))
            block = log.next_block()
            predictions = list(predictions_in(log.rows(block or b"")))
            marks[path.name] = log.mark
            gaps, broken = gaps + log.gaps, broken + log.broken
            if block is not None:
                return Batch(marks, predictions=predictions, more=True, gaps=gaps, broken=broken)
        return Batch(marks, gaps=gaps, broken=broken)


class LabelFile:
    """A service's labels. A cursor is a mark (see JsonLines)."""

    name = "labels"

    def __init__(self, path: Path, start: Sequence[int] | None) -> None:
        self._path, self._start = path, start

    def read_since(self, cursor: Cursor) -> Batch:
        """The labels of the next 2 MB."""
        log = lines_from(self._path, cursor or self._start)
        block = log.next_block()
        labels = list(labels_in(log.rows(block or b"")))
        return Batch(log.mark, labels=labels, more=block is not None, gaps=log.gaps, broken=log.broken)


class EvidenceSources:
    """All that is known about one service's requests since `since` (see marks), and what other sources know.

    others: sources outside; each is read in a thread of its own, so that none holds up the rest (see Polled).
    ids: whether requests are to be joined with answers and labels. cursors: how far each source has been read, by its
    name: plain data to go on from. gaps, broken: how often something was gone before it was read; lines that were none.
    """

    def __init__(
        self,
        home: Home,
        service: str,
        since: Mapping[str, Sequence[int]],
        others: Sequence[Polled] = (),
        *,
        ids: bool = True,
    ) -> None:
        labels = labels_file(home, service)
        self._sources: list[Source] = [
            RequestLog(home.request_log, service, since.get(str(home.request_log)), ids=ids),
            PredictionLogs(home, service, since),
            LabelFile(labels, since.get(str(labels))),
        ]
        self._others = list(others)
        self._away: set[str] = set()
        self.cursors: dict[str, Cursor] = {}
        self.gaps = self.broken = 0
        self._notes: list[str] = []
        self._noted: set[str] = set()

    def feed(self, counting: Counting) -> None:
        """Pass everything new on to `counting`; what comes next is read while it counts."""
        with ThreadPoolExecutor(1) as ahead:
            for source in self._sources:
                batch = source.read_since(self.cursors.get(source.name))
                while batch.more:
                    coming = ahead.submit(source.read_since, batch.cursor)
                    self._pass_on(source, batch, counting)
                    batch = coming.result()
                self._pass_on(source, batch, counting)
        for other in self._others:
            self._take(other, counting)

    def take_notes(self) -> list[str]:
        """What sources outside said for people since this was called last: each outage, anything else only once."""
        notes, self._notes = self._notes, []
        return notes

    def _note(self, words: str) -> None:
        if words not in self._noted:
            self._noted.add(words)
            self._notes.append(words)

    def _take(self, source: Polled, counting: Counting) -> None:
        """Pass on what a source outside gave, if it gave anything; one that is away is asked again."""
        place = f"source {source.name}"  # a source may be called like one of our own
        try:
            batch = source.take(self.cursors.get(place))
        except Unreachable as error:
            if source.name not in self._away:
                self._notes.append(f"{error}; it is asked again")
            self._away.add(source.name)
        except BadEvidence as error:
            self._note(f"nothing is judged by what it gives: {error}")
            counting.refusals.note(source.name, str(error))
        else:
            if batch is not None:
                self._away.discard(source.name)
                counting.add(batch, source.name)
                self.cursors[place] = batch.cursor
                for words in batch.notes:
                    self._note(words)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {"cursors": dict(self.cursors), "gaps": self.gaps, "broken": self.broken}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        self.cursors, self.gaps, self.broken = dict(state["cursors"]), state["gaps"], state["broken"]
        return self

    def _pass_on(self, source: Source, batch: Batch, counting: Counting) -> None:
        counting.add(batch)
        self.cursors[source.name] = batch.cursor
        self.gaps += batch.gaps
        self.broken += batch.broken


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
    append_lines(labels_file(home, service), "".join(lines))
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
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConfigError(
                f'{name}: line {number}: wanted {{"id": <x-request-id>, "label": <value>}}; seen: {line[:200]}'
            ) from error
    return labels


def _present(label: Any) -> Any:
    if label is None:
        raise ValueError("a label of nothing is none")
    return label
