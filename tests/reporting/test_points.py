"""The numbers of a release over time, in a readable amount."""

from greenramp.reporting.points import points


def look(ts, outcome="unsure", where="5 %", gate="errors", **numbers):
    one = {"gate": gate, "outcome": outcome, "sentence": "said", "numbers": numbers or {"candidate": ts}}
    return {"ts": ts, "event": "verdicts", "where": where, "seconds": ts - 100, "verdicts": [one]}


START = {"ts": 100.0, "event": "claimed"}


def test_the_share_is_told_whenever_it_changes():
    lines = [
        START,
        {"ts": 101.0, "event": "share raised", "percent": 5.0},
        {"ts": 102.0, "event": "traffic switched"},
        {"ts": 103.5, "event": "traffic put back"},
    ]
    assert [(p.key, p.value, p.ts, p.step) for p in points(lines)] == [
        ("candidate_percent", 0.0, 100.0, 0),
        ("candidate_percent", 5.0, 101.0, 1),
        ("candidate_percent", 100.0, 102.0, 2),
        ("candidate_percent", 0.0, 103.5, 3),
    ]


def test_each_gates_numbers_are_told_under_its_name():
    found = points([START, look(101.0, gate="router/shares", ratio=1.5, ratio_low=0.5, log10_against=-0.25)])
    assert {p.key: p.value for p in found[1:]} == {
        "router/shares/ratio": 1.5,
        "router/shares/ratio_low": 0.5,
        "router/shares/log10_against": -0.25,
    }


def test_a_name_that_mlflow_would_refuse_is_changed():
    assert points([START, look(101.0, gate="é?=1", x=1.0)])[1].key == "é__1/x"


def test_looks_are_told_every_five_seconds_when_a_verdict_changes_and_at_the_end():
    looks = [look(101.0 + n) for n in range(12)] + [look(112.5, "pass"), look(113.0, "pass"), look(113.5, "pass")]
    assert [p.ts for p in points([START, *looks])[1:]] == [101.0, 106.0, 111.0, 112.5, 113.5]


def test_a_long_watch_is_told_ever_more_rarely():
    assert len(points([START, *[look(101.0 + 5 * n) for n in range(8000)]])) < 700


def test_nothing_that_happened_is_nothing_told():
    assert points([]) == ()
