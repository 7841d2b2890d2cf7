"""Moments as people write and read them."""

from datetime import datetime, timedelta, timezone

import pytest

from greenramp.errors import ConfigError
from greenramp.moments import duration, parse_moment, shown

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-01T17:05", "2026-03-01 16:05:00+00:00"),
        ("2026-03-01 17:05:30", "2026-03-01 16:05:30+00:00"),
        ("2026-03-01T17:05:00-05:00", None),
        ("2026-03-01T16:05:00Z", "2026-03-01 16:05:00+00:00"),
        ("2026-02-28", "2026-02-27 23:00:00+00:00"),
        ("17:05", "2026-03-01 16:05:00+00:00"),
    ],
)
def test_a_time_is_read_in_its_zone_or_in_ours(text, utc):
    if utc is None:
        with pytest.raises(ConfigError, match="has not come yet; it is 2026-03-01T18:00:00"):
            parse_moment(text, NOW)
    else:
        assert parse_moment(text, NOW) == datetime.fromisoformat(utc).timestamp()


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "25:00"])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match="is no time; write it like 2026-03-01T17:05"):
        parse_moment(text, NOW)


def test_a_moment_is_shown_with_its_offset():
    assert shown(datetime.fromisoformat("2026-03-01T16:05:00Z").timestamp(), NOW) == "2026-03-01 17:05:00+01:00"
    assert shown(None, NOW) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.028, "28 ms"), (4.24, "4.24 s"), (90, "1 min 30 s"), (120, "2 min"), (7300, "2 h 1 min")]
)
def test_how_long_something_took(seconds, text):
    assert duration(seconds) == text
