"""The picture of a judged table shows each gate with what it has to reach."""

import random

from greenramp.clients.verdictplots import evidence_figure
from greenramp.config import Service
from greenramp.judging.recorded import Replay, Row

PLAN = Service.model_validate(
    {
        "model": "fraud",
        "gates": [
            {"name": "errors", "metric": "errors", "margin": 0.5, "role": "require"},
            {"name": "drift", "metric": "drift"},
            {"name": "times", "metric": "latency"},
        ],
    }
)


def drawn(ts):
    chance = random.Random(1)
    rows = []
    for n in range(1, 301):
        mine = chance.random() < 0.5
        rows.append(Row(n, mine, ts * n, share=0.5, failed=mine and n > 100, prediction=chance.choice("ab")))
    replay = Replay(PLAN, ["side", "failed", "prediction"])
    looks = list(replay.run(rows))
    return evidence_figure(looks, replay.reached, "a table"), replay


def test_every_gate_has_its_evidence_its_threshold_and_its_verdict():
    figure, replay = drawn(ts=1.0)
    errors, drift, times, shares = figure.axes
    assert [axis.get_ylabel().splitlines()[0] for axis in figure.axes] == ["errors", "drift", "times", "router/shares"]
    assert errors.get_legend_handles_labels()[1] == ["against it", "for it"]
    assert drift.get_legend_handles_labels()[1] == ["distance of the answers", "tolerance"]
    assert times.get_title(loc="left").startswith("unavailable: the table has no column ms")
    assert errors.get_title(loc="left").startswith("fail:")
    assert figure.get_suptitle() == "a table"
    lines = [line.get_xdata()[0] for line in errors.lines if len(set(line.get_xdata())) == 1]
    assert replay.reached["errors"].ts - 1 in lines
    assert shares.get_xlabel() == "seconds since the first row"


def test_without_times_it_goes_by_rows():
    figure, _ = drawn(ts=0.0)
    assert figure.axes[-1].get_xlabel() == "row"
