"""Whether releases stand still now, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import chain
from zoneinfo import ZoneInfo

from greenramp.config import Dates, Weekly

FAR = timedelta(days=366)
"""An end that is farther away than this is none."""

Calendars = Mapping[str, Sequence[Dates | Weekly]]
"""Windows by whose they are, in words: `the site`, `fraud`."""


@dataclass(frozen=True)
class Frozen:
    """Releases stand still. until: when none of the windows holds any more, None when that never comes.

    reasons: of the windows that hold now, each with whose it is. zone: the first one's, in which `until` is shown.
    """

    until: datetime | None
    reasons: tuple[str, ...]
    zone: tzinfo

    def __str__(self) -> str:
        end = "for good" if self.until is None else f"until {self.until.astimezone(self.zone):%a %F %H:%M %Z}"
        return f"frozen {end} by {'; '.join(self.reasons)}"


def frozen(now: datetime, calendars: Calendars) -> Frozen | None:
    """What stands in the way of a start or an advance at `now` (with its zone); None when nothing does.

    Windows that follow one another without a gap are one. A local time that the clocks skip or repeat is read such that
    the freeze is the longer one.
    """
    holding = [(whose, window) for whose, windows in calendars.items() for window in windows if _end(window, now)]
    if not holding:
        return None
    everything = list(chain.from_iterable(calendars.values()))
    until = now.astimezone(UTC)
    while ends := [end for window in everything if (end := _end(window, until))]:
        until = max(ends)
        if until - now > FAR:
            return Frozen(None, _reasons(holding), _zone(holding[0][1]))
    return Frozen(until, _reasons(holding), _zone(holding[0][1]))


def _end(window: Dates | Weekly, now: datetime) -> datetime | None:
    """When a window that holds at `now` ends."""
    return max((end for start, end in _times(window, now) if start <= now < end), default=None)


def _times(window: Dates | Weekly, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every time that a window may hold at `now`."""
    if isinstance(window, Dates):
        yield window.start.astimezone(UTC), window.until.astimezone(UTC)
        return
    zone = ZoneInfo(window.timezone)
    today = now.astimezone(zone).date()
    for ago in range(-1, 9):  # none is longer than eight days; tomorrow's may begin earlier where clocks change
        day = today - timedelta(days=ago)
        if day.weekday() in window.begins:
            midnight = datetime(day.year, day.month, day.day)
            start = datetime.combine(day, window.begins_at)
            yield min(_readings(start, zone)), max(_readings(midnight + window.length(day.weekday()), zone))


def _readings(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The two moments that a local time may mean; but for the nights in which clocks change they are one."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _reasons(holding: Sequence[tuple[str, Dates | Weekly]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{whose}: {window.reason}" for whose, window in holding))


def _zone(window: Dates | Weekly) -> tzinfo:
    if isinstance(window, Weekly):
        return ZoneInfo(window.timezone)
    return window.start.tzinfo or UTC
