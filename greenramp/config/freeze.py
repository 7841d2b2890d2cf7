"""Times in which nothing is released: dates, and hours of the week."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from greenramp.config.base import Strict

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(rf"(?:({'|'.join(_DAYS)}) )?([01]\d|2[0-3]):([0-5]\d)|(?:({'|'.join(_DAYS)}) )?24:00")
Reason = Annotated[str, Field(min_length=1, max_length=300, description="Shown to whoever is kept waiting.")]


def _moment(given: Any) -> Any:
    """YAML reads a bare date and time as such; without an offset nobody could tell when that is."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise ValueError("a date and time such as 2026-12-20T00:00:00+01:00") from None
    if isinstance(given, date) and not (isinstance(given, datetime) and given.tzinfo is not None):
        raise ValueError("a time and an offset too, such as 2026-12-20T00:00:00+01:00")
    return given


def _time_of_day(given: Any) -> Any:
    if isinstance(given, int) and not isinstance(given, bool):
        raise ValueError(  # noqa: TRY004  (pydantic reports ValueError at the key)
            'a time in quotes, such as "16:00": YAML takes it for a number without them'
        )
    return given


def _from_time(text: str) -> str:
    if not (found := _TIME.fullmatch(text)) or text != f"{found[2]}:{found[3]}":
        raise ValueError('a time of the day such as "16:00"')
    return text


def _until_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError('a time of the day such as "08:00" or "24:00", or a day with it: "mon 08:00"')
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a time zone such as Europe/Berlin or UTC") from None
    return name


class _Window(Strict):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Dates(_Window):
    """From one moment until another."""

    start: Annotated[Moment, Field(alias="from", description="With its offset: 2026-12-20T00:00:00+01:00.")]
    until: Annotated[Moment, Field(description="The first moment at which releases may go on.")]
    reason: Reason

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.until <= self.start:
            raise ValueError(f"until ({self.until.isoformat()}) must come after from ({self.start.isoformat()})")
        return self


class Weekly(_Window):
    """The same hours every week, in local time."""

    days: Annotated[
        tuple[Annotated[str, Field(pattern=f"^({'|'.join(_DAYS)})$")], ...],
        Field(strict=False, min_length=1, description="On which it begins: mon, tue, wed, thu, fri, sat, sun."),
    ]
    start: Annotated[
        str, BeforeValidator(_time_of_day), AfterValidator(_from_time), Field(alias="from", description='"16:00"')
    ]
    until: Annotated[
        str,
        BeforeValidator(_time_of_day),
        AfterValidator(_until_time),
        Field(description='"08:00", on the next day unless it comes later than from; or with its day: "mon 08:00".'),
    ]
    timezone: Annotated[str, AfterValidator(_zone), Field(description="As in the IANA list: Europe/Berlin, UTC.")]
    reason: Reason

    @property
    def begins(self) -> frozenset[int]:
        """Days of the week on which it begins; Monday is 0."""
        return frozenset(map(_DAYS.index, self.days))

    @property
    def begins_at(self) -> time:
        """When it begins on each of them."""
        return time.fromisoformat(self.start)

    def length(self, begins: int) -> timedelta:
        """From the midnight before it begins to its end, on the clock. begins: the day of the week."""
        day, clock = self.until.split() if " " in self.until else ("", self.until)
        hours, minutes = map(int, clock.split(":"))
        at = timedelta(hours=hours, minutes=minutes)
        first = timedelta(hours=self.begins_at.hour, minutes=self.begins_at.minute)
        days = (_DAYS.index(day) - begins) % 7 if day else 0
        if days == 0 and at <= first:
            days = 7 if day else 1
        return timedelta(days=days) + at


def _kind(given: Any) -> str:
    weekly = "days" in given if isinstance(given, Mapping) else isinstance(given, Weekly)
    return "weekly" if weekly else "dates"


Window = Annotated[Annotated[Dates, Tag("dates")] | Annotated[Weekly, Tag("weekly")], Discriminator(_kind)]
"""A time in which nothing is released; one with `days` comes back every week."""

Calendar = Annotated[
    tuple[Window, ...],
    Field(strict=False, description="When no release starts or goes on; the way back is always open."),
]
