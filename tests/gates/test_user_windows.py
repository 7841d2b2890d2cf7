"""Each user gives one number, made of all that is measured of them within a while."""

import json
import math
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.gates import LatencySeries, SizeSeries
from greenramp.gates.events import Events
from greenramp.gates.user_windows import UserWindows

ALICE, BOB, NOBODY = 1, 2**63 + 5, 0
LARGEST = sys.float_info.max
LONG_AGO = -LARGEST
ROWS = st.lists(
    st.tuples(
        st.sampled_from([0.05, 0.5]),
        st.booleans(),
        st.sampled_from([0.0, 0.1, 0.2, 7.0, 1e300, 1.7e308]),
        st.one_of(st.integers(0, 60).map(float), st.just(math.nan)),
        st.sampled_from([NOBODY, ALICE, BOB, 3, 4]),
        st.integers(4, 6),
    ),
    max_size=60,
)
CUTS = st.lists(st.integers(0, 60), max_size=5)


def windows(any_bad=False, seconds=10.0):
    return UserWindows(seconds, any_bad=any_bad)


def entered(users, rows):
    """What comes out, as rows of share, side, value, moment and generation."""
    events = Events.of([row[:5] for row in rows])
    made, generation = users.add(events, np.array([row[5] for row in rows], dtype=np.int64))
    assert not made.user.any()
    columns = (made.share, made.mine, made.value, made.ts, generation)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def asked(user, ts, value=1.0, share=0.5, mine=True, generation=5):
    return share, mine, value, float(ts), user, generation


def one_by_one(rows, any_bad, seconds=10.0):
    """The same in plain Python."""
    now, open_, done, found = -math.inf, {}, set(), []
    for share, mine, value, ts, user, generation in rows:
        now = max(now, ts) if math.isfinite(ts) else now
        for who, (until, first, values) in list(open_.items()):
            if now > until:
                number = any(values) if any_bad else min(sum(values), LARGEST) / len(values)
                found.append((first[0], first[1], number, first[3], first[5]))
                done.add(who)
                del open_[who]
        if user == NOBODY:
            found.append((share, mine, value, ts, generation))
        elif user not in done:
            clock = max(now, LONG_AGO)
            moment = ts if math.isfinite(ts) else clock
            _, first, values = open_.setdefault(
                user, (clock + seconds, (share, mine, value, moment, user, generation), [])
            )
            if first[:2] == (share, mine):
                values.append(value)
    return found


@given(ROWS, CUTS, st.booleans(), st.booleans())
def test_what_comes_out_is_the_same_however_the_rows_are_cut(rows, cuts, any_bad, through_json):
    rows = [(*row[:2], row[2] > 1, *row[3:]) for row in rows] if any_bad else rows
    places = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    whole, cut, found = windows(any_bad), windows(any_bad), []
    for start, end in pairwise(places):
        found += entered(cut, rows[start:end])
        if through_json:
            cut = windows(any_bad).restore(json.loads(json.dumps(cut.state(), allow_nan=False)))
    wanted = one_by_one(rows, any_bad)
    assert repr(entered(whole, rows)) == repr(found) == repr(wanted)  # as text, where nan equals nan
    assert cut.state() == whole.state()


def test_a_users_number_is_the_mean_of_the_window_and_nothing_later_counts():
    users = windows()
    assert entered(users, [asked(ALICE, 0, 1.0), asked(ALICE, 10, 3.0)]) == []
    assert entered(users, [asked(BOB, 10.5)]) == [(0.5, True, 2.0, 0.0, 5)]
    assert entered(users, [asked(ALICE, 11, 99.0), asked(ALICE, 40, 99.0)]) == [(0.5, True, 1.0, 10.5, 5)]


def test_of_outcomes_it_says_whether_any_was_bad():
    users = windows(any_bad=True)
    rows = [asked(ALICE, 0, False), asked(BOB, 1, False), asked(ALICE, 2, True), asked(ALICE, 3, False)]
    assert [row[2] for row in entered(users, [*rows, asked(3, 20, True)])] == [True, False]


