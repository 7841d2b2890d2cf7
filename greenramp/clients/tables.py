"""Reads recorded tables of requests, row by row: JSON lines, CSV, Parquet; what can't be meant is named and refused."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenramp.clients.cells import READERS, Unfit, from_text, side_reader
from greenramp.errors import ConfigError
from greenramp.judging.recorded import Row
from greenramp.traffic.split import Side

FORMATS = (".jsonl", ".csv", ".parquet")
COLUMNS = ("side", "time", "user", "share", "step", "failed", "ms", "wrong", "prediction", "label")

_BATCH = 20_000
_UNREADABLE = (OSError, ValueError, csv.Error)  # Arrow's own errors are of the first two


@dataclass(frozen=True)
class Survey:
    """What one pass over a table tells. ordered: whether no row is earlier than the one before."""

    rows: int
    candidate: int
    ordered: bool


class Table:
    """A recorded table. candidate: the side that is the candidate's where sides are named blue and green."""

    def __init__(self, path: Path, candidate: Side | None = None) -> None:
        if path.suffix not in FORMATS:
            raise ConfigError(f"{path}: wanted a file that ends in {', '.join(FORMATS)}")
        if not path.is_file():
            raise ConfigError(f"{path}: no such file")
        self.path = path
        self._candidate = candidate
        try:
            found = self._columns()
        except _UNREADABLE as error:
            raise self._unreadable(error) from error
        self.columns = [name for name in COLUMNS if name in found]
        if "side" not in found:
            seen = ", ".join(found) or "none"
            raise ConfigError(f"{path}: no column side; wanted some of {', '.join(COLUMNS)}; seen: {seen}")

    def survey(self) -> Survey:
        """Count rows and sides, and see whether times rise."""
        rows = candidate = 0
        ordered, last = True, -math.inf
        for row in self._rows(("side", "time")):
            rows += 1
            candidate += row.mine
            ordered, last = ordered and row.ts >= last, max(last, row.ts)
        return Survey(rows, candidate, ordered)

    def rows(self) -> Iterator[Row]:
        """Every row as it stands in the file, with a part of it in memory; raises ConfigError at the first bad one."""
        return self._rows(COLUMNS)

    def _rows(self, wanted: Sequence[str]) -> Iterator[Row]:
        names = [name for name in wanted if name in self.columns]
        fields = {"side": "mine", "time": "ts"}
        readers = [self._reader(name) for name in names]
        keys = [fields.get(name, name) for name in names]
        row_of = _row_maker(keys)
        for number, values in self._readable(names):
            try:
                yield row_of(number, *[reader(value) for reader, value in zip(readers, values, strict=True)])
            except Unfit as unfit:
                raise self._refusal(number, names, readers, values, unfit) from None

    def _refusal(
        self, number: int, names: Sequence[str], readers: Sequence[Callable[[Any], Any]], values: Sequence[Any],
        unfit: Unfit,
    ) -> ConfigError:  # fmt: skip
        for name, reader, value in zip(names, readers, values, strict=True):
            try:
                reader(value)
            except Unfit:
                return ConfigError(f"{self.path}: row {number}: {name}: wanted {unfit}; seen: {value!r:.80}")
        return ConfigError(f"{self.path}: row {number}: wanted {unfit}")

    def _reader(self, name: str) -> Callable[[Any], Any]:
        if name == "side":
            return side_reader(self._candidate)
        if name in ("prediction", "label") and self.path.suffix == ".csv":
            return from_text
        return READERS[name]

    def _columns(self) -> list[str]:
        if self.path.suffix == ".parquet":
            from pyarrow.parquet import ParquetFile

            with ParquetFile(self.path) as file:
                return list(file.schema_arrow.names)
        if self.path.suffix == ".csv":
            with self.path.open(newline="", encoding="utf-8-sig") as text:
                header = next(csv.reader(text), [])
            if twice := sorted({name for name in header if header.count(name) > 1}):
                raise ConfigError(f"{self.path}: row 0: each column once; given more than once: {', '.join(twice)}")
            return header
        found: dict[str, None] = {}
        for _, line in self._objects():
            found.update(dict.fromkeys(line))
        return list(found)

    def _readable(self, names: Sequence[str]) -> Iterator[tuple[int, Sequence[Any]]]:
        try:
            yield from self._values(names)
        except _UNREADABLE as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> ConfigError:
        return ConfigError(f"{self.path}: not readable as {self.path.suffix}: {' '.join(str(error).split())}")

    def _values(self, names: Sequence[str]) -> Iterator[tuple[int, Sequence[Any]]]:
        """Number of each row, and its values in the order of `names`."""
        if self.path.suffix == ".parquet":
            from pyarrow.parquet import ParquetFile

            number = 0
            with ParquetFile(self.path) as file:
                for batch in file.iter_batches(_BATCH, columns=list(names)):
                    columns = [batch.column(name).to_pylist() for name in names]
                    for values in zip(*columns, strict=True):
                        number += 1
                        yield number, values
        elif self.path.suffix == ".csv":
            yield from self._csv_values(names)
        else:
            for number, line in self._objects():
                yield number, [line.get(name) for name in names]

    def _csv_values(self, names: Sequence[str]) -> Iterator[tuple[int, Sequence[Any]]]:
        with self.path.open(newline="", encoding="utf-8-sig") as text:
            lines = csv.reader(text)
            header = next(lines)
            places = [header.index(name) for name in names]
            for number, cells in enumerate(lines, start=1):
                if len(cells) != len(header):
                    raise ConfigError(f"{self.path}: row {number}: wanted {len(header)} cells; seen: {len(cells)}")
                yield number, [cells[place] or None for place in places]

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with self.path.open(encoding="utf-8") as text:
            for number, line in enumerate(text, start=1):
                if not line.strip():
                    continue
                try:
                    found = json.loads(line)
                except ValueError:
                    found = None
                if not isinstance(found, dict):
                    raise ConfigError(f"{self.path}: row {number}: wanted a JSON object; seen: {line.strip()[:80]}")
                yield number, found


def _row_maker(keys: Sequence[str]) -> Callable[..., Row]:
    """A function of a row's number and these fields, in this order; by place, which is quick."""
    if "mine" not in keys:
        raise ValueError("a row needs a side")
    blank = Row(0, False)
    order = [keys.index(field) if field in keys else None for field in Row._fields[1:]]

    def make(number: int, *values: Any) -> Row:
        filled = [default if at is None else values[at] for at, default in zip(order, blank[1:], strict=True)]
        return Row(number, *filled)

    return make
