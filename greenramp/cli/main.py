"""The `greenramp` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from greenramp.cli import (
    backtesting,
    configuration,
    drilling,
    expectations,
    history,
    judging,
    notifying,
    planning,
    recovering,
    releasing,
    sites,
    status,
    steering,
    traffic,
    wishing,
)
from greenramp.errors import ConfigError, GreenrampError, Refused

app = typer.Typer(
    name="greenramp",
    help="Safe releases of machine-learning models, as Prefect flows.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    home: Annotated[
        Path | None, typer.Option(help="Folder of the site's state; default: $GREENRAMP_HOME, else .greenramp")
    ] = None,
) -> None:
    if home is not None:
        sites.choose_home(home)


_COMMANDS = (
    sites,
    status,
    traffic,
    planning,
    releasing,
    steering,
    wishing,
    history,
    recovering,
    drilling,
    judging,
    backtesting,
    expectations,
    notifying,
    configuration,
)
for group in _COMMANDS:
    group.register(app)


def main() -> None:
    """Run a command; an error meant for people is one message and an exit code: 2 fix the order, 1 anything else."""
    try:
        app()
    except GreenrampError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2 if isinstance(error, ConfigError | Refused) else 1) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise SystemExit(130) from None
