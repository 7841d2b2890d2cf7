"""Which version served which share, and when: from the journals of a service's releases alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from greenramp.reporting import Line
from greenramp.reporting.account import parts_of

DEFAULT_LEASE_SECONDS = 15.0
_SILENT_SECONDS = 15.0
"""So long may a living release write nothing: it confirms its share for 10 s."""


@dataclass(frozen=True)
class Served:
    """Who answered users from `start` (epoch seconds) on; end: None means until now.

    version: of the live side, empty while nothing serves; it has what the candidate has not. candidate: the version
    that had `percent` of the requests, empty for none. release: id of the one that worked on the traffic, empty for
    none. sure: False while the records bound the candidate's share and do not say it: it is `percent` or none.
    """

    start: float
    end: float | None
    version: str
    candidate: str = ""
    percent: float = 0.0
    release: str = ""
    sure: bool = True

    def __str__(self) -> str:
        live = f"version {self.version}" if self.version else "no version"
        if not self.percent:
            return f"{live} served all requests" if self.version else "no version served"
        if not self.sure:
            return (
                f"{live} served; until its lease ended, the dead release {self.release} may still have given version "
                f"{self.candidate} {self.percent:g} %"
            )
        return f"{live} served {100 - self.percent:g} %, version {self.candidate} {self.percent:g} %"


@dataclass(frozen=True)
class _Change:
    """From `ts` on. None: as before. of: only while this release works on the traffic; lets_go: it does so no more."""

    ts: float
    of: str
    version: str | None = None
    candidate: str = ""
    percent: float | None = None
    sure: bool = True
    claims: bool = False
    lets_go: bool = False


def served_over_time(journals: Mapping[str, Sequence[Line]], holder: str = "") -> tuple[Served, ...]:
    """Who served from the first record until now, without gaps or overlaps.

    journals: each release's lines by its id. holder: the release that holds the service now, empty for none; another
    one that did not end is dead. Where two releases say different things, the one that claimed the service later is
    right: the earlier one was fenced off.
    """
    changes = sorted(
        (change for release, lines in journals.items() for change in _changes(release, lines, release == holder)),
        key=lambda change: change.ts,
    )
    found: list[Served] = []
    now = Served(0.0, None, "")
    for change in changes:
        if change.of != now.release and not change.claims:
            continue
        then = _after(now, change)
        if then != now:
            now = replace(then, start=change.ts)
            found.append(now)
    return tuple(_closed(found))


def at(served: Iterable[Served], ts: float) -> Served | None:
    """Who served at `ts`; None before the first record."""
    return next((one for one in served if one.start <= ts and (one.end is None or ts < one.end)), None)


def shares_alone(served: Iterable[Served]) -> tuple[Served, ...]:
    """The same without who worked on the traffic: one interval for as long as versions and shares stay."""
    found: list[Served] = []
    for one in served:
        bare = replace(one, release="")
        if found and replace(found[-1], start=one.start, end=one.end) == bare:
            found[-1] = replace(found[-1], end=one.end)
        else:
            found.append(bare)
    return tuple(found)


def _after(now: Served, change: _Change) -> Served:
    percent = now.percent if change.percent is None else change.percent
    return replace(
        now,
        version=now.version if change.version is None else change.version,
        candidate=(change.candidate or now.candidate) if percent else "",
        percent=percent,
        release="" if change.lets_go else change.of,
        sure=change.sure,
    )


def _closed(found: Sequence[Served]) -> Iterator[Served]:
    """Each until the next one begins; of several that begin at once the last."""
    for one, after in zip_longest(found, found[1:]):
        if after is None or after.start > one.start:
            yield replace(one, end=after.start if after else None)


def _changes(release: str, lines: Sequence[Line], held: bool) -> Iterator[_Change]:
    lease, percent, candidate, said = DEFAULT_LEASE_SECONDS, 0.0, parts_of(release)[1], 0.0
    for line in lines:
        ts, event = line["ts"], line["event"]
        if event == "claimed":
            lease = line.get("lease_seconds", lease)
            candidate = str(line.get("candidate") or candidate)
            yield _Change(ts, release, version=str(line.get("version") or ""), percent=0.0, claims=True)
        elif event == "share raised":
            percent = float(line["percent"])
            yield _Change(ts, release, candidate=candidate, percent=percent)
        elif event in _VERSION_OF:
            percent, version = 0.0, _VERSION_OF[event](line, candidate)
            claims, through = event in _BY_OTHERS, event == "recovered"
            yield _Change(ts, release, version=version, percent=0.0, claims=claims, lets_go=through)
        elif event in ("ended", "let go"):
            yield from _lapse(release, said, min(said + lease + _SILENT_SECONDS, ts), candidate, percent)
            yield _Change(ts, release, percent=0.0, lets_go=True)
            percent = 0.0
        said = ts
    if not held:
        yield from _lapse(release, said, said + lease + _SILENT_SECONDS, candidate, percent)


_VERSION_OF: Mapping[str, Callable[[Line, str], str | None]] = {
    "traffic switched": lambda line, candidate: str(line.get("version") or candidate),
    "traffic put back": lambda line, _: str(line.get("version") or ""),
    "traffic taken back": lambda line, _: str(line["version"]) if line.get("version") else None,
    "recovered": lambda line, _: str(line["version"]) if line.get("version") else None,
    "lease ended": lambda _, __: None,
}
"""Lines after which the live side has all traffic, and the version that is there; None: the same as before."""

_BY_OTHERS = ("traffic taken back", "recovered")
"""Lines with which a person or a recovery takes a service from the release that holds it."""


def _lapse(release: str, said: float, over: float, candidate: str, percent: float) -> Iterator[_Change]:
    """The end of a share that nobody wrote down: after the last word it lasted until the lease ended, or less."""
    if percent:
        yield _Change(said, release, candidate=candidate, percent=percent, sure=False)
        yield _Change(over, release, percent=0.0, lets_go=True)
