"""supervisord's files of the environments, before it reads them: a damaged one would keep the whole site down."""

from __future__ import annotations

import configparser
from collections.abc import Callable
from pathlib import Path

from greenramp.home import Home


def set_aside_damaged(home: Home, say: Callable[[str], None]) -> None:
    """Give files of environments that are not whole another name, and say what becomes of it."""
    for path in sorted(home.programs.glob("*.conf")):
        if not is_whole(path):
            aside = path.replace(path.with_suffix(".damaged"))
            say(
                f"{path} is damaged, and lies at {aside} now: {path.stem} is not started; if it is the live "
                f"environment, start a version with: greenramp rollback {path.stem.split('.')[0]}"
            )


def is_whole(path: Path) -> bool:
    """Whether a file holds its group, and each program of that to its last key, which is its environment."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    try:
        text = path.read_text(encoding="utf-8")
        parser.read_string(text)
        names = parser[f"group:{path.stem}"]["programs"].split(",")
        programs = [parser[f"program:{name}"] for name in names]
    except (configparser.Error, ValueError, LookupError):
        return False
    return text.endswith("\n") and all("command" in one and "environment" in one for one in programs)
