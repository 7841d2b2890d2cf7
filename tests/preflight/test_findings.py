"""Findings as a person reads them."""

from greenramp.preflight import Finding, Severity, as_markdown, counts, refusal, rows

OK = Finding("size", Severity.OK, "no limit is set", "1 MB", "2 MB")
WARN = Finding("example", Severity.WARNING, "none")
BAD, WORSE = Finding("inputs", Severity.REFUSE, "b | c is gone"), Finding("digest", Severity.REFUSE, "rewritten")


def test_nothing_refused_is_no_reason():
    assert refusal([OK, WARN]) == ""


def test_the_first_reason_speaks_and_the_others_are_counted():
    assert refusal([OK, BAD]) == "b | c is gone"
    assert refusal([OK, BAD, WORSE]) == "b | c is gone (and 1 more reason in the preflight table)"


def test_the_worst_stand_first_and_equal_ones_stay_in_order():
    assert [row["check"] for row in rows([OK, BAD, WARN, WORSE])] == ["inputs", "digest", "example", "size"]
    assert rows([OK])[0] == {
        "check": "size",
        "severity": "ok",
        "sentence": "no limit is set",
        "champion": "1 MB",
        "candidate": "2 MB",
    }


def test_findings_are_counted_by_severity():
    assert counts([OK, BAD, WARN, WORSE]) == {"ok": 1, "note": 0, "warning": 1, "refuse": 2}


def test_a_table_for_people_keeps_its_columns():
    assert "| inputs | refuse | b \\| c is gone |  |  |" in as_markdown([BAD]).splitlines()
