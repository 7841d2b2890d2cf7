"""A program is started with exactly the words and the environment it was given."""

import json
import sys

import pytest

from greenramp.errors import ConfigError

TELLER = [
    sys.executable,
    "-S",
    "-c",
    "import json, os, signal, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]), flush=True); "
    "signal.pause()",
]


ODD = {
    "PLAIN": "text",
    "SPACES": "two words",
    "COMMA": "a=1,b=2",
    "PERCENT": "100 %(x)s %%",
    "BACKSLASH": r"C:\temp\n",
    "SINGLE": "it's",
    "DOUBLE": 'say "hi" to me',
    "HASH": "a#b",
    "SEMICOLON": "a;b",
    "EMPTY": "",
    "ACCENT": "Zürich",
    "ZZZ": "still here",
}


def test_a_program_finds_its_environment_as_it_was_given(site):
    site.run_group("environment", TELLER, environment=ODD)
    _, found, _ = json.loads(site.said("environment.0")[0])
    assert {name: found[name] for name in ODD} == ODD


def test_a_program_finds_its_words_and_folder_as_they_were_given(site):
    words = ["two words", "it's", 'say "hi"', "100 %", "%(ENV_HOME)s", r"a\b", "", "a;b", "Zürich", "$HOME", "*"]
    site.run_group("words", [*TELLER, *words], folder=site.home.logs)
    found, _, folder = json.loads(site.said("words.0")[0])
    assert found == words
    assert folder == str(site.home.logs)


@pytest.mark.parametrize("text", ["two\nlines", "a #b", "a ;b", "a\t#b"])
def test_what_supervisord_would_cut_short_is_refused(site, text):
    for program in (
        site.program("one", ["sleep", text]),
        site.program("one", environment={"NAME": text}),
        site.program("one", folder=site.home.root / text),
    ):
        with pytest.raises(ConfigError, match="can't hold"):
            program.section()


@pytest.mark.parametrize("value", ["""it's "both\"""", "'quoted'", 'ends with"'])
def test_quotes_that_supervisord_would_lose_are_refused(site, value):
    with pytest.raises(ConfigError, match="quotes"):
        site.program("one", environment={"NAME": value}).section()
