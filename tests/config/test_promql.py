"""Queries that give raw counters of both sides are let through; the others are refused with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.config.promql import faults_of


@pytest.mark.parametrize(
    "query",
    [
        'sum by (environment) (payment_refused_total{service="digits"})',
        "sum(payment_refused_total) by (environment)",
        "SUM BY(environment, reason)(payment_refused_total)",
        'payment_refused_total{service=~"a|b[0-9]+", note="rate(x[5m])"}',
        "sum without (pod, instance) (payment_refused_total)",
        "refused_total or 0 * paid_total",
        "sum by (environment) (all_total) - sum by (environment) (good_total)  # bad ones",
        "job:refused:total",
        'x_total{environment=~"blue|green"}',
        "sum by (environment) (sum by (environment, pod) (x_total))",
    ],
)
def test_raw_counters_that_keep_the_sides_apart_are_fine(query):
    assert list(faults_of(query, "environment")) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum by (environment) (rate(a_total[5m]))", "rate() looks back over a window"),
        ('increase(a_total{b="c"}[1m])', 'give the raw counter, a_total{b="c"}: the differences are taken here'),
        ("irate(a_total[5m])", "give the raw counter, a_total"),
        ("max_over_time(a_total[5m])", "max_over_time() looks back over a window"),
        ("a_total[5m]", "a range [...] gives a window of values"),
        ("sum(a_total)", "sum loses the label environment; write sum by (environment) (...)"),
        ("sum by (pod) (a_total)", "sum loses the label environment"),
        ("sum by () (a_total)", "sum loses the label environment"),
        ("sum without (environment) (a_total)", "sum loses the label environment"),
        ("sum by (environment) (sum(a_total))", "sum loses the label environment"),
        ("avg by (environment) (a_total)", "avg() does not give a counter"),
        ("topk by (environment) (1, a_total)", "topk() does not give a counter"),
        ("histogram_quantile(0.9, a_bucket)", "histogram_quantile() does not give a counter"),
        ("a_total / b_total", "'/' makes a number that is no counter"),
        ("a_total > 0", "'>' leaves out counters by their value"),
        ('a_total{environment="blue"}', 'environment="blue" leaves only one side'),
        ("sum by (environment) (a_total", "a '(' is never closed"),
        ("a_total)", "a ')' closes nothing"),
        ('a_total{b="c}', "a quote that is never closed"),
        ("a_total ; b_total", "is no PromQL"),
        ("  # nothing", "the query is empty"),
    ],
)
def test_what_is_no_counter_of_both_sides_is_refused(query, said):
    assert said in "; ".join(faults_of(query, "environment"))


def test_a_histogram_keeps_its_bounds_too():
    assert list(faults_of("sum by (le, environment) (a_bucket)", "environment", ["le"])) == []
    (fault,) = faults_of("sum by (environment) (a_bucket)", "environment", ["le"])
    assert fault == "sum loses the label le; write sum by (environment, le) (...)"


PIECES = st.sampled_from(
    [
        "sum",
        "by",
        "without",
        "(",
        ")",
        "{",
        "}",
        "[5m]",
        "rate",
        "a_total",
        "environment",
        "=",
        '"x"',
        ",",
        "/",
        "0",
        "#",
        "'",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=15).map(" ".join))
def test_any_text_is_judged_in_words(query):
    assert all(isinstance(fault, str) and fault for fault in faults_of(query, "environment", ["le"]))
