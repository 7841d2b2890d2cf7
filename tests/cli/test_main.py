"""What the command offers before anything runs: help with examples, and completion."""

import subprocess
import sys
from pathlib import Path

import pytest

GREENRAMP = Path(sys.executable).parent / "greenramp"


def run(folder, *words, **more):
    around = {"PATH": "/usr/bin:/bin", "COLUMNS": "200", **more}
    done = subprocess.run([GREENRAMP, *words], env=around, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "traffic", "release", "shadow", "rollback", "outcomes", "history"]
)
def test_the_help_of_a_command_shows_how_it_is_written(tmp_path, command):
    assert f"greenramp {command}" in run(tmp_path, command, "--help").split("Example", 1)[1]


def test_the_shell_completes_commands_and_services(tmp_path):
    services = tmp_path / "configs" / "services"
    services.mkdir(parents=True)
    for name in ("fraud", "fraud-eu", "churn"):
        (services / f"{name}.yaml").write_text("")
    around = {"_GREENRAMP_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    for words in ("release fr", "pause fr", "approve fr", "plan fr", "wishes fr"):
        assert run(tmp_path, COMP_WORDS=f"greenramp {words}", **around).split() == ["fraud", "fraud-eu"], words
    around["COMP_CWORD"] = "3"
    assert run(tmp_path, COMP_WORDS="greenramp judge --service fr", **around).split() == ["fraud", "fraud-eu"]
    assert "rollback" in run(tmp_path, COMP_WORDS="greenramp rol", **{**around, "COMP_CWORD": "1"})
