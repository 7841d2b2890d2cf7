"""Suites run by the real great-expectations, which takes seconds to import: all that needs it stands in this file."""

import json
import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from greenramp.clients.configfiles import read_suite
from greenramp.clients.expectations import faults_of, judge_table, validate
from greenramp.clients.gxfindings import plain
from greenramp.clients.knownexpectations import argument_faults
from greenramp.clients.steptable import frame_of
from greenramp.config.expectations import Expected, Suite, SuiteGate
from greenramp.drafting import draft
from greenramp.errors import ConfigError
from greenramp.expectations import State, markdown_of, table_of
from greenramp.inputsdraft import draft_inputs
from greenramp.verdict import Outcome

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def library():
    """Import it once, here: it uses what its own dependencies call deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: F401


def suite(*expectations):
    return Suite.model_validate({"expectations": list(expectations)})


def found(table, expectation, **kwargs):
    return validate("s", suite({expectation: kwargs}), pd.DataFrame(table)).findings[0]


def values_between(**kwargs):
    return {"expect_column_values_to_be_between": {"column": "prediction", **kwargs}}


def test_what_is_not_as_expected_is_counted_with_examples():
    seen = found(
        {"prediction": [1, 2, 12, 13, 12]}, "expect_column_values_to_be_between", column="prediction", max_value=9
    )
    assert (seen.state, seen.unexpected, seen.percent) == (State.UNMET, 3, 60)
    assert seen.observed == "3 of 5 values are not"
    assert seen.examples == ("12", "13")


def test_findings_stand_in_the_order_of_the_suite():
    asked = suite(
        {"expect_table_row_count_to_be_between": {"min_value": 1}},
        values_between(min_value=0),
        {"expect_column_to_exist": {"column": "nope"}},
        {"expect_column_values_to_not_be_null": {"column": "prediction"}},
        {"expect_column_values_to_be_between": {"column": "nope", "min_value": 0}},
        values_between(min_value=0),
    )
    result = validate("s", asked, pd.DataFrame({"prediction": [1, 2]}))
    assert [one.expectation for one in result.findings] == [one.type for one in asked.expectations]
    assert [one.state.value for one in result.findings] == ["met", "met", "unmet", "met", "invalid", "met"]
    assert result.rows == 2


TABLE = {
    "prediction": [1.0, None, 3.0],
    "text": ["a", "b", None],
    "mixed": [1, "x", None],
    "nulls": [None, None, None],
    "nan": [np.nan] * 3,
    "failed": [False, True, False],
}


@pytest.mark.parametrize(
    ("expectation", "kwargs", "error"),
    [
        (
            "expect_column_values_to_be_between",
            {"column": "nope", "min_value": 0},
            '"nope" in BatchData does not exist',
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "text", "min_value": 0},
            "must either be None or of the same",
        ),
        ("expect_column_mean_to_be_between", {"column": "text", "min_value": 0}, ""),
        ("expect_column_values_to_match_regex", {"column": "text", "regex": "("}, ""),
        ("expect_column_values_to_be_between", {"column": "nulls", "max_value": 1}, "nulls holds no value to look at"),
        ("expect_column_values_to_be_in_set", {"column": "nan", "value_set": [1]}, "nan holds no value to look at"),
        ("expect_column_mean_to_be_between", {"column": "nan", "max_value": 1}, "nan holds no value to look at"),
        ("expect_column_values_to_be_null", {"column": "text", "row_condition": "nope == 1"}, "nope"),
        ("expect_bogus", {"column": "text"}, "expect_bogus not found"),
        ("expect_column_values_to_be_between", {"column": "text"}, "cannot both be None"),
    ],
)
def test_what_can_not_be_evaluated_is_invalid_with_the_reason_and_no_crash(expectation, kwargs, error):
    seen = found(TABLE, expectation, **kwargs)
    assert seen.state is State.INVALID
    assert seen.error
    assert error in seen.error


@pytest.mark.parametrize("kind", ["mean", "median", "values"])
def test_a_condition_that_no_row_meets_is_neither_met_nor_unmet(kind):
    name = f"expect_column_{kind}_to_be_between"
    seen = found(TABLE, name, column="prediction", max_value=9, row_condition="prediction > 100")
    assert seen.state is State.EMPTY


def test_a_condition_chooses_the_rows():
    seen = found(TABLE, "expect_column_values_to_not_be_null", column="prediction", row_condition="failed == False")
    assert (seen.state, seen.observed) == (State.MET, "all 2 values are")


@pytest.mark.parametrize("dtype", ["object", "str", "string"])
def test_texts_are_of_type_str_whatever_pandas_calls_them(dtype):
    table = pd.DataFrame({"prediction": pd.Series(["a", None, "b"], dtype=dtype)})
    for types, state in ((["str"], State.MET), (["int", "int64"], State.UNMET)):
        asked = suite({"expect_column_values_to_be_in_type_list": {"column": "prediction", "type_list": types}})
        assert validate("s", asked, table).findings[0].state is state


def test_results_full_of_numpy_become_plain_words():
    asked = suite(
        {
            "expect_column_quantile_values_to_be_between": {
                "column": "prediction",
                "quantile_ranges": {"quantiles": [0.5, 0.9], "value_ranges": [[0, 1], [0, 9]]},
            }
        },
        {"expect_column_pair_values_a_to_be_greater_than_b": {"column_A": "prediction", "column_B": "other"}},
        {"expect_column_mean_to_be_between": {"column": "prediction", "max_value": 1}},
        {"expect_column_distinct_values_to_be_in_set": {"column": "prediction", "value_set": [1]}},
    )
    result = validate("s", asked, pd.DataFrame({"prediction": np.arange(9) / 3, "other": np.arange(9)}))
    assert [one.state for one in result.findings] == [State.UNMET] * 4
    text = json.dumps(table_of(result)) + markdown_of(result)
    assert "np." not in text
    assert "numpy" not in text
    assert result.findings[2].observed == "it is 1.33333"


@pytest.mark.parametrize(
    ("value", "kind"),
    [(np.int64(3), int), (np.float32(2), float), (np.bool_(True), bool), ([np.int64(1)], list), ("x", str)]
    + [(none, type(None)) for none in (np.nan, pd.NA, pd.NaT, float("nan"))],
)
def test_every_value_becomes_pythons_own(value, kind):
    found = plain(value)
    assert isinstance(found, kind)
    assert not isinstance(found, np.generic)
    assert not isinstance(found, list) or type(found[0]) is int


def test_a_suite_that_the_library_itself_has_written_is_taken():
    import great_expectations as gx

    kwargs = {"column": "prediction", "min_value": 0, "max_value": 9, "notes": "digits", "meta": {"by": "us"}}
    made = gx.ExpectationSuite(name="s", expectations=[gx.expectations.ExpectColumnValuesToBeBetween(**kwargs)])
    written = made.to_json_dict()["expectations"]
    read = Suite.model_validate({"expectations": written})
    assert faults_of(read) == []
    assert validate("s", read, pd.DataFrame({"prediction": [12]})).findings[0].wanted == "prediction between 0 and 9"


def test_answers_that_are_lists_or_objects_crash_nothing():
    table = pd.DataFrame({"prediction": [[1], {"a": 2}, "x"]})
    asked = suite(values_between(min_value=0), {"expect_column_values_to_be_unique": {"column": "prediction"}})
    assert len(validate("s", asked, table).findings) == 2


def test_nothing_is_printed_and_nobody_is_called(capfd):
    validate("s", suite(values_between(min_value=0)), pd.DataFrame({"prediction": range(1000)}))
    seen = capfd.readouterr()
    assert (seen.out, seen.err) == ("", "")


def test_the_import_can_begin_early_and_beside_other_work():
    """In a process of its own: a finished import can't be begun again."""
    code = """
import sys
from greenramp.clients.expectations import validate, warm
from greenramp.config.expectations import Suite
assert "great_expectations" not in sys.modules
thread = warm()
import pandas as pd
asked = Suite.model_validate({"expectations": [{"expect_column_to_exist": {"column": "a"}}]})
print(validate("s", asked, pd.DataFrame({"a": [1]})).findings[0].state.value)
thread.join(60)
assert not thread.is_alive()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False)
    assert (done.stdout, done.returncode) == ("met\n", 0), done.stderr


# the gate


@pytest.mark.parametrize(
    ("values", "outcome"),
    [([1] * 60, Outcome.PASS), ([1] * 59 + [12], Outcome.FAIL), ([1] * 49, Outcome.UNSURE), ([], Outcome.UNSURE)],
    ids=["good", "one bad", "too few", "none"],
)
def test_the_gate_judges_a_steps_table(values, outcome):
    gate = SuiteGate(name="contract", suite="answers", min_requests=50)
    table = frame_of([{"prediction": value, "failed": False} for value in values])
    verdict, result = judge_table(gate, suite(values_between(min_value=0, max_value=9)), table)
    assert verdict.outcome is outcome
    assert (verdict.gate, result.suite, result.rows) == ("contract", "answers", len(values))


def test_answers_that_are_all_null_never_pass():
    gate = SuiteGate(name="contract", suite="answers", min_requests=50)
    table = frame_of([{"prediction": None, "failed": False}] * 100)
    verdict, _ = judge_table(gate, suite(values_between(min_value=0)), table)
    assert verdict.outcome is Outcome.INVALID


# drafts hold on what they were drafted from, and not on something else

chance = random.Random(3)


def traffic(value, count=3000):
    return [value(n) for n in range(count)]


PREDICTIONS = {
    "sizes": traffic(lambda _: chance.lognormvariate(3, 0.6)),
    "heavy tail": traffic(lambda _: chance.paretovariate(1.1)),
    "both signs": traffic(lambda _: chance.gauss(-5, 2)),
    "probabilities": traffic(lambda _: chance.betavariate(2, 5)),
    "digits": traffic(lambda n: n % 10),
    "texts": traffic(lambda n: f"customer {n}"),
    "classes": traffic(lambda _: chance.choice(["cat", "dog", "owl"])),
    "flags": traffic(lambda _: chance.random() < 0.3),
    "constant": traffic(lambda _: 3.5),
    "some nulls": traffic(lambda _: None if chance.random() < 0.05 else chance.gauss(0, 1)),
    "few": traffic(lambda _: chance.gauss(0, 1), 50),
}


def outcome_on(drafted, values):
    gate = SuiteGate(name="contract", suite="answers", min_requests=50)
    rows = [{"prediction": value, "rows": 1, "failed": False} for value in values]
    return judge_table(gate, drafted, frame_of(rows))[0]


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_a_draft_passes_on_the_very_traffic_it_was_drafted_from_and_on_parts_of_it(kind):
    values = PREDICTIONS[kind]
    drafted = draft({"prediction": values, "rows": [1] * len(values)}, "x", "failed == False")
    for part in (values, values[-200:], chance.sample(values, 50)):
        verdict = outcome_on(drafted, part)
        assert verdict.outcome is Outcome.PASS, str(verdict)


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        pytest.param("sizes", lambda v: v * 1000, id="another unit"),
        pytest.param("sizes", lambda v: v * 1.8, id="a shift within the range"),
        pytest.param("both signs", lambda v: v + 2, id="one standard deviation more"),
        pytest.param("probabilities", lambda v: -v, id="probabilities below zero"),
        pytest.param("digits", lambda v: v + 1, id="a class that never was"),
        pytest.param("digits", lambda _: 3, id="always the same class"),
        pytest.param("classes", lambda v: v.upper(), id="other names of classes"),
        pytest.param("classes", lambda v: None if v == "owl" else v, id="a third null"),
        pytest.param("flags", int, id="another type"),
        pytest.param("texts", lambda v: v * 3, id="much longer texts"),
        pytest.param("some nulls", lambda v: None if v is None or v > 0.5 else v, id="many more nulls"),
    ],
)
def test_a_draft_fails_on_a_planted_change(kind, spoil):
    values = PREDICTIONS[kind]
    drafted = draft({"prediction": values, "rows": [1] * len(values)}, "x", "failed == False")
    assert outcome_on(drafted, [spoil(value) for value in values[:1000]]).outcome is Outcome.FAIL


def test_a_draft_of_inputs_holds_on_inputs_of_that_signature_only():
    columns = [
        {"name": "age", "type": "long", "required": True},
        {"name": "city", "type": "string", "required": False},
        {"name": "score", "type": "double", "required": True},
        {"name": "member", "type": "boolean", "required": True},
    ]
    asked = draft_inputs("fraud version 3", columns)
    good = pd.DataFrame({"age": [30, 40], "city": ["Bern", None], "score": [0.5, 1], "member": [True, False]})
    assert {one.state for one in validate("s", asked, good).findings} == {State.MET}
    for change in ({"age": ["30", "40"]}, {"score": [0.5, None]}, {"member": ["yes", "no"]}):
        assert State.UNMET in {one.state for one in validate("s", asked, good.assign(**change)).findings}
    assert State.UNMET in {one.state for one in validate("s", asked, good.drop(columns="age")).findings}


# what the library refuses, and what is known without importing it


@pytest.mark.parametrize(
    ("expectation", "kwargs", "error"),
    [
        ("expect_bogus", {}, "expect_bogus not found"),
        ("expect_column_to_exist", {"column": 3}, "column: str type expected"),
        ("expect_column_values_to_not_be_null", {"column": "p", "mostly": 3}, "mostly: ensure this value is less than"),
        ("expect_column_values_to_be_between", {"column": "p"}, "min_value and max_value cannot both be None"),
        (
            "expect_column_values_to_be_between",
            {"column": "p", "max_value": 1, "x": 2},
            "x: extra fields not permitted",
        ),
    ],
)
def test_the_library_says_what_is_wrong_with_an_expectation(expectation, kwargs, error):
    ((key, said),) = faults_of(suite({expectation: kwargs}))
    assert key == f"expectations.0.{expectation}"
    assert error in said


def test_the_demos_suite_is_without_fault_and_tells_digits_from_others():
    asked = read_suite(ROOT / "configs", "digits", "answers")
    assert faults_of(asked) == []
    good = [{"prediction": n % 10, "rows": 1, "failed": False} for n in range(60)]
    lost = {"prediction": None, "rows": None, "failed": True}
    for bad, outcome in (([], Outcome.PASS), ([lost], Outcome.PASS), ([{**good[0], "prediction": 10}], Outcome.FAIL)):
        gate = SuiteGate(name="contract", suite="answers", min_requests=50)
        assert judge_table(gate, asked, frame_of([*good, *bad]))[0].outcome is outcome


def test_what_is_known_without_the_library_is_what_the_library_says():
    import great_expectations.expectations.core as core
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    for name in list_registered_expectation_implementations():
        if not name.startswith("expect_"):
            continue
        (made,) = [one for one in dir(core) if one.lower() == name.replace("_", "")]
        fields = getattr(core, made).__fields__
        needed = {field.alias: 1 for field in fields.values() if field.required}
        assert list(argument_faults(Expected(type=name, kwargs=needed))) == [], name
        for key in needed:
            without = {other: value for other, value in needed.items() if other != key}
            unknown = list(argument_faults(Expected(type=name, kwargs=without)))
            assert unknown in ([(key, "nothing", f"{name} needs this argument")], []), name


def test_a_suite_that_is_not_there_is_refused_with_the_ones_there_are():
    with pytest.raises(ConfigError, match=r"no suite 'inputs' of digits: .* is not there; its suites: answers"):
        read_suite(ROOT / "configs", "digits", "inputs")
