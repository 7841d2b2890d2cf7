"""Labels and counts from any database that SQLAlchemy speaks to; it only reads."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenramp.config import Gives, SideValues, SqlSource
from greenramp.errors import BadEvidence, ConfigError, Unreachable
from greenramp.measures.cumulative import Sides, grown, whole
from greenramp.measures.sources import Batch, Counted, Cursor

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

PAGE = 10_000
"""Most labels of one read."""

_TIMEOUT_IN_SECONDS = {"pysqlite": "timeout", "psycopg": "connect_timeout", "psycopg2": "connect_timeout"}
_LIMIT = re.compile(r"\blimit\s+(\d+)", re.IGNORECASE)


class Database:
    """One source of kind sql. sides: what candidate and champion are called in its column side."""

    def __init__(self, name: str, config: SqlSource, service: str, sides: Sides) -> None:
        self._name, self._config, self._service, self._sides = name, config, service, sides

    @property
    def name(self) -> str:
        """As it is called in the service's file."""
        return self._name

    def read_since(self, cursor: Cursor) -> Batch:
        """Everything new. Raises Unreachable, BadEvidence for rows that can't be true, ConfigError without a URL."""
        return self._labels(cursor) if self._config.gives is Gives.LABELS else self._counts(cursor)

    def close(self) -> None:
        """Give the connections back."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    def read_counts(self) -> dict[str, tuple[int, int]]:
        """(total, bad) of each side by now."""
        columns, rows = self._rows(self._config.counts or "", {"service": self._service}, PAGE)
        at = self._places(columns, ("side", "total", "bad"))
        found: dict[str, tuple[int, int]] = {}
        for row in rows:
            side = str(row[at["side"]])
            known = side.isdecimal() if self._config.side_values is SideValues.VERSION else side in ("blue", "green")
            if not known or side in found:
                wanted = "a version's number" if self._config.side_values is SideValues.VERSION else "blue or green"
                raise BadEvidence(f"{self._name}: counts: side {side!r:.60}, wanted {wanted}, each in one row")
            total, bad = (whole(self._name, f"{key} of {side}", row[at[key]]) for key in ("total", "bad"))
            found[side] = total, bad
        return found

    def read_labels(self, after: int | str) -> list[tuple[str, Any, int | str]]:
        """(request id, label, cursor) of the next rows."""
        name = self._config.cursor or ""
        columns, rows = self._rows(self._config.labels or "", {"service": self._service, "cursor": after}, PAGE)
        at = self._places(columns, ("id", "label", name))
        found: list[tuple[str, Any, int | str]] = []
        for row in rows:
            here = self._cursor(row[at[name]], after)
            if row[at["id"]] is None:
                raise BadEvidence(f"{self._name}: labels: a row without an id at {name} {here}")
            found.append((str(row[at["id"]]), self._plain(row[at["label"]], f"{name} {here}"), here))
            after = here
        return found

    def _labels(self, cursor: Cursor) -> Batch:
        start = 0 if self._config.start is None else self._config.start
        after = start if cursor is None else cursor
        found = self.read_labels(after)
        empty = sum(label is None for _, label, _ in found)
        notes = (f"{self._name}: {empty:,} rows without a label; let the query leave them out",) if empty else ()
        limits = [PAGE, *map(int, _LIMIT.findall(self._config.labels or ""))]
        return Batch(
            found[-1][2] if found else after,
            labels=[(request, label) for request, label, _ in found if label is not None],
            more=len(found) >= max(1, min(limits)),
            notes=notes,
        )

    def _counts(self, cursor: Cursor) -> Batch:
        found, now = self.read_counts(), {}
        for side, word in ((self._sides.candidate, "candidate"), (self._sides.champion, "champion")):
            if side in found:
                now[word] = {"total": {"": found[side][0]}, "bad": {"": found[side][1]}}
        told = grown(self._name, cursor, now, ts := round(time.time(), 3), ["bad", "total"])
        sides = [told.sides.get(side, {}) for side in ("candidate", "champion")]
        n1, n0, s1, s0 = (side.get(kind, 0) for kind in ("total", "bad") for side in sides)
        counts = (Counted(ts, n1, n0, s1, s0),) if n1 or n0 else ()
        return Batch(told.batch.cursor, counts=counts, gaps=told.batch.gaps, notes=told.batch.notes)

    def _cursor(self, value: Any, after: int | str) -> int | str:
        value = int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
        name = self._config.cursor
        if not isinstance(value, int | str) or isinstance(value, bool):
            seen = f"{type(value).__name__} {value!r:.60}"
            raise BadEvidence(f"{self._name}: labels: {name} is {seen}; wanted a whole number or text")
        if isinstance(value, int) is not isinstance(after, int):
            raise BadEvidence(f"{self._name}: labels: {name} is {value!r:.60}, start or the row before {after!r:.60}")
        if not value > after:  # type: ignore[operator]
            cure = f"it must rise with every row; add order by {name}, and choose a column that never repeats"
            raise BadEvidence(f"{self._name}: labels: {name} is {value!r:.60} after {after!r:.60}; {cure}")
        return value

    def _plain(self, value: Any, where: str) -> Any:
        """A label as plain data."""
        if isinstance(value, Decimal):
            value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        if isinstance(value, list):
            return [self._plain(one, where) for one in value]
        if not isinstance(value, str | int | float | None) or (isinstance(value, float) and not math.isfinite(value)):
            seen = f"{type(value).__name__} {value!r:.60}"
            raise BadEvidence(f"{self._name}: labels: a label at {where} is {seen}; wanted text, a number or a truth")
        return value

    def _places(self, columns: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
        if missing := [name for name in wanted if name not in columns]:
            raise BadEvidence(f"{self._name}: the query gives no {', '.join(missing)}; it gives {', '.join(columns)}")
        return {name: columns.index(name) for name in wanted}

    def _rows(self, query: str, values: dict[str, Any], most: int) -> tuple[list[str], Sequence[Any]]:
        """Columns, and at most so many rows."""
        from sqlalchemy import text
        from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

        statement = text(query)
        bound = {key: value for key, value in values.items() if key in statement.compile().params}
        try:
            with (
                self._reading() as connection,
                connection.execution_options(stream_results=True).execute(statement, bound) as result,
            ):
                return list(result.keys()), result.fetchmany(most)
        except SQLAlchemyError as error:
            if isinstance(error, DatabaseError) and not isinstance(error, OperationalError):
                raise BadEvidence(f"{self._name}: the database refuses the query: {self._said(error)}") from error
            raise Unreachable(f"{self._name}: the database does not answer: {self._said(error)}") from error
        except (ValueError, OverflowError) as error:  # of the driver, from a value it can't read or bind
            raise BadEvidence(f"{self._name}: the database gave a value that can't be read: {error}") from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection that refuses to write and ends a query that takes too long, where its database can."""
        ms = math.ceil(self._config.timeout_seconds * 1000)
        with self._engine.connect() as connection:
            match self._engine.dialect.name:
                case "postgresql":
                    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {ms}")
                case "sqlite":
                    connection.exec_driver_sql("PRAGMA query_only = ON")
                    ends = time.monotonic() + self._config.timeout_seconds
                    raw: Any = connection.connection.driver_connection
                    raw.set_progress_handler(lambda: time.monotonic() > ends, 10_000)
            yield connection

    @cached_property
    def _engine(self) -> Engine:
        from sqlalchemy import QueuePool, create_engine, make_url
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError

        variable = self._config.url_env
        place = f"{self._name}: url_env"
        if not (value := os.environ.get(variable, "").strip()):
            raise ConfigError(f"{place}: the environment has no {variable}, which should hold the URL")
        try:
            url = make_url(value)
            driver = url.get_driver_name()
            if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
                raise Unreachable(f"{self._name}: there is no file {url.database}")  # SQLite would make an empty one
            known = _TIMEOUT_IN_SECONDS.get(driver)
            timeout = {known: math.ceil(self._config.timeout_seconds)} if known else {}
            return create_engine(
                url, pool_pre_ping=True, poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args=timeout
            )
        except (NoSuchModuleError, ImportError) as error:
            raise ConfigError(f"{place}: {variable} wants a driver that is not installed: {error}") from error
        except (ArgumentError, ValueError) as error:  # its text may hold the URL
            wanted = "dialect+driver://user:password@host/database"
            raise ConfigError(f"{place}: what {variable} holds is no SQLAlchemy URL, {wanted}") from error

    def _said(self, error: Exception) -> str:
        """What the driver says, in one line, without the password."""
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:500]
        password = self._engine.url.password
        return said.replace(str(password), "***") if password else said
