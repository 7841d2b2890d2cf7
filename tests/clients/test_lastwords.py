"""Of a log, the line that says why."""

import pytest

from greenramp.clients.lastwords import last_words

TRACEBACK = """\
loading model
Traceback (most recent call last):
  File "loading.py", line 7, in load
    raise ValueError(path)
ValueError: no such flavor
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(TRACEBACK, "ValueError: no such flavor", id="a traceback"),
        pytest.param(TRACEBACK + "shutting down\n\n", "ValueError: no such flavor", id="a traceback, and more"),
        pytest.param(
            "KeyError: 'a'\nmlflow.MlflowException: b\n", "mlflow.MlflowException: b", id="the last of several"
        ),
        pytest.param("listening\nport 7: error: in use\nbye\n", "port 7: error: in use", id="an error in mid-line"),
        pytest.param("one\n  two  \n\n", "two", id="no error: the last line"),
        pytest.param("no ErrorBudget left\nbye\n", "bye", id="a word that only begins like an error"),
        pytest.param("ValueError: old\n" + "line\n" * 100, "line", id="an error of long ago"),
        pytest.param("x" * 100_000 + "\n", "x" * 300, id="a line of any length"),
    ],
)
def test_the_reason_is_found_and_the_place_named(tmp_path, text, words):
    log = tmp_path / "fraud.log"
    log.write_text(text)
    assert last_words(log) == f"{words} (all of it in {log})"


def test_letters_that_are_none_do_no_harm(tmp_path):
    (tmp_path / "log").write_bytes(b"\xff\xfe broken\n")
    assert "broken" in last_words(tmp_path / "log")


@pytest.mark.parametrize("content", [None, "", "\n \n"], ids=["no log", "an empty log", "only space"])
def test_silence_is_said(tmp_path, content):
    log = tmp_path / "log"
    if content is not None:
        log.write_text(content)
    assert last_words(log) == f"it said nothing (log {log})"
