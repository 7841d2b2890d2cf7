"""Suites run by the real great-expectations, which takes seconds to import: all that needs it stands in this file."""

import json
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from greenramp.clients.configfiles import read_service, read_suite
from greenramp.clients.expectations import faults_of, judge_table, validate
from greenramp.clients.gxfindings import plain
from greenramp.clients.knownexpectations import argument_faults
from greenramp.clients.pinning import read_pinned, suite_findings
from greenramp.clients.smokerun.suite import as_suite
from greenramp.clients.stepsuites import AGAIN_SECONDS, StepRows, StepSuites
from greenramp.clients.steptable import frame_of
from greenramp.config import Pinned, Service
from greenramp.config.expectations import Expected, Suite, SuiteGate
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.preflight import refusal
from greenramp.smoke.answer import Answer
from greenramp.suites.drafting import draft
from greenramp.suites.expectations import State, markdown_of, table_of
from greenramp.suites.inputsdraft import draft_inputs
from greenramp.traffic.split import Side
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


# at the end of a step


def happen(home, numbers, generation=5, side="green", predict=lambda n: n % 10, status=200):
    """Requests to a side and its answers, as the logs have them."""
    sent = f"digits.{side}-fallback digits.split {generation} 25 1 {side}"
    row = {"sent": sent, "status": status, "upstream_us": 3000, "us": 3100, "user": "-", "v": "2"}
    with home.request_log.open("a") as log, (home.predictions / f"digits.{side}.0.jsonl").open("a") as answers:
        log.writelines(
            json.dumps({**row, "id": f"{side}{n}", "ts": f"17954380{n // 50:02}.{n:06}"}) + "\n" for n in numbers
        )
        rows = ({"v": 1, "id": f"{side}{n}", "predictions": [predict(n)]} for n in numbers)
        answers.writelines(json.dumps(one) + "\n" for one in rows)


@pytest.fixture
def step(tmp_path):
    """Begin to watch the suite of digits in a step; all traffic is in the home it gives, too."""
    home = Home(tmp_path)
    for folder in (home.request_log.parent, home.predictions):
        folder.mkdir(parents=True)

    def begin(generation=5, suites=None, **gate):
        gates = [
            {"name": "errors", "metric": "errors", "margin": 0.2},
            {"name": "contract", "metric": "expectations", "suite": "answers", **gate},
        ]
        asked = suites or {"answers": suite(values_between(min_value=0, max_value=9))}
        plan = Pinned.model_validate({"model": "digits", "gates": gates, "suites": asked})
        return StepSuites(plan, StepRows(home, "digits", Side.GREEN, {}, generation, "25 %"))

    return home, begin


def said(verdicts):
    ((verdict),) = verdicts
    return verdict.outcome


def test_a_suite_is_asked_at_the_steps_end_and_its_pass_stays(step):
    home, begin = step
    watched = begin()
    happen(home, range(60))
    (before,) = watched.look(0, at_end=False)
    assert (before.outcome, watched.take_results()) == (Outcome.UNSURE, {})
    assert "every other gate passes" in before.sentence
    assert said(watched.look(1, at_end=True)) is Outcome.PASS
    assert watched.take_results()["contract"].rows == 60
    happen(home, range(60, 90), predict=lambda _: 12)
    assert said(watched.look(100, at_end=True)) is Outcome.PASS
    assert watched.take_results() == {}


def test_one_answer_against_the_suite_fails_the_step_and_is_named(step):
    home, begin = step
    watched = begin()
    happen(home, range(60), predict=lambda n: 12 if n == 30 else 3)
    (verdict,) = watched.look(0, at_end=True)
    assert verdict.outcome is Outcome.FAIL
    assert "1 of 60 values are not, e.g. 12" in verdict.sentence


def test_only_the_candidates_requests_of_this_step_are_judged(step):
    home, begin = step
    happen(home, range(60), generation=4, predict=lambda _: 12)
    happen(home, range(60), side="blue", predict=lambda _: 12)
    happen(home, range(60, 120))
    watched = begin()
    assert said(watched.look(0, at_end=True)) is Outcome.PASS
    assert watched.take_results()["contract"].rows == 60


def test_too_few_requests_wait_and_are_judged_when_there_are_enough(step):
    home, begin = step
    watched = begin(min_requests=100)
    happen(home, range(60))
    assert said(watched.look(0, at_end=True)) is Outcome.UNSURE
    happen(home, range(60, 120))
    assert said(watched.look(AGAIN_SECONDS / 2, at_end=True)) is Outcome.UNSURE
    assert said(watched.look(AGAIN_SECONDS, at_end=True)) is Outcome.PASS