def test_who_has_no_key_counts_each_time_and_at_once():
    assert len(entered(windows(), [asked(NOBODY, 0), asked(NOBODY, 0), asked(ALICE, 0)])) == 2


def test_a_user_whose_side_changes_with_the_share_counts_as_what_they_were_first():
    rows = [asked(ALICE, 0, 1.0, share=0.05, mine=False, generation=5)]
    rows += [asked(ALICE, 1, 9.0, share=0.25, mine=True, generation=6), asked(BOB, 20)]
    assert entered(windows(), rows) == [(0.05, False, 1.0, 0.0, 5)]


def test_after_a_change_of_the_share_nobodys_number_grows_whether_they_change_sides_or_not():
    rows = [asked(ALICE, 0, 1.0, share=0.05), asked(ALICE, 1, 9.0, share=0.25), asked(BOB, 20)]
    assert entered(windows(), rows)[0][2] == 1.0


def test_an_old_request_that_comes_late_does_not_turn_the_clock_back():
    rows = [asked(ALICE, 100, 1.0), asked(ALICE, 3, 3.0), asked(BOB, 5), asked(3, 111)]
    assert [(row[2], row[3]) for row in entered(windows(), rows)] == [(2.0, 100.0), (1.0, 5.0)]


def test_a_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version 0"):
        windows().restore({**windows().state(), "v": 0})


# how often equal sides are taken for unequal, and how soon unequal ones are found

NEEDED = math.log(20)


def many(seed, users, requests, worse=1.0, unlike=0.8, noise=0.6):
    """A hundred requests a second of users of unlike habits, each on one side; a quarter on the candidate's."""
    draw = np.random.default_rng(seed)
    mine, habit = draw.random(users) < 0.25, draw.lognormal(0, 1, users)
    who = draw.choice(users, requests, p=habit / habit.sum())
    level, each = draw.lognormal(0, unlike, users), draw.lognormal(0, noise, requests)
    value = level[who] * each * np.where(mine[who], worse, 1.0)
    share, ts = np.full(requests, 0.25), np.arange(requests) / 100
    return Events(share, mine[who], value, ts, who.astype(np.uint64) + 1)


def reached(events, unit, series, look=2000):
    """How many numbers of the candidate it took to find harm; infinite if it was not found."""
    users = windows(seconds=100.0)
    for start in range(0, len(events), look):
        part = events.only((np.arange(len(events)) >= start) & (np.arange(len(events)) < start + look))
        if unit == "user":
            part, _ = users.add(part, np.zeros(len(part), dtype=np.int64))
        series.add(part.without_users() if unit == "request" else part)
        against = series.log_odds()[0] if isinstance(series, SizeSeries) else series.log_against()
        if against >= NEEDED:
            return series.candidate
    return math.inf


@pytest.mark.parametrize(
    "series",
    [pytest.param(lambda: SizeSeries(0.05), id="sizes"), pytest.param(lambda: LatencySeries(None, 600.0), id="times")],
)
def test_users_of_unlike_habits_who_stay_on_their_side_raise_few_false_alarms(series):
    runs = [many(seed, 1000, 20_000) for seed in range(25)]
    alarms = {unit: sum(reached(run, unit, series()) < math.inf for run in runs) for unit in ("user", "request")}
    assert alarms["user"] <= 3  # more than that has a chance of 3 % at 5 % each
    assert alarms["request"] >= 8


def test_larger_errors_are_found_with_fewer_users_than_by_the_first_one_of_each():
    runs = [many(seed, 4000, 40_000, worse=1.2, unlike=0.3, noise=1.0) for seed in range(10)]
    found = {unit: [reached(run, unit, SizeSeries(0.05), 500) for run in runs] for unit in ("user", "user_first")}
    assert max(found["user"]) < math.inf
    assert np.median(found["user"]) < 0.8 * np.median(found["user_first"])
