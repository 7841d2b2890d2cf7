"""Each check in its two ways, with the sentence a person reads."""

import json
import math

import pytest

from greenramp.config import Smoke, Tolerance
from greenramp.smoke import checks
from greenramp.smoke.answer import Answer, Body
from greenramp.smoke.report import Note, Report, verdict
from greenramp.smoke.wrong_input import WrongInput
from greenramp.verdict import Outcome

PASS, FAIL = Outcome.PASS, Outcome.FAIL


def answer(*predictions, status=200, version="7", text=None):
    return Answer(
        status, json.dumps({"predictions": list(predictions)}) if text is None else text, 1.0, version, "blue"
    )


BROKEN = answer(status=400, text='{"message":\n "not today"}')


@pytest.mark.parametrize(
    ("found", "outcome", "said"),
    [
        pytest.param(checks.answered([answer(1)] * 3), PASS, "3 of 3 requests were answered", id="answered"),
        pytest.param(
            checks.answered([answer(1), BROKEN]),
            FAIL,
            '1 of 2 requests were answered; the first said 400 {"message": "not today"}',
            id="one is not",
        ),
        pytest.param(checks.answered([answer()]), FAIL, "0 of 1", id="no predictions are no answer"),
        pytest.param(checks.answered([answer(text="hello")]), FAIL, "0 of 1", id="no JSON is no answer"),
        pytest.param(checks.finite([answer(1, 2.5), answer("cat")]), PASS, "0 of 3 predictions", id="finite"),
        pytest.param(checks.finite([answer(1, None)]), FAIL, "1 of 2 predictions are null", id="null"),
        pytest.param(checks.finite([answer(math.nan, math.inf)]), FAIL, "2 of 2", id="NaN and infinity"),
        pytest.param(checks.finite([answer({"a": [1, None]})]), FAIL, "1 of 2", id="null within"),
        pytest.param(checks.meant([answer(1)], "7", "blue"), PASS, "answered by", id="the version meant"),
        pytest.param(checks.meant([answer(1), answer(1, version="8")], "7", "blue"), FAIL, '"8"', id="one of another"),
        pytest.param(checks.started(3.0, None), PASS, "ready 3.0 s after its start", id="a start without limit"),
        pytest.param(checks.started(3.0, 2.0), FAIL, "allowed 2 s", id="a slow start"),
        pytest.param(
            checks.endured([answer(1)] * 4, 4, 2.0), PASS, "4 of 4 requests answered in 2.0 s, 2", id="endured"
        ),
        pytest.param(checks.endured([answer(1)], 4, 2.0), PASS, "(4 were wanted, the time was up)", id="no more time"),
        pytest.param(checks.endured([], 4, 2.0), FAIL, "0 of 0", id="no answer at all"),
        pytest.param(checks.endured([answer(1), BROKEN], 2, 1.0), FAIL, "others said 400", id="not all endured"),
        pytest.param(checks.equal("x", [("a", None)], "are so"), PASS, "1 of 1 are so", id="equal"),
        pytest.param(checks.equal("x", [("a", None), ("b", "off")], "are so"), FAIL, "are so; b: off", id="unequal"),
    ],
)
def test_a_check_says_what_it_saw(found, outcome, said):
    assert found.outcome is outcome
    assert said in found.sentence


def test_the_median_and_the_slowest_twentieth_have_limits_of_their_own():
    times = [10.0] * 90 + [300.0] * 10
    assert checks.fast(times, Smoke()).outcome is PASS
    assert checks.fast(times, Smoke(max_latency_ms=9.0)).outcome is FAIL
    slow = checks.fast(times, Smoke(max_p95_latency_ms=200.0))
    assert slow.outcome is FAIL
    assert "p95 300.0 ms, allowed 200 ms" in slow.sentence
    assert slow.numbers == {"median_ms": 10.0, "p95_ms": 300.0}
    assert checks.fast([10.0] * 96 + [300.0] * 4, Smoke(max_p95_latency_ms=200.0)).outcome is PASS


def test_two_answers_to_one_request_are_shown():
    given = {0: [answer(1.0), answer(1.0)], 1: [answer(2.0), answer(2.0), answer(2.5)]}
    found = checks.same_each_time(given, Tolerance())
    assert found.outcome is FAIL
    assert found.sentence == (
        "2 requests asked 5 times in all, 1 time with another answer than the first time; "
        "request 2, asked again: answer 1 is 2.5 instead of 2.0"
    )
    assert checks.same_each_time(given, Tolerance(absolute=0.6)).outcome is PASS
    assert checks.same_each_time({0: [answer(1), BROKEN]}, Tolerance()).outcome is FAIL


@pytest.mark.parametrize(
    ("given", "alive", "may_pass", "fault"),
    [
        pytest.param(BROKEN, True, False, None, id="refused with a reason"),
        pytest.param(
            answer(status=400, text=" "), True, False, "it was answered with 400 without a reason", id="silent"
        ),
        pytest.param(answer(status=500), True, True, "it was answered with 500", id="an error of the server"),
        pytest.param(answer(1), True, False, "it was answered with 200", id="accepted"),
        pytest.param(answer(1), True, True, None, id="accepted where nothing says that it is wrong"),
        pytest.param(BROKEN, False, False, "it was answered with 400, and the server is gone", id="deadly"),
    ],
)
def test_wrong_input_is_refused_with_a_reason_and_without_harm(given, alive, may_pass, fault):
    seen = checks.refused(WrongInput("it", Body(b""), may_pass), given, alive)
    assert seen is None if fault is None else seen.startswith(fault)


def test_memory_has_a_limit_for_its_size_and_one_for_its_growth():
    assert checks.small(100, 120, None, 50, Smoke()).sentence == "100 MB before, 120 MB after 50 requests"
    assert checks.small(100, 120, 0.049, 50, Smoke()).outcome is PASS
    assert checks.small(100, 120, -1.0, 50, Smoke()).numbers["mb_per_1000_requests"] == 0
    leak = checks.small(100, 160, 0.1, 600, Smoke())
    assert leak.outcome is FAIL
    assert "grows by 100.0 MB per 1,000 requests, allowed 50 MB" in leak.sentence
    assert checks.small(100, 160, 0.0, 600, Smoke(max_memory_mb=150.0)).outcome is FAIL


def test_a_report_tells_causes_first_and_what_was_not_checked():
    report = Report()
    report.add(verdict("memory", True, "small"), verdict("deterministic", False, "differs"))
    report.note("formats/csv", "no")
    report.add(verdict("alive", False, "gone"))
    report.note("formats/csv", "no, again")
    report.note("memory", "said already")
    assert [row["check"] for row in report.rows()] == [
        *["smoke/alive", "smoke/deterministic", "smoke/formats/csv", "smoke/memory"]
    ]
    assert [row["verdict"] for row in report.rows()] == ["fail", "fail", "not checked", "pass"]
    assert [v.gate for v in report.verdicts] == ["smoke/alive", "smoke/deterministic", "smoke/memory"]
    assert str(Note("formats/csv", "no")) == "smoke/formats/csv is not checked: no"
