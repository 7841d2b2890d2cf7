"""When releases stand still, and until when; also in the nights in which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from greenramp.config import Service, Site, Weekly
from greenramp.config.freeze import Window
from greenramp.lifecycle.freeze import frozen

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = {"days": ["fri"], "from": "16:00", "until": "mon 08:00", "timezone": "Europe/Berlin", "reason": "weekend"}
CHRISTMAS = {"from": "2026-12-20T00:00:00+01:00", "until": "2027-01-07T08:00:00+01:00", "reason": "Christmas trade"}


def window(**given):
    return TypeAdapter(Window).validate_python({**WEEKEND, **given})


def until(now, *windows):
    """Give the end of the freeze in local time, without it for one that has none; nothing when nothing is frozen."""
    found = frozen(now, {"fraud": [TypeAdapter(Window).validate_python(one) for one in windows]})
    return found and (found.until.astimezone(BERLIN).strftime("%a %F %H:%M %z") if found.until else "never")


def at(local, fold=0):
    return datetime.fromisoformat(local).replace(tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        pytest.param("2026-11-27T15:59:59", None, id="a second before"),
        pytest.param("2026-11-27T16:00:00", "Mon 2026-11-30 08:00 +0100", id="from the first moment on"),
        pytest.param("2026-11-29T12:00:00", "Mon 2026-11-30 08:00 +0100", id="two days on"),
        pytest.param("2026-11-30T07:59:59", "Mon 2026-11-30 08:00 +0100", id="to the last second"),
        pytest.param("2026-11-30T08:00:00", None, id="and not at the end"),
        pytest.param("2026-11-25T12:00:00", None, id="in the middle of the week"),
    ],
)
def test_a_weekend_is_frozen_from_its_first_moment_until_its_end(now, end):
    assert until(at(now), WEEKEND) == end


@pytest.mark.parametrize(
    ("change", "now", "end"),
    [
        pytest.param({"until": "18:00"}, "2026-11-27T17:00:00", "Fri 2026-11-27 18:00 +0100", id="ends the same day"),
        pytest.param({"until": "08:00"}, "2026-11-28T07:00:00", "Sat 2026-11-28 08:00 +0100", id="passes midnight"),
        pytest.param({"until": "08:00"}, "2026-11-28T09:00:00", None, id="and is over then"),
        pytest.param({"until": "24:00"}, "2026-11-27T23:59:00", "Sat 2026-11-28 00:00 +0100", id="ends at midnight"),
        pytest.param(
            {"until": "fri 18:00"}, "2026-11-27T17:00:00", "Fri 2026-11-27 18:00 +0100", id="names its own day"
        ),
        pytest.param({"until": "fri 15:00"}, "2026-12-03T17:00:00", "Fri 2026-12-04 15:00 +0100", id="lasts a week"),
        pytest.param({"until": "sun 24:00"}, "2026-11-29T23:00:00", "Mon 2026-11-30 00:00 +0100", id="ends with a day"),
        pytest.param(
            {"days": ["mon", "tue"], "from": "22:00", "until": "06:00"},
            "2026-11-25T05:00:00",
            "Wed 2026-11-25 06:00 +0100",
            id="comes on two nights",
        ),
        pytest.param({"timezone": "UTC"}, "2026-11-27T16:30:00", None, id="is told in another zone"),
        pytest.param(
            {"timezone": "Pacific/Auckland"},
            "2026-11-27T04:00:00",
            "Sun 2026-11-29 20:00 +0100",
            id="where it is earlier",
        ),
    ],
)
def test_hours_of_the_week(change, now, end):
    assert until(at(now), {**WEEKEND, **change}) == end


def test_dates_are_frozen_from_the_first_until_the_last():
    assert until(at("2026-12-19T23:59:59"), CHRISTMAS) is None
    assert until(at("2026-12-20T00:00:00"), CHRISTMAS) == "Thu 2027-01-07 08:00 +0100"
    assert until(at("2027-01-07T08:00:00"), CHRISTMAS) is None


# clocks: in Berlin 2026-03-29 has no 02:00-03:00, 2026-10-25 has it twice

NIGHT = {"days": ["sun"], "timezone": "Europe/Berlin", "reason": "batch"}


def test_hours_that_the_clocks_skip_do_not_shorten_a_freeze():
    skipped = {**NIGHT, "from": "02:30", "until": "03:00"}
    assert until(datetime(2026, 3, 29, 0, 45, tzinfo=UTC), skipped) == "Sun 2026-03-29 03:00 +0200"
    assert until(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), skipped) is None
    across = {**NIGHT, "from": "01:00", "until": "02:30"}
    assert until(at("2026-03-29T01:30:00"), across) == "Sun 2026-03-29 03:30 +0200"


def test_hours_that_come_twice_are_frozen_both_times():
    twice = {**NIGHT, "from": "02:15", "until": "02:45"}
    for fold in (0, 1):
        assert until(at("2026-10-25T02:30:00", fold), twice) == "Sun 2026-10-25 02:45 +0100"
    assert until(at("2026-10-25T02:00:00", 1), twice) == "Sun 2026-10-25 02:45 +0100", "in between as well"
    assert until(at("2026-10-25T02:00:00"), twice) is None
    assert until(at("2026-10-25T02:45:00", 1), twice) is None


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 11), ("2026-10-24", 13), ("2026-11-28", 12)])
def test_a_night_ends_by_the_clock_on_the_wall_whatever_its_length(day, hours):
    night = {**NIGHT, "days": ["sat"], "from": "20:00", "until": "08:00"}
    begins = at(f"{day}T20:00:00").astimezone(UTC)
    found = frozen(begins, {"fraud": [TypeAdapter(Window).validate_python(night)]})
    assert found.until - begins == timedelta(hours=hours)


# several windows


def test_windows_that_follow_one_another_are_one():
    morning = {**WEEKEND, "days": ["mon"], "from": "08:00", "until": "10:00"}
    assert until(at("2026-11-28T12:00:00"), WEEKEND, morning) == "Mon 2026-11-30 10:00 +0100"


def test_windows_that_overlap_end_with_the_last():
    assert until(at("2026-12-20T12:00:00"), WEEKEND, CHRISTMAS) == "Thu 2027-01-07 08:00 +0100"


def test_a_calendar_without_a_gap_never_ends():
    always = {**WEEKEND, "days": ["mon"], "from": "00:00", "until": "mon 00:00"}
    assert until(at("2026-11-28T12:00:00"), always) == "never"
    assert "for good" in str(frozen(at("2026-11-28T12:00:00"), {"the site": [window(**always)]}))


def test_it_says_until_when_whose_calendar_and_why():
    site, own = window(), window(reason="nobody is here")
    said = str(frozen(at("2026-11-28T12:00:00"), {"the site": [site], "fraud": [own]}))
    assert said == "frozen until Mon 2026-11-30 08:00 CET by the site: weekend; fraud: nobody is here"


def test_without_a_window_nothing_is_frozen():
    assert frozen(at("2026-11-28T12:00:00"), {"the site": [], "fraud": []}) is None


DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
weekly = st.builds(
    lambda days, start, end, day, zone: window(
        days=days, until=f"{day} {end}".strip(), timezone=zone, **{"from": start}
    ),
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=3),
    times,
    times,
    st.sampled_from(["", *DAYS]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@given(st.lists(weekly, min_size=1, max_size=3), moments)
def test_at_its_end_a_freeze_is_over_and_right_before_it_is_not(windows, now):
    found = frozen(now, {"fraud": windows})
    if found is None or found.until is None:
        return
    assert found.until > now
    assert frozen(found.until, {"fraud": windows}) is None
    assert frozen(found.until - timedelta(seconds=1), {"fraud": windows}).until == found.until


@given(weekly, moments)
def test_what_the_clock_on_the_wall_calls_frozen_is(one, now):
    local = now.astimezone(ZoneInfo(one.timezone)).replace(tzinfo=None)
    for ago in range(9):
        day = local.date() - timedelta(days=ago)
        begins, midnight = datetime.combine(day, one.begins_at), datetime.combine(day, datetime.min.time())
        if day.weekday() in one.begins and begins <= local < midnight + one.length(day.weekday()):
            assert frozen(now, {"fraud": [one]}) is not None


# the files


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        pytest.param({"from": 960}, "from", 'in quotes, such as "16:00"', id="a time that YAML took for a number"),
        pytest.param({"from": "24:00"}, "from", 'a time of the day such as "16:00"', id="begins at 24:00"),
        pytest.param({"from": "fri 16:00"}, "from", "a time of the day", id="a day where days says it"),
        pytest.param({"until": "8:00"}, "until", '"mon 08:00"', id="one digit"),
        pytest.param({"until": "25:00"}, "until", '"mon 08:00"', id="no such hour"),
        pytest.param({"until": "monday 08:00"}, "until", '"mon 08:00"', id="a long name"),
        pytest.param({"days": []}, "days", "at least 1 item", id="no day"),
        pytest.param({"days": ["friday"]}, "days.0", "should match pattern", id="an unknown day"),
        pytest.param({"timezone": "Berlin"}, "timezone", "such as Europe/Berlin", id="an unknown zone"),
        pytest.param({"timezone": "../../etc/passwd"}, "timezone", "such as Europe/Berlin", id="a path for a zone"),
        pytest.param({"timezone": None}, "timezone", "valid string", id="no zone"),
        pytest.param({"reason": ""}, "reason", "at least 1 character", id="no reason"),
    ],
)
def test_hours_that_cannot_be_are_refused(change, place, words):
    refuse({**WEEKEND, **change}, place, words)


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        pytest.param({"from": "2026-12-20T00:00:00"}, "from", "an offset too", id="no offset"),
        pytest.param({"from": "2026-12-20"}, "from", "an offset too", id="a day"),
        pytest.param({"from": "Christmas"}, "from", "2026-12-20T00:00:00+01:00", id="a word"),
        pytest.param({"until": "2026-12-20T00:00:00+01:00"}, "", "must come after", id="no time at all"),
        pytest.param({"timezone": "UTC"}, "timezone", "Extra inputs", id="a zone beside offsets"),
    ],
)
def test_dates_that_cannot_be_are_refused(change, place, words):
    refuse({**CHRISTMAS, **change}, place, words)


def refuse(data, place, words):
    with pytest.raises(ValidationError) as error:
        Site.model_validate({"freeze": [data]})
    first = error.value.errors()[0]
    assert ".".join(map(str, first["loc"][3:])) == place
    assert words in first["msg"]


def test_a_service_with_a_calendar_comes_back_from_json_as_it_was():
    gate = {"name": "errors", "metric": "errors", "margin": 0.2}
    service = Service.model_validate({"model": "fraud", "gates": [gate], "freeze": [WEEKEND, CHRISTMAS]})
    assert Service.model_validate_json(service.model_dump_json()) == service
    assert isinstance(service.freeze[0], Weekly)
