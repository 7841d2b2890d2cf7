"""Moments as people write and read them."""

from __future__ import annotations

from datetime import datetime, time

from greenramp.errors import ConfigError


def parse_moment(text: str, now: datetime) -> float:
    """Epoch seconds of an ISO 8601 time; a time of day alone is today's, one without offset is in the zone of `now`.

    now: with its zone. Raises ConfigError for what is no time, and for one that has not come yet.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.combine(now.date(), time.fromisoformat(text))
        except ValueError as error:
            raise ConfigError(
                f"{text!r} is no time; write it like 2026-03-01T17:05, 2026-03-01T17:05:00+01:00, or 17:05 for today"
            ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=now.tzinfo)
    if moment > now:
        raise ConfigError(f"{text} has not come yet; it is {now.isoformat(timespec='seconds')}")
    return moment.timestamp()


def shown(ts: float | None, zone: datetime) -> str:
    """A moment in the zone of `zone`, to the second, with its offset; empty for None."""
    return "" if ts is None else datetime.fromtimestamp(ts, zone.tzinfo).isoformat(" ", "seconds")


def duration(seconds: float) -> str:
    """0.03 as "30 ms", 4.2 as "4.2 s", 90 as "1 min 30 s", 7300 as "2 h 1 min"."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
