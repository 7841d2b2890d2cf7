"""One row of the router's log, read as a release understands it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.measures.requestcolumns import requests_of, together, user_number
from greenramp.measures.traffic_log import SENT, SeenRequest, seen_request, taken_apart
from greenramp.traffic.split import Side

ROW = {  # as Envoy writes it, for a request that a split sent to the candidate on green
    "v": "1",
    "ts": "1795412000.250000",
    "id": "8f14e45f",
    "user": "alice",
    "cluster": "fraud.green-fallback",
    "host": "127.0.0.1:19000",
    "status": 200,
    "flags": "-",
    "attempts": 1,
    "us": 5200,
    "upstream_us": 4200,
    "environment": "green",
    "version": "8",
    "route": "fraud.split",
    "generation": "5",
    "percent": "25",
}


def seen(**changes):
    return seen_request({**ROW, **changes})


def test_a_request_is_read_whole():
    assert seen() == SeenRequest(
        ts=1795412000.25,
        id="8f14e45f",
        user="alice",
        service="fraud",
        side=Side.GREEN,
        shared=True,
        failed=False,
        answered=True,
        ms=4.2,
        percent=25.0,
        generation=5,
    )


@pytest.mark.parametrize(
    ("changes", "failed", "answered"),
    [
        pytest.param({}, False, True, id="a good answer"),
        pytest.param({"status": 302}, False, True, id="a redirection"),
        pytest.param({"status": 400}, True, False, id="refused by the model"),
        pytest.param({"status": 500, "attempts": 2}, True, False, id="an error, and again"),
        pytest.param({"status": 503}, True, False, id="no answer"),
        pytest.param({"status": 0}, True, False, id="the connection broke"),
        pytest.param({"attempts": 2}, True, True, id="well at the second try"),
        pytest.param({"environment": "blue"}, True, True, id="well, but from the other side"),
        pytest.param({"environment": None}, False, True, id="from a server that does not name itself"),
        pytest.param({"environment": "-"}, False, True, id="from a server that does not name itself, older log"),
        pytest.param({"cluster": "fraud.green-live", "environment": "x"}, False, True, id="nothing to fall back to"),
    ],
)
def test_what_was_not_answered_well_at_the_first_try_has_failed(changes, failed, answered):
    found = seen(**changes)
    assert (found.side, found.failed, found.answered) == (Side.GREEN, failed, answered)


@pytest.mark.parametrize(
    ("changes", "ms"),
    [
        pytest.param({}, 4.2, id="a good answer"),
        pytest.param({"upstream_us": 0}, 0.0, id="at once"),
        pytest.param({"status": 400}, 4.2, id="refused by the model, in its own time"),
        pytest.param({"upstream_us": None}, None, id="never sent"),
        pytest.param({"upstream_us": "-"}, None, id="never sent, older log"),
        pytest.param({"attempts": 2}, None, id="the second try's time says nothing about the first"),
        pytest.param({"environment": "blue"}, None, id="the other side's time"),
        pytest.param({"status": 503}, None, id="an error's time is no answer's"),
    ],
)
def test_only_the_environments_own_answers_have_a_time(changes, ms):
    assert seen(**changes).ms == ms


@pytest.mark.parametrize("cluster", [None, "-", "", "unknown"])
def test_rows_that_went_to_no_environment_are_passed_over(cluster):
    assert seen(cluster=cluster) is None


@pytest.mark.parametrize("user", [None, "-", ""])
def test_a_request_without_a_user_says_so(user):
    assert seen(user=user).user == ""


@pytest.mark.parametrize(
    ("changes", "candidate", "share"),
    [
        pytest.param({}, Side.GREEN, 0.25, id="candidate's side of a split"),
        pytest.param({"cluster": "fraud.blue-live"}, Side.GREEN, 0.25, id="champion's side of a split"),
        pytest.param({"route": "fraud.live", "percent": "0"}, Side.GREEN, 1.0, id="after the switch"),
        pytest.param(
            {"route": "fraud.live", "cluster": "fraud.blue-live", "percent": "0"},
            Side.GREEN,
            0.0,
            id="before any share",
        ),
        pytest.param({"route": "fraud.lease-ended", "cluster": "fraud.blue-live"}, Side.GREEN, 0.0, id="lease ended"),
    ],
)
def test_the_share_is_the_one_the_router_used(changes, candidate, share):
    assert seen(**changes).share_of(candidate) == share


@pytest.mark.parametrize("missing", ["id", "user", "route", "generation", "percent", "environment", "upstream_us"])
def test_a_row_that_lacks_what_only_some_requests_have_is_read_all_the_same(missing):
    assert seen(**{missing: None}).service == "fraud"


@given(st.sampled_from([0, 200, 204, 301, 400, 404, 429, 500, 503]), st.integers(0, 3), st.sampled_from(Side))
def test_a_request_has_a_time_only_if_its_own_side_answered_at_once(status, attempts, answered_by):
    found = seen(status=status, attempts=attempts, environment=answered_by.value)
    if found.ms is not None:
        assert attempts <= 1
        assert answered_by is Side.GREEN
    assert found.failed or found.answered


def test_requests_in_columns_say_what_they_say_one_by_one():
    rows = [seen(), seen(status=503, user=None), seen(cluster="fraud.blue-live", route="fraud.live", percent="0")]
    found = requests_of(rows)
    assert found.share_of(Side.GREEN).tolist() == [row.share_of(Side.GREEN) for row in rows]
    assert found.is_on(Side.BLUE).tolist() == [row.side is Side.BLUE for row in rows]
    assert (found.timed.tolist(), found.ms[found.timed].tolist()) == ([True, False, True], [4.2, 4.2])
    last = found.only(found.is_on(Side.BLUE))
    assert (len(last), last.ids, last.user.tolist()) == (1, ["8f14e45f"], [user_number("alice")])


@pytest.mark.parametrize(
    ("key", "number"),
    [
        pytest.param("", 0, id="nobody"),
        pytest.param("00000000000000ff", 255, id="as the router writes it"),
        pytest.param("0" * 16, 1, id="nobody's number is nobody's"),
    ],
)
def test_a_user_has_the_number_the_router_gave(key, number):
    assert user_number(key) == number


@given(st.sets(st.text(max_size=20)))
def test_any_text_is_a_user(keys):
    numbers = {user_number(key) for key in keys}
    assert len(numbers) == len(keys)
    assert all(0 <= number < 2**64 for number in numbers)


def test_what_one_key_holds_since_version_2_is_read_as_it_was_from_six():
    sent = " ".join("-" if ROW[key] is None else str(ROW[key]) for key in SENT)
    row = {**{key: value for key, value in ROW.items() if key not in SENT}, "sent": sent}
    assert seen_request(row) == seen()
    assert taken_apart(row)["environment"] == "green"
    assert taken_apart(ROW) is ROW


@pytest.mark.parametrize(
    ("sent", "understood"),
    [
        pytest.param("- - - - - -", False, id="went nowhere"),
        pytest.param("fraud.green-live fraud.live 5 - - -", True, id="not answered"),
        pytest.param("fraud.green-live fraud.live 5 0 1 green or blue", True, id="a server that says anything"),
    ],
)
def test_what_is_not_known_of_a_request_is_logged_as_a_dash(sent, understood):
    assert (seen(sent=sent) is not None) is understood


def test_parts_of_a_log_make_one():
    rows = [seen(id=f"a{n}", ts=str(n)) for n in range(5)]
    found = together([requests_of(rows[:2]), requests_of([]), requests_of(rows[2:])])
    assert (found.ts.tolist(), list(found.ids)) == ([0, 1, 2, 3, 4], ["a0", "a1", "a2", "a3", "a4"])
