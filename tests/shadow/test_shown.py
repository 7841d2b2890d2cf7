"""What of a comparison is kept and shown: only what the service's file allows."""

from greenramp.config import Shadow
from greenramp.shadow.shown import as_markdown, kept_report, kept_rows

ROW = {"id": "a", "live": 1, "candidate": 2, "error": None, "features": {"country": "BR", "income": 9}}
REPORT = {"headline": "the candidate answers 8 as 3", "findings": ["the candidate answers 8 as 3", "and is slow"],
          "worst": {"difference": [ROW], "failed": []}}  # fmt: skip
FLAT = {"id": "a", "live": 1, "country": "BR", "income": 9, "feature_ts": 5}


def shadow(**given):
    return Shadow.model_validate({"slices": {"columns": ["country", "income", "ts"]}, **given})


def features(report):
    return [row["features"] for row in report["worst"]["difference"]]


def test_columns_of_requests_are_kept_only_where_they_are_named():
    assert features(kept_report(shadow(), REPORT)) == [{}]
    assert features(kept_report(shadow(example_columns=["country"]), REPORT)) == [{"country": "BR"}]
    assert kept_rows(shadow(), [FLAT]) == [{"id": "a", "live": 1}]
    assert kept_rows(shadow(example_columns=["country"]), [FLAT]) == [{"id": "a", "live": 1, "country": "BR"}]


def test_without_examples_none_are_kept():
    silent = shadow(examples=False)
    assert kept_report(silent, REPORT)["worst"] == {}
    assert kept_rows(silent, [FLAT]) == []


def test_the_page_says_first_what_was_found_and_shows_the_worst_examples():
    page = as_markdown(kept_report(shadow(), REPORT), "http://mlflow/run")
    assert page.splitlines()[0] == "# the candidate answers 8 as 3"
    assert "- and is slow" in page
    assert "(http://mlflow/run)" in page
    assert "| a | 1 | 2 |" in page
    assert "## failed" not in page


def test_an_answer_can_not_break_the_table_and_an_error_stands_for_one():
    row = {**ROW, "live": "x|y\nz", "candidate": None, "error": "no such column"}
    page = as_markdown({**REPORT, "worst": {"failed": [row]}}, "p")
    assert "| a | x\\|y z | no such column |" in page
