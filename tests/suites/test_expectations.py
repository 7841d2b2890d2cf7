"""What a gate makes of the findings about a table, and how these are said and shown."""

import pytest

from greenramp.config.expectations import Suite
from greenramp.suites.expectation_words import wanted
from greenramp.suites.expectations import Finding, State, SuiteResult, markdown_of, table_of, verdict_of
from greenramp.verdict import Outcome

MET = Finding("expect_a", "a", "a not null", State.MET, "all 1,204 values are", 0, 0.0)
UNMET = Finding(
    "expect_b",
    "b",
    "prediction between 0 and 9",
    State.UNMET,
    "37 of 1,204 values are not",
    37,
    3.07,
    ("12", "10", "11"),
)
EMPTY = Finding("expect_c", "c", "c null where failed", State.EMPTY, "no row meets the condition")
INVALID = Finding("expect_d", "d", "d at least 0", State.INVALID, "", error='The column "d" does not exist.')


def verdict(*findings, rows=1204, min_rows=50):
    return verdict_of("contract", SuiteResult("answers", rows, findings), rows, min_rows)


@pytest.mark.parametrize(
    ("findings", "outcome"),
    [
        pytest.param([MET, MET], Outcome.PASS, id="all met"),
        pytest.param([MET, UNMET], Outcome.FAIL, id="one not met"),
        pytest.param([MET, INVALID], Outcome.INVALID, id="one that could not be evaluated"),
        pytest.param([UNMET, INVALID], Outcome.FAIL, id="the worst of two wins"),
        pytest.param([MET, EMPTY], Outcome.PASS, id="a condition that no row meets stands beside others"),
        pytest.param([EMPTY, EMPTY], Outcome.UNSURE, id="no expectation found a row"),
        pytest.param([], Outcome.UNSURE, id="no expectations"),
    ],
)
def test_the_findings_decide(findings, outcome):
    assert verdict(*findings).outcome is outcome


@pytest.mark.parametrize("findings", [[MET], [MET, UNMET], [INVALID], []])
@pytest.mark.parametrize(("rows", "min_rows"), [(49, 50), (0, 0), (0, 50)])
def test_too_few_rows_decide_nothing_and_none_is_never_a_pass(findings, rows, min_rows):
    assert verdict(*findings, rows=rows, min_rows=min_rows).outcome is Outcome.UNSURE


def test_a_failure_names_what_is_not_met_with_counts_and_an_example():
    said = verdict(MET, UNMET, MET)
    assert said.sentence == (
        "1 of 3 expectations not met on 1,204 rows: prediction between 0 and 9: 37 of 1,204 values are not, e.g. 12, 10"
    )
    assert said.numbers == {"rows": 1204, "expectations": 3, "unmet": 1, "invalid": 0}


def test_of_many_failures_the_first_are_named_and_the_others_counted():
    sentence = verdict(*[UNMET] * 5).sentence
    assert sentence.count("between 0 and 9") == 3
    assert sentence.endswith("; and 2 more")


def test_what_could_not_be_evaluated_is_named_with_the_reason():
    assert 'd at least 0: The column "d" does not exist.' in verdict(MET, INVALID).sentence


def test_below_the_fewest_rows_it_says_how_many_are_there_and_what_they_look_like_so_far():
    sentence = verdict(MET, UNMET, rows=12).sentence
    assert sentence.startswith("12 rows, wanted 50; so far 1 of 2 expectations not met: prediction between 0 and 9")


def test_the_table_holds_every_finding_and_the_bad_ones_first():
    rows = table_of(SuiteResult("answers", 9, (MET, EMPTY, INVALID, UNMET)))
    assert [row["state"] for row in rows] == ["unmet", "invalid", "empty", "met"]
    assert rows[0]["examples"] == "12, 10, 11"
    assert rows[1]["observed"] == 'The column "d" does not exist.'


def test_markdown_survives_what_stands_in_the_cells():
    odd = Finding("expect_x", "s", "s matching a|b", State.UNMET, "1 of 2\nvalues are not", 1, 50.0, ("x|y",))
    lines = markdown_of(SuiteResult("answers", 1204, (MET, odd))).splitlines()
    assert lines[0] == "**answers**: 1 of 2 expectations met, 1,204 rows"
    assert lines[4] == r"| unmet | s matching a\|b | 1 of 2 values are not | x\|y | expect_x |"
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("expectation", "kwargs", "words"),
    [
        ("expect_column_values_to_be_between", {"column": "p", "min_value": 0, "max_value": 9}, "p between 0 and 9"),
        ("expect_column_values_to_be_between", {"column": "p", "min_value": 0.5}, "p at least 0.5"),
        ("expect_column_values_to_be_between", {"column": "p", "max_value": 1, "strict_max": True}, "p below 1"),
        (
            "expect_column_values_to_be_between",
            {"column": "p", "min_value": 0, "max_value": 1, "strict_min": True},
            "p above 0 and at most 1",
        ),
        (
            "expect_column_values_to_not_be_null",
            {"column": "p", "mostly": 0.999, "row_condition": "failed == False", "condition_parser": "pandas"},
            "p not null for at least 99.9 % where failed == False",
        ),
        ("expect_column_values_to_be_in_set", {"column": "p", "value_set": ["a", 2]}, "p one of a, 2"),
        ("expect_table_row_count_to_be_between", {"min_value": 3}, "number of rows at least 3"),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "a", "column_B": "b", "or_equal": True},
            "a, b: column pair values a to be greater than b (or_equal True)",
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}, "a, b: compound columns to be unique"),
        ("expect_column_values_to_be_in_set", {"column": "p"}, "p: column values to be in set"),
    ],
)
def test_an_expectation_is_said_in_words(expectation, kwargs, words):
    assert wanted(expectation, kwargs) == words


def test_long_lists_are_not_said_at_any_length():
    kwargs = {"column": "p", "value_set": list(range(10_000))}
    assert len(wanted("expect_column_values_to_be_in_set", kwargs)) < 200


def test_the_short_form_and_great_expectations_own_are_the_same():
    kwargs = {"column": "prediction", "min_value": 0}
    own = {"type": "expect_column_values_to_be_between", "kwargs": kwargs, "id": "1", "severity": "critical"}
    suite = Suite.model_validate({"expectations": [{"expect_column_values_to_be_between": kwargs}, own]})
    assert len({(one.type, str(one.kwargs)) for one in suite.expectations}) == 1
