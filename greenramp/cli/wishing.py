"""wishes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.cli.completing import service_names
from greenramp.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from greenramp.triggers.wishes import Wish

_COLORS = {"waiting": "yellow", "under way": "cyan", "tried": "green", "superseded": "bright_black"}


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(epilog="Examples: greenramp wishes; greenramp wishes fraud --json")(wishes)


def wishes(
    service: Annotated[str | None, typer.Argument(help="Only of this service.", autocompletion=service_names)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many of a service, the newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Which releases alias, stage, tag or registration have asked for, and what became of each; needs no server."""
    from datetime import datetime

    from greenramp.clients.wishbook import booked_services, read_book
    from greenramp.site.settings import this_home

    home = this_home()
    booked = booked_services(home)
    if service and service not in {*booked, *service_names("")}:
        raise ConfigError(f"no service {service!r}; services: {', '.join(sorted({*booked, *service_names('')}))}")
    found = {name: read_book(home, name).wishes[::-1][:limit] for name in ([service] if service else booked)}
    if as_json:
        typer.echo(json.dumps([_plain(name, wish) for name, those in found.items() for wish in those], indent=1))
        return
    if not any(found.values()):
        typer.echo(f"no alias, stage or tag has asked for a release{f' of {service}' if service else ''} yet")
        return
    _show(found, datetime.now().astimezone())


def _became(wish: Wish) -> str:
    """What became of it, in a word or two; `why` says the rest, of one that was tried how that ended."""
    from greenramp.triggers.wishes import WishState

    words = {WishState.ASKED: "waiting", WishState.STARTED: "under way", WishState.SUPERSEDED: "superseded"}
    return words.get(wish.state, "tried" if wish.run else "none needed")


def _plain(service: str, wish: Wish) -> dict[str, Any]:
    return {"service": service, "became": _became(wish), **wish.to_json()}


def _show(found: dict[str, tuple[Wish, ...]], now: datetime) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from greenramp.moments import shown

    table = Table("asked", "service", "version", "by", "became", "run", "why")
    for service, those in found.items():
        for wish in those:
            became, ways = _became(wish), ", ".join(wish.ways)
            word = Text(became, _COLORS.get(became, "default"))
            table.add_row(shown(wish.at, now), service, wish.version, ways, word, wish.run[:8], Text(wish.why))
    Console().print(table)
