"""Suites as files: all that is wrong with one is told without the library's import, and none is written over."""

import sys

import pytest

from greenramp.clients.configfiles import Faulty, check_all, read_suite
from greenramp.clients.suitefiles import suite_text, write_suite
from greenramp.config.expectations import Suite
from greenramp.errors import ConfigError

GOOD = """
description: digits
expectations:
  - expect_column_values_to_be_between: {column: prediction, min_value: 0, max_value: 9}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: prediction, mostly: 0.999}}
  - expect_column_values_to_be_increasing: {column: ts}
"""


@pytest.fixture
def configs(tmp_path):
    for folder in ("services", "expectations"):
        (tmp_path / folder).mkdir()
    (tmp_path / "services" / "fraud.yaml").write_text(
        "model: fraud\ngates: [{name: errors, metric: errors, margin: 0.5}]\n"
    )
    return tmp_path


def suite(configs, text, name="fraud_answers.yaml"):
    file = configs / "expectations" / name
    file.write_text(text)
    return file


def test_both_forms_are_read(configs):
    file = suite(configs, GOOD)
    files, faults = check_all(configs)
    assert file in files
    assert faults == []
    found = read_suite(configs, "fraud", "answers")
    assert [one.kwargs.get("mostly") for one in found.expectations] == [None, 0.999, None]


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        (
            "expect_column_values_to_be_beteen: {column: p}",
            "expect_column_values_to_be_beteen: an expectation that great-expectations has; "
            "did you mean expect_column_values_to_be_between?; seen: expect_column_values_to_be_beteen",
        ),
        (
            "expect_column_to_exist: {colum: p}",
            "expect_column_to_exist.colum: no such argument of expect_column_to_exist; it takes ",
        ),
        (
            "expect_column_to_exist: {}",
            "expect_column_to_exist.column: expect_column_to_exist needs this argument; seen: nothing",
        ),
        (
            "expect_column_to_exist: {column: p, result_format: COMPLETE}",
            "expect_column_to_exist.result_format: not given in a suite; Greenramp sets how it is run; seen: ",
        ),
        ("expect_column_kl_divergence_to_be_less_than: {column: p, treshold: 1}", ".treshold: no such argument of "),
        ("{type: unexpected_rows_expectation}", "type: String should match pattern"),
        ("{type: expect_column_to_exist, kwargs: {column: p}, severity: info}", "severity: Input should be 'critical'"),
        ("{type: expect_column_to_exist, kwarg: {column: p}}", "kwarg: no such key here"),
        ("expect_column_to_exist: p", "kwargs: Input should be a valid dictionary; seen: 'p'"),
        ("nonsense", "Input should be a valid dictionary"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_without_the_library(configs, expectation, said):
    file = suite(configs, f"{GOOD}  - {expectation}\n")
    with pytest.raises(Faulty) as refused:
        read_suite(configs, "fraud", "answers")
    for fault in (str(check_all(configs)[1][0]), str(refused.value)):
        assert fault.startswith(f"{file}: expectations.3")
        assert said in fault


def test_checking_does_not_import_the_library(configs):
    suite(configs, GOOD)
    before = "great_expectations" in sys.modules
    check_all(configs)
    assert ("great_expectations" in sys.modules) == before


@pytest.mark.parametrize(
    "name", ["fraud.yaml", "frauds_answers.yaml", "fraud_Answers.yaml", "fraud_answers.yml", "_a.yaml"]
)
def test_a_file_that_belongs_to_no_service_is_a_fault(configs, name):
    file = suite(configs, GOOD, name)
    (fault,) = check_all(configs)[1]
    assert str(fault) == f"{file}: a file name <service>_<suite>.yaml; services: fraud; seen: {name}"


def test_an_empty_suite_is_a_fault(configs):
    suite(configs, "expectations: []\n")
    (fault,) = check_all(configs)[1]
    assert (fault.key, fault.seen) == ("expectations", "[]")


@pytest.mark.parametrize("name", ["inputs", "../services/fraud", ""])
def test_an_unknown_suite_is_refused_with_the_ones_there_are(configs, name):
    suite(configs, GOOD)
    with pytest.raises(ConfigError, match=r"its suites: answers$"):
        read_suite(configs, "fraud", name)


def test_what_is_written_is_read_again_as_it_was(configs):
    made = Suite.model_validate({"description": "x: y", "expectations": [{"expect_column_to_exist": {"column": "ä"}}]})
    path = write_suite(configs, "fraud", "answers", made)
    assert path == configs / "expectations" / "fraud_answers.yaml"
    assert read_suite(configs, "fraud", "answers") == made
    assert path.read_text() == suite_text(made)


def test_a_suite_that_is_there_is_never_written_over(configs):
    file = suite(configs, GOOD)
    with pytest.raises(ConfigError, match=rf"{file}: is there already and is not written over"):
        write_suite(configs, "fraud", "answers", Suite.model_validate({"expectations": [{"expect_x": {}}]}))
    assert file.read_text() == GOOD
