"""The picture of a shadow comparison shows what was found, for every kind of answers."""

import io

import numpy as np
import pytest

from greenramp.clients.shadowplots import shadow_figure
from greenramp.shadow.answers import Answer
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.rules import ShadowRules

CHANCE = np.random.default_rng(1)
NAMES = ["a", "b", "c"]


def answers(predictions, slower=1.0):
    return [Answer(f"id-{n}", n / 100, 200, slower * (5 + n % 7), [value], 100) for n, value in enumerate(predictions)]


def report_of(live, candidate, slower=1.0):
    comparison = ShadowComparison(ShadowRules(), ["country"])
    features = {f"id-{n}": {"country": "BR" if n % 10 == 0 else "US"} for n in range(len(live))}
    comparison.take(answers(live), answers(candidate, slower), features)
    comparison.finish()
    return comparison.report()


def drawn(report):
    figure = shadow_figure(report, "prices")
    figure.savefig(io.BytesIO())  # a layout that does not fit warns, and warnings are errors
    return figure


def words_of(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def titles(figure):
    return [axis.get_title(loc="left") for axis in figure.axes]


@pytest.fixture(scope="module")
def prices():
    return [float(p) for p in CHANCE.lognormal(3, 0.5, 400)]


def test_numbers_are_a_scatter_and_their_differences(prices):
    report = report_of(prices, [p * (2 if n % 10 == 0 else 1) for n, p in enumerate(prices)], slower=3.0)
    figure = drawn(report)
    assert [title.split(",")[0].split(":")[0].split(" (")[0] for title in titles(figure)[1:]] == [
        "both answers to 400 requests", "differences", "time to answer", "where they differ",
    ]  # fmt: skip
    words = words_of(figure)
    assert words[0] == "prices"
    assert words[1].lower() == report["headline"].lower()
    assert "400 pairs, 0 answered by the champion only, 0 by the candidate only" in words
    assert [word for word in words if word.startswith("slices: ")]
    scatter, times, slices = figure.axes[1], figure.axes[3], figure.axes[4]
    assert sum(len(points.get_offsets()) for points in scatter.collections) == 400
    assert times.get_legend_handles_labels()[1] == ["champion", "candidate"]
    assert [label.get_text() for label in slices.get_yticklabels()] == ["country=US", "country=BR"]
    colors = [bar.get_facecolor()[:3] for bar in slices.patches]
    assert colors[0] != colors[1]


def test_classes_are_a_confusion_matrix_and_how_often_each_is_answered():
    live = [NAMES[n] for n in CHANCE.integers(0, 3, 400)]
    figure = drawn(report_of(live, ["b" if name == "c" else name for name in live]))
    matrix, shares = figure.axes[1], figure.axes[2]
    assert [label.get_text() for label in matrix.get_yticklabels()] == NAMES
    assert [text.get_text() for text in matrix.texts] == ["100"] * 3
    assert [round(bar.get_height()) for bar in shares.patches][-1] == 0
    assert words_of(figure)[1].startswith("The candidate never answers c")


def test_many_long_class_names_fit():
    names = [f"a rather long name of class {n}" for n in range(40)]
    live = [names[n] for n in CHANCE.integers(0, 40, 400)]
    figure = drawn(report_of(live, live))
    assert len(figure.axes[1].get_yticklabels()) == 20


@pytest.mark.parametrize(
    ("live", "candidate", "title"),
    [
        ([[1.0, 2.0], [3.0, -9.0]] * 100, [[1.0, 2.5], [3.0, -9.0]] * 100, "how far the two answers are apart"),
        ([["x", "y"], ["y", "z"]] * 100, [["x", "y"], ["z", "y"]] * 100, "how far the two answers are apart"),
        ([{"a": "b", "c": 1}] * 200, [{"a": "b", "c": 2}] * 200, ""),
        ([], [], ""),
        ([None] * 200, [0.5] * 200, ""),
    ],
    ids=["outputs", "rankings", "objects", "nothing", "no valid answers"],
)
def test_other_answers_are_shown_by_their_examples(live, candidate, title):
    figure = drawn(report_of(live, candidate))
    assert titles(figure)[1:3] == [title, "examples"]


def test_an_example_shows_both_answers():
    figure = drawn(report_of([{"a": "b", "c": 1}] * 200, [{"a": "b", "c": 2}] * 200))
    assert [w for w in words_of(figure) if "champion   {'a': 'b', 'c': 1}\n  candidate  {'a': 'b', 'c': 2}" in w]
