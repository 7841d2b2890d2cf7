"""The gates on recorded rows say what they would have said in the release."""

import random

import pytest

from greenramp.config import Service
from greenramp.judging.recorded import Replay, Row
from greenramp.judging.rules import judge_all
from greenramp.measures.counting import Counting
from greenramp.measures.requestcolumns import requests_of
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome

PLAN = Service.model_validate(
    {
        "model": "fraud",
        "gates": [
            {"name": "errors", "metric": "errors", "margin": 0.5},
            {"name": "times", "metric": "latency", "margin": 0.1},
            {"name": "right", "metric": "wrong", "margin": 0.2},
        ],
    }
)
ALL = ["side", "time", "failed", "ms", "prediction", "label", "share"]


def rows(count, worse_from=10**9, seed=1, **fixed):
    chance = random.Random(seed)
    for number in range(1, count + 1):
        mine = chance.random() < 0.25
        failed = chance.random() < (0.9 if mine and number >= worse_from else 0.02)
        answer = chance.randrange(5)
        label = answer if chance.random() < 0.9 else 9
        given = {"ts": number / 10, "share": 0.25, "failed": failed, "ms": chance.lognormvariate(3, 0.5)}
        yield Row(number, mine, **{**given, "prediction": answer, "label": label, **fixed})


def replayed(table, columns=ALL, plan=PLAN, **options):
    replay = Replay(plan, columns, **{"looks": 60, **options})
    return replay, list(replay.run(table))


def test_equal_sides_pass_every_gate():
    replay, looks = replayed(rows(3000))
    assert {gate: one.verdict.outcome for gate, one in replay.reached.items()} == dict.fromkeys(
        ["errors", "times", "right", "router/shares"], Outcome.PASS
    )
    assert looks[-1].row == replay.rows == 3000


def test_a_candidate_that_breaks_fails_right_after_the_row_where_it_broke():
    replay, _ = replayed(rows(3000, worse_from=1500))
    failed = replay.reached["errors"]
    assert failed.verdict.outcome is Outcome.FAIL
    assert 1500 < failed.row < 1600
    assert failed.ts == failed.row / 10
    assert replay.reached["right"].verdict.outcome is Outcome.PASS


def test_a_failure_is_final_whatever_comes_later():
    bad, good = list(rows(60, worse_from=1)), list(rows(4000, seed=2))
    later = (row._replace(number=row.number + 60, ts=row.ts + 6) for row in good)
    replay, looks = replayed([*bad, *later])
    assert looks[-1].verdicts[0].outcome is Outcome.PASS
    assert replay.reached["errors"].verdict.outcome is Outcome.FAIL
    assert replay.reached["errors"].row <= 60


def test_the_last_look_says_what_the_release_itself_would_have_said():
    table = list(rows(1000))
    _, looks = replayed(table)
    counting = Counting(PLAN.gates, Side.GREEN, 0, PLAN.step.min_seconds)
    for row in table:
        side = Side.GREEN if row.mine else Side.BLUE
        request = SeenRequest(row.ts, str(row.number), "", "", side, True, row.failed, not row.failed, row.ms, 25, 0)
        counting.add_requests(requests_of([request]))
        counting.add_predictions([(str(row.number), [row.prediction])])
        counting.add_labels([(str(row.number), [row.label])])
    assert looks[-1].verdicts == judge_all(PLAN, counting)


@pytest.mark.parametrize(
    ("columns", "gate", "needed"),
    [
        (["side", "failed", "prediction", "label"], "times", "ms"),
        (["side", "ms", "prediction", "label"], "errors", "failed"),
        (["side", "failed", "ms", "prediction"], "right", "wrong or prediction and label"),
    ],
)
def test_a_gate_without_its_columns_is_unavailable(columns, gate, needed):
    replay, _ = replayed(rows(1000), columns)
    verdict = replay.reached[gate].verdict
    assert verdict.outcome is Outcome.UNAVAILABLE
    assert verdict.sentence == f"the table has no column {needed}; it has {', '.join(columns)}"


def test_who_gives_one_number_in_a_while_needs_the_time_of_each_row():
    users = {"name": "times", "metric": "latency", "unit": "user"}
    plan = Service.model_validate({"model": "fraud", "gates": [users]})
    replay, _ = replayed(rows(1000, user="a"), ["side", "user", "ms"], plan)
    assert replay.reached["times"].verdict.sentence == "the table has no column time; it has side, user, ms"
    replay, _ = replayed(rows(1000), ["side", "ms"], plan)  # nobody has a while
    assert replay.reached["times"].verdict.numbers["candidate_values"] > 200


def test_wrong_can_be_given_instead_of_answers_and_labels():
    table = [row._replace(wrong=row.prediction != row.label, prediction=None, label=None) for row in rows(2000)]
    with_answers, _ = replayed(rows(2000))
    without, _ = replayed(table, ["side", "failed", "ms", "wrong"])
    assert without.reached["right"].verdict == with_answers.reached["right"].verdict


def test_rows_without_a_label_are_not_counted_as_right():
    replay, _ = replayed(row._replace(label=None if row.number % 2 else row.label) for row in rows(2000))
    numbers = replay.reached["right"].verdict.numbers
    assert 900 < numbers["candidate"] + numbers["champion"] <= 1000


def test_a_share_that_was_counted_is_not_tested_against_itself():
    replay, _ = replayed((row._replace(share=None) for row in rows(500)), share=0.25)
    assert "router/shares" not in replay.reached


def test_each_step_needs_requests_of_its_own():
    table = [row._replace(step="5" if row.number <= 950 else "25") for row in rows(1000)]
    _, looks = replayed(table)
    seen = {look.row: look.verdicts[0].numbers["this_step"] for look in looks}
    assert seen[300] > 50
    assert looks[-1].verdicts[0].numbers["this_step"] == sum(row.mine for row in table if row.step == "25")


def test_some_gates_alone_keep_their_part_of_the_error_budget():
    _, alone = replayed(rows(300), only=["times"])
    _, together = replayed(rows(300))
    assert [v.gate for v in alone[-1].verdicts] == ["times"]
    assert alone[-1].verdicts[0] == together[-1].verdicts[1]
    needed = alone[-1].verdicts[0].numbers["log10_against_needed"]
    assert 10**needed == pytest.approx(60)


CLICKS = Service.model_validate(
    {"model": "fraud", "gates": [{"name": "clicks", "metric": "conversions", "margin": 0.05}]}
)


@pytest.mark.parametrize(("times_as_many", "outcome"), [(1.0, Outcome.PASS), (0.7, Outcome.FAIL)])
def test_clicks_need_no_answers(times_as_many, outcome):
    chance, table = random.Random(4), []
    for number in range(1, 20_001):
        mine = chance.random() < 0.5
        clicked = chance.random() < 0.1 * (times_as_many if mine else 1.0)
        table.append(Row(number, mine, ts=number / 10, share=0.5, label=1 if clicked else None))
    replay, _ = replayed(table, ["side", "time", "share", "label"], CLICKS)
    assert replay.reached["clicks"].verdict.outcome is outcome