def test_silence_at_the_steps_end_is_no_pass_whatever_the_role(step):
    _, begin = step
    for role in ("guard", "require", "observe"):
        assert said(begin(role=role).look(0, at_end=True)) is Outcome.UNSURE


def test_a_suite_that_can_not_be_evaluated_is_invalid_and_one_that_is_only_shown_stops_nothing(step):
    home, begin = step
    happen(home, range(60))
    broken = {"answers": suite({"expect_column_values_to_be_between": {"column": "score", "min_value": 0}})}
    assert said(begin(suites=broken).look(0, at_end=True)) is Outcome.INVALID
    (shown,) = begin(suites=broken, role="observe").look(0, at_end=True)
    assert shown.outcome is Outcome.PASS
    assert shown.sentence.startswith("only shown: invalid: 1 of 1 expectation can't be evaluated")


def test_a_suite_may_speak_of_requests_that_failed_and_of_what_the_router_answered(step):
    home, begin = step
    happen(home, range(60))
    happen(home, range(60, 65), status=422)
    seldom = suite({"expect_column_values_to_be_in_set": {"column": "status", "value_set": [200], "mostly": 0.95}})
    (verdict,) = begin(suites={"answers": seldom}).look(0, at_end=True)
    assert verdict.outcome is Outcome.FAIL
    assert "5 of 65 values are not, e.g. 422" in verdict.sentence


# a release fixes the suites its gates ask


@pytest.fixture
def configs(tmp_path):
    """A service whose gate asks the suite answers; write that suite."""
    for folder in ("services", "expectations"):
        (tmp_path / folder).mkdir()
    (tmp_path / "services" / "digits.yaml").write_text(
        "model: digits\ngates:\n"
        "- {name: errors, metric: errors, margin: 0.5}\n"
        "- {name: contract, metric: expectations, suite: answers}\n"
    )

    def write(expectation):
        (tmp_path / "expectations" / "digits_answers.yaml").write_text(f"expectations: [{expectation}]\n")

    return tmp_path, write


def test_a_release_fixes_its_suites_and_a_later_edit_changes_nothing(configs):
    folder, write = configs
    write("{expect_column_to_exist: {column: prediction}}")
    plan = read_pinned(folder, "digits")
    write("{expect_column_to_exist: {column: score}}")
    assert plan.suites["answers"].expectations[0].kwargs == {"column": "prediction"}
    assert (
        json.loads(plan.model_dump_json())["suites"]["answers"]["expectations"][0]["kwargs"]["column"] == "prediction"
    )
    assert plan.model_dump(exclude={"suites", "suite_faults"}) == read_service(folder, "digits").model_dump()


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        pytest.param("{expect_colum_to_exist: {column: a}}", "expect_colum_to_exist", id="no such expectation"),
        pytest.param(
            "{expect_column_values_to_be_between: {column: a, min_value: 0, mostly: 7}}",
            "expectations.0.expect_column_values_to_be_between: mostly",
            id="what only the library knows",
        ),
    ],
)
def test_a_release_with_a_faulty_suite_is_refused_before_it_begins(configs, expectation, said):
    folder, write = configs
    write(expectation)
    assert re.search(said, refusal(suite_findings(read_pinned(folder, "digits"))))


def test_a_suite_that_is_not_there_keeps_no_way_back_but_refuses_a_release(configs):
    folder, _ = configs
    plan = read_pinned(folder, "digits")
    assert plan.measured[0].name == "errors"
    assert "no suite 'answers' of digits" in refusal(suite_findings(plan))


def test_a_suite_without_fault_is_told_and_a_service_without_suites_says_nothing(configs):
    folder, write = configs
    write("{expect_column_to_exist: {column: prediction}}")
    plan = read_pinned(folder, "digits")
    assert [str(finding) for finding in suite_findings(plan)] == ["suites ok: great-expectations takes all of answers"]
    assert suite_findings(Service(model="digits", gates=plan.measured)) == ()


# in the smoke test


@pytest.mark.parametrize(
    ("predictions", "outcome"),
    [([[3], [9]], Outcome.PASS), ([[3], [12]], Outcome.FAIL), ([[3], None], Outcome.PASS), ([], Outcome.UNSURE)],
    ids=["good", "one bad", "one not answered, which others tell", "none"],
)
def test_the_answers_of_a_smoke_test_are_asked_a_suite(predictions, outcome):
    answers = [
        Answer(200 if some else 500, json.dumps({"predictions": some}), 3.0, "7", "blue") for some in predictions
    ]
    verdict = as_suite("answers", suite(values_between(min_value=0, max_value=9)), answers)
    assert (verdict.gate, verdict.outcome) == ("smoke/expectations", outcome)


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
