"""Places outside that evidence comes from: a Prometheus, or any database that SQLAlchemy speaks to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from greenramp.config.base import Strict
from greenramp.config.promql import faults_of

_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")  # as SQLAlchemy's text() finds them
_ENDS = re.compile(r"(?:'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)|(;)", re.DOTALL)


class Gives(StrEnum):
    """What comes from a source."""

    LABELS = "labels"
    COUNTS = "counts"
    BUCKETS = "buckets"


class SideValues(StrEnum):
    """What a side is called there."""

    SIDE = "side"
    VERSION = "version"


class TimeUnit(StrEnum):
    """Of a histogram's bounds."""

    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"

    @property
    def ms(self) -> float:
        """How many milliseconds one is."""
        return 1000.0 if self is TimeUnit.SECONDS else 1.0


_SideValues = Annotated[
    SideValues,
    Field(strict=False, description="How the sides are told apart: side is blue or green, version is MLflow's number."),
]
_Timeout = Annotated[float, Field(gt=0, le=60, description="Longest wait for one answer.")]


class PrometheusSource(Strict):
    """Counters or a histogram in Prometheus, or in what speaks its HTTP API."""

    kind: Literal["prometheus"]
    url: Annotated[str, Field(description="Of the server, without /api/v1: http://127.0.0.1:9090")]
    token_env: Annotated[
        str | None, Field(pattern=_VARIABLE, description="Name of an environment variable with a bearer token.")
    ] = None
    sides: Annotated[
        str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", description="Label that tells the sides apart.")
    ] = "environment"
    side_values: _SideValues = SideValues.SIDE
    bad: Annotated[str | None, Field(description="PromQL: the raw counter of bad events.")] = None
    total: Annotated[str | None, Field(description="PromQL: the raw counter of all events.")] = None
    buckets: Annotated[str | None, Field(description="PromQL: the raw counters of a histogram, with le.")] = None
    unit: Annotated[TimeUnit | None, Field(strict=False, description="Of the bounds le; only with buckets.")] = None
    timeout_seconds: _Timeout = 10

    @property
    def gives(self) -> Gives:
        """What comes from it."""
        return Gives.COUNTS if self.buckets is None else Gives.BUCKETS

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Self:
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
            raise ValueError("url must be http://host:port or https://host:port, a path may follow")
        if address.username or address.password:
            raise ValueError("url holds a name or password; a token belongs in the environment, see token_env")
        if (self.buckets is None) == (self.bad is None and self.total is None):
            raise ValueError("give bad and total (counters), or buckets (a histogram of times)")
        if self.buckets is None and None in (self.bad, self.total):
            raise ValueError("bad and total belong together: the counter of bad events, and that of all events")
        if (self.unit is None) == (self.buckets is not None):
            raise ValueError("unit (seconds or milliseconds) belongs to buckets, and buckets need it")
        for key in ("bad", "total", "buckets"):
            keep = ("le",) if key == "buckets" else ()
            if faults := list(faults_of(getattr(self, key) or "0", self.sides, keep)):
                raise ValueError(f"{key}: {'; '.join(faults)}")
        return self


class SqlSource(Strict):
    """Labels or counts from a database."""

    kind: Literal["sql"]
    url_env: Annotated[
        str, Field(pattern=_VARIABLE, description="Name of an environment variable with the SQLAlchemy URL.")
    ]
    side_values: _SideValues = SideValues.SIDE
    labels: Annotated[
        str | None,
        Field(description="SELECT of id (x-request-id), label, and the cursor's column; takes :cursor and :service."),
    ] = None
    cursor: Annotated[
        str | None, Field(pattern=_VARIABLE, description="Column of labels that rises with every row, never the same.")
    ] = None
    start: Annotated[int | str | None, Field(description="The first :cursor of labels; 0 if not given.")] = None
    counts: Annotated[
        str | None, Field(description="SELECT of side, total, bad: all events so far, one row a side; takes :service.")
    ] = None
    timeout_seconds: _Timeout = 10

    @property
    def gives(self) -> Gives:
        """What comes from it."""
        return Gives.COUNTS if self.labels is None else Gives.LABELS

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Self:
        if (self.labels is None) == (self.counts is None):
            raise ValueError("give labels or counts, one of them")
        if (self.cursor is None) == (self.labels is not None):
            raise ValueError("cursor belongs to labels, and labels need it")
        if self.counts is not None and self.start is not None:
            raise ValueError("start is the first cursor of labels; counts need none")
        key, query = ("labels", self.labels) if self.labels is not None else ("counts", self.counts or "")
        if faults := list(_sql_faults(query, labels=self.labels is not None)):
            raise ValueError(f"{key}: {'; '.join(faults)}")
        return self


def _sql_faults(query: str, *, labels: bool) -> Iterator[str]:
    first = re.match(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(\w*)", query, re.DOTALL)
    if (word := first.group(1) if first else "").lower() not in ("select", "with"):
        yield f"only a query that reads, beginning with select or with, not {word!r}"
    if any(found.group(1) for found in _ENDS.finditer(query.rstrip().removesuffix(";"))):
        yield "one query only, without ; in it"
    allowed = {"service", "cursor"} if labels else {"service"}
    asked = set(_PARAMETER.findall(query))
    if strange := sorted(asked - allowed):
        wanted = " and ".join(f":{name}" for name in sorted(allowed))
        yield f"{wanted} can be asked for, not {', '.join(f':{name}' for name in strange)}; write \\: for a mere colon"
    if labels and "cursor" not in asked:
        yield "it has to go on after :cursor, as in: where seq > :cursor order by seq"


Source = Annotated[PrometheusSource | SqlSource, Field(discriminator="kind")]
