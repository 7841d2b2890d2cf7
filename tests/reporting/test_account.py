"""A release's journal becomes an account that answers what people ask."""

import pytest

from greenramp.reporting import account_of
from greenramp.reporting.account import DIED, LET_GO, UNDER_WAY, Kind

PASSED = {"gate": "errors", "outcome": "pass", "sentence": "0 of 40 failed", "numbers": {"candidate": 40}}
FAILED = {"gate": "accuracy", "outcome": "fail", "sentence": "22 of 178 wrong", "numbers": {"candidate": 178}}
CLAIMED = {"ts": 100.0, "event": "claimed", "live": "blue", "version": "2", "candidate": "4", "lease_seconds": 15}
RAISED = {"ts": 110.0, "event": "share raised", "percent": 5.0, "generation": 3}
READ = {"ts": 111.0, "event": "share served", "asked": 5.0, "requests": 200, "candidate": 9}
LOOK = {"ts": 120.0, "event": "verdicts", "where": "5 %", "seconds": 9.0, "verdicts": [PASSED, FAILED], "exposed": 237}
BACK = {"ts": 120.03, "event": "traffic put back", "live": "blue", "version": "2"}
ENDED = {"ts": 125.0, "event": "ended", "outcome": "rolled-back", "reason": "accuracy is fail at 5 %"}
RELEASE = "fraud-4-abcd1234"


def test_of_a_rolled_back_release_it_says_which_gate_how_many_were_exposed_and_how_quickly_it_went_back():
    account = account_of(RELEASE, [CLAIMED, RAISED, READ, LOOK, BACK, ENDED])
    assert (account.service, account.version, account.before) == ("fraud", "4", "2")
    assert (account.outcome, account.reason, account.well) == ("rolled-back", "accuracy is fail at 5 %", False)
    assert account.decided == {**FAILED, "where": "5 %", "ts": 120.0}
    assert (account.exposed, account.exposed_until) == (237, 120.0)
    assert account.back_seconds == pytest.approx(0.03)
    assert [v["gate"] for v in account.verdicts] == ["errors", "accuracy"]


def test_each_step_has_its_time_and_the_share_that_was_asked_and_served():
    steps = account_of(RELEASE, [CLAIMED, RAISED, READ, LOOK, BACK, ENDED]).steps
    assert [(s.name, s.start, s.end) for s in steps] == [
        ("provision, smoke", 100.0, 110.0),
        ("canary 5 %", 110.0, 120.03),
        ("way back", 120.03, 125.0),
    ]
    assert (steps[1].asked, steps[1].served, steps[1].served_percent) == (5.0, (9, 200), 4.5)
    assert steps[0].asked is None


def test_the_last_word_of_a_gate_stands():
    later = {**LOOK, "ts": 121.0, "where": "25 %", "verdicts": [{**FAILED, "outcome": "pass"}]}
    verdicts = {v["gate"]: v for v in account_of(RELEASE, [CLAIMED, LOOK, later]).verdicts}
    assert (verdicts["accuracy"]["outcome"], verdicts["accuracy"]["where"]) == ("pass", "25 %")


def test_orders_of_people_are_told_with_who_and_note():
    order = {"ts": 112.0, "event": "order", "order": "approve", "who": "ada", "note": "looks fine", "place": "50 %"}
    (found,) = account_of(RELEASE, [CLAIMED, order]).orders
    assert str(found) == "approve at 50 % by ada: looks fine"


@pytest.mark.parametrize(
    ("release", "lines", "held", "outcome", "kind"),
    [
        pytest.param(RELEASE, [CLAIMED, RAISED], True, UNDER_WAY, Kind.RELEASE, id="under way"),
        pytest.param(RELEASE, [CLAIMED, RAISED], False, DIED, Kind.RELEASE, id="died"),
        pytest.param(RELEASE, [CLAIMED, {"ts": 1, "event": "let go"}], False, LET_GO, Kind.RELEASE, id="nothing to do"),
        pytest.param(RELEASE, [CLAIMED, {**ENDED, "outcome": "shadowed"}], False, "shadowed", Kind.SHADOW, id="trial"),
        pytest.param(RELEASE, [], False, DIED, Kind.RELEASE, id="empty"),
        pytest.param(
            "fraud-rollback-abcd1234",
            [{"ts": 1.0, "event": "traffic taken back", "version": "2"}, {"ts": 9.0, "event": "let go"}],
            False,
            "rolled back",
            Kind.ROLLBACK,
            id="a person's rollback",
        ),
        pytest.param(
            "fraud-rollback-abcd1234",
            [
                CLAIMED,
                {"ts": 101.0, "event": "traffic switched", "version": "4"},
                BACK,
                {"ts": 130.0, "event": "let go"},
            ],
            False,
            "rollback failed",
            Kind.ROLLBACK,
            id="a rollback that failed",
        ),
    ],
)
def test_what_became_of_it(release, lines, held, outcome, kind):
    account = account_of(release, lines, held=held)
    assert (account.outcome, account.kind) == (outcome, kind)


def test_an_order_that_came_too_late_says_so():
    order = {"ts": 112.0, "event": "order", "order": "pause", "who": "bob", "taken": False, "why": "it is aborted"}
    assert str(account_of(RELEASE, [CLAIMED, order]).orders[0]) == "pause by bob (too late: it is aborted)"


def test_a_recovery_says_what_it_put_right():
    lines = [{"ts": 1.0, "event": "recovers", "release": RELEASE}]
    lines.append({"ts": 2.0, "event": "recovered", "release": RELEASE, "version": "2"})
    account = account_of("fraud-recover-abcd1234", lines)
    assert (account.kind, account.version, account.outcome) == (Kind.RECOVERY, "2", "put right")
    assert RELEASE in account.reason


def test_a_rollbacks_version_is_the_one_it_went_back_to():
    taken = {"ts": 1.0, "event": "traffic taken back", "version": "2"}
    assert account_of("fraud-rollback-abcd1234", [taken]).version == "2"
    assert account_of("fraud-rollback-abcd1234", [{**CLAIMED, "candidate": "1"}]).version == "1"


def test_a_dead_release_says_where_it_died_when_the_guard_wrote_that_down():
    lapsed = {"ts": 130.0, "event": "lease ended", "live": "blue", "step": "canary 5 %"}
    assert "canary 5 %" in account_of(RELEASE, [CLAIMED, RAISED, lapsed]).reason


def test_a_service_with_dashes_in_its_name_is_told_from_its_version():
    assert account_of("from-run-12-abcd1234", [CLAIMED]).service == "from-run"
