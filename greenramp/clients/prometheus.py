"""Counters and histograms from Prometheus' HTTP API; we take the differences, so that restarts are seen."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import requests

from greenramp.config import Gives, PrometheusSource, SideValues
from greenramp.errors import BadEvidence, ConfigError, Unreachable
from greenramp.measures.cumulative import Sides, grown, whole
from greenramp.measures.sources import Batch, Bucketed, Counted, Cursor

MOST_BYTES, MOST_SERIES = 16 << 20, 10_000
_EVERY = {Gives.COUNTS: "total", Gives.BUCKETS: "+Inf"}
_Found = dict[str, dict[str, dict[str, int]]]


class Prometheus:
    """One source of kind prometheus. sides: what candidate and champion are called in its label."""

    def __init__(self, name: str, config: PrometheusSource, sides: Sides) -> None:
        self._name, self._config, self._sides = name, config, sides

    @property
    def name(self) -> str:
        """As it is called in the service's file."""
        return self._name

    def read_since(self, cursor: Cursor) -> Batch:
        """What came since the look before. Raises Unreachable, and BadEvidence for an answer that can't be true."""
        found, ts, notes = self.read_now()
        kinds = _rising(found, _EVERY[self._config.gives])
        called = {"candidate": self._sides.candidate, "champion": self._sides.champion}
        now = {side: values for side, name in called.items() if (values := self._side(found, name))}
        told = grown(self._name, cursor, now, ts, kinds)
        batch = replace(told.batch, notes=(*notes, *told.batch.notes))
        mine, theirs = (told.sides.get(side, {}) for side in ("candidate", "champion"))
        if self._config.gives is Gives.COUNTS:
            n1, n0, s1, s0 = (side.get(kind, 0) for kind in ("total", "bad") for side in (mine, theirs))
            return replace(batch, counts=(Counted(ts, n1, n0, s1, s0),) if n1 or n0 else ())
        if not any(mine.values()) and not any(theirs.values()):
            return batch
        bounds = _common_bounds(self._name, [side for side in (mine, theirs) if side])
        n1s, n0s = (_per_bucket(side, bounds) for side in (mine, theirs))
        ms = tuple(float(bound) * self._config.unit.ms for bound in bounds) if self._config.unit else ()
        return replace(batch, buckets=(Bucketed(ts, ms, n1s, n0s),))

    def check(self) -> list[str]:
        """The sides that are there, each complete; raises as `read_since` does."""
        found, ts, _ = self.read_now()
        kinds = _rising(found, _EVERY[self._config.gives])
        now = {side: self._side(found, side) for side in found}
        grown(self._name, None, now, ts, kinds)
        for side in now.values():
            if self._config.gives is Gives.BUCKETS:
                _common_bounds(self._name, [dict.fromkeys(side, 0)])
        return list(found)

    def read_now(self) -> tuple[_Found, float, tuple[str, ...]]:
        """All counters of this moment: side -> kind of count -> series -> value; seconds; the server's warnings."""
        ts, notes, found = round(time.time(), 3), [], _Found()
        for key in ("bad", "total", "buckets"):  # bad first: what is scraped in between is then no contradiction
            if query := getattr(self._config, key):
                rows, warned = self._ask(key, query, ts)
                notes += [f"{self._name}: {warning}" for warning in warned]
                for row in rows:
                    self._take(found, key, row)
        return found, ts, tuple(dict.fromkeys(notes))

    def _side(self, found: _Found, side: str) -> dict[str, dict[str, int]]:
        """One side's counters, complete or none at all."""
        kinds = found.get(side, {})
        if not kinds:
            return {}
        every = _EVERY[self._config.gives]
        for kind in ("bad", "total") if every == "total" else (every,):
            if kind not in kinds:
                cure = "a counter that was never raised is not there: begin it at 0, or add `or 0 * (<total>)`"
                why = cure if kind == "bad" else "without it nobody knows of how many"
                label = f"le={every!r}" if every == "+Inf" else kind
                raise BadEvidence(f"{self._name}: no {label} for {self._config.sides}={side!r}; {why}")
        return kinds

    def _take(self, found: _Found, key: str, row: Any) -> None:
        """One series of an answer."""
        try:
            labels, (_, value) = dict(row["metric"]), row["value"]
        except (KeyError, TypeError, ValueError) as error:
            seen = json.dumps(row)[:200]
            raise BadEvidence(f"{self._name}: {key}: wanted series of one value each; seen: {seen}") from error
        side = labels.pop(self._config.sides, None)
        if side is None:
            there = ", ".join(labels) or "none"
            raise BadEvidence(f"{self._name}: {key}: series without the label {self._config.sides}; labels: {there}")
        if not self._knows(side):
            wanted = "a version's number" if self._config.side_values is SideValues.VERSION else "blue or green"
            raise BadEvidence(f"{self._name}: {key}: {self._config.sides}={side!r:.60}, wanted {wanted}")
        kind = self._bound(labels) if key == "buckets" else key
        series = ",".join(f"{label}={labels[label]}" for label in sorted(labels) if label != "__name__")
        place = found.setdefault(side, {}).setdefault(kind, {})
        if series in place:
            raise BadEvidence(f"{self._name}: {key}: two series of the same labels for {side}: {series or 'none'}")
        place[series] = whole(self._name, f"{key} of {side} ({series})" if series else f"{key} of {side}", value)

    def _knows(self, side: object) -> bool:
        if self._config.side_values is SideValues.VERSION:
            return isinstance(side, str) and side.isdecimal()
        return side in ("blue", "green")

    def _bound(self, labels: dict[str, str]) -> str:
        """The bound as it is written by all, taken out of the labels."""
        text = labels.pop("le", None)
        try:
            bound = float(text)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise BadEvidence(f"{self._name}: buckets: a series with le={text!r:.60}, wanted a number") from error
        if math.isnan(bound) or bound < 0:
            raise BadEvidence(f"{self._name}: buckets: a series with le={text!r:.60}, wanted a bound of a time")
        return "+Inf" if math.isinf(bound) else repr(bound)

    def _ask(self, key: str, query: str, ts: float) -> tuple[list[Any], list[str]]:
        """One query at one moment."""
        form = {"query": query, "time": f"{ts:.3f}", "timeout": f"{math.ceil(self._config.timeout_seconds)}s"}
        where, timeout = f"{self._name}: {self._config.url}", self._config.timeout_seconds
        try:
            with requests.post(
                f"{self._config.url.rstrip('/')}/api/v1/query",
                data=form,
                auth=_Bearer(self._token()),
                timeout=(min(3.0, timeout), timeout),
                allow_redirects=False,
                stream=True,
            ) as answer:
                body, status = _bounded(answer.iter_content(1 << 16)), answer.status_code
        except requests.RequestException as error:
            raise Unreachable(f"{where} does not answer: {error}") from error
        if body is None:
            raise BadEvidence(f"{where}: {key}: an answer of more than {MOST_BYTES >> 20} MB; sum by fewer labels")
        told = _object(body)
        if status != 200 or told.get("status") != "success":
            said = told.get("error") or body[:200].decode(errors="replace") or "nothing"
            text = f"{where}: {key}: answered {status}: {said}"
            raise BadEvidence(text) if told.get("errorType") == "bad_data" else Unreachable(text)
        data = told.get("data")
        if not isinstance(data, dict) or data.get("resultType") != "vector" or not isinstance(data.get("result"), list):
            kind = data.get("resultType") if isinstance(data, dict) else type(data).__name__
            raise BadEvidence(f"{where}: {key}: wanted an instant vector, seen: {kind}")
        if len(data["result"]) > MOST_SERIES:
            raise BadEvidence(f"{where}: {key}: {len(data['result']):,} series, at most {MOST_SERIES:,}; use sum by")
        warned = [told.get(word) for word in ("warnings", "infos")]
        return data["result"], [str(one)[:200] for many in warned if isinstance(many, list) for one in many]

    def _token(self) -> str:
        name = self._config.token_env
        if name is None:
            return ""
        if not (token := os.environ.get(name, "").strip()):
            raise ConfigError(f"{self._name}: token_env: the environment has no {name}, which should hold the token")
        return token


class _Bearer(requests.auth.AuthBase):
    """The token alone; nothing from ~/.netrc goes in its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _bounded(chunks: Iterable[bytes]) -> bytes | None:
    """A body, None when it is too long."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _rising(found: _Found, every: str) -> list[str]:
    """Kinds of counts, each of which holds those before it."""
    if every == "total":
        return ["bad", "total"]
    return sorted({kind for kinds in found.values() for kind in kinds} | {every}, key=float)


def _common_bounds(name: str, sides: list[Mapping[str, int]]) -> list[str]:
    """Bounds that both sides have: counts up to a bound are right whatever other bounds there are."""
    common = sorted(set.intersection(*map(set, sides)), key=float)
    if len(common) < 2:
        raise BadEvidence(f"{name}: buckets: no finite bound le that both sides have, so nothing compares")
    return common


def _per_bucket(side: Mapping[str, int], bounds: list[str]) -> tuple[int, ...]:
    upto = [side.get(bound, 0) for bound in bounds]
    return tuple(count - before for count, before in zip(upto, [0, *upto[:-1]], strict=True))
