"""status."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from greenramp.home import Home
    from greenramp.reporting.progress import Now
    from greenramp.site.status import ServiceStatus, SideStatus, SiteStatus

_LOOK_SECONDS = 1.0
_COLORS = {"pass": "green", "unsure": "yellow", "fail": "bold red", "invalid": "magenta", "unavailable": "magenta"}


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(epilog="Examples: greenramp status; greenramp status --watch; greenramp status --json")(status)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs; with --watch a line a look.")] = False,
) -> None:
    """What serves, in which shares, how healthy it is, which release is under way, and what its gates say."""
    from greenramp.site.settings import this_home
    from greenramp.site.status import read_status

    home = this_home()
    if watch:
        try:
            _show_on(home, as_json)
        except KeyboardInterrupt:
            raise typer.Exit(0) from None
    now = read_status(home)
    if as_json:
        typer.echo(json.dumps(now.to_json(), indent=1))
        return
    from rich.console import Console, Group

    Console().print(Group(*_tables(now)))
    raise typer.Exit(0 if now.up else 1)


def _show_on(home: Home, as_json: bool) -> None:
    """Look every second; ends by Ctrl-C alone. What can't be read for a moment is said, and looked at again."""
    from greenramp.errors import GreenrampError
    from greenramp.site.status import read_status

    if as_json:
        while True:
            typer.echo(json.dumps(read_status(home).to_json()))
            time.sleep(_LOOK_SECONDS)
    from rich.console import Group
    from rich.live import Live

    with Live(auto_refresh=False, vertical_overflow="visible") as live:
        while True:
            try:
                parts: Sequence[RenderableType] = _tables(read_status(home))
            except GreenrampError as error:
                parts = [str(error)]
            live.update(Group(*parts, f"{time.strftime('%H:%M:%S')}, Ctrl-C ends it"), refresh=True)
            time.sleep(_LOOK_SECONDS)


def _tables(now: SiteStatus) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    if not now.up:
        return ["the site does not run; start it with: greenramp up"]
    parts: list[RenderableType] = [
        ", ".join(f"{name} {state.lower()}" for name, state in sorted(now.programs.items())),
        *[Text(trouble, "bold red") for trouble in now.enforcement.troubles],
        *[Text(f"{one} takes users' connections on the router's port too: end it", "bold red") for one in now.foreign],
        *[Text(one, "yellow") for one in now.drift],
    ]
    if not now.services:
        return [*parts, "no service yet; release one with: greenramp release <service>"]
    before = len(parts)
    table = Table("service", "environment", "version", "traffic", "healthy")
    for service in now.services:
        for side in service.sides:
            table.add_row(
                service.service,
                side.side + (" (live)" if side.live else ""),
                side.version,
                _traffic(side),
                f"{side.healthy} of {side.processes}",
            )
        if not service.sides:
            table.add_row(service.service, "none yet", "", "", "")
    for service in now.services:
        if service.release:
            asks = [Text(told, "bold yellow") for told in service.people.sentences(service.service)]
            parts += ["", _release(service), *asks, *([_gates(service.watching)] if service.watching else [])]
    return [*parts[:before], table, *parts[before:]]


def _traffic(side: SideStatus) -> str:
    return f"{side.percent:g} %" + (f", mirror {side.mirror:g} %" if side.mirror else "")


def _gates(now: Now) -> Table:
    """What each gate said last, and above that what is asked, served and waited for."""
    from rich.table import Table
    from rich.text import Text

    from greenramp.reporting.figures import figures_of
    from greenramp.reporting.progress import in_one_line

    table = Table("gate", "", "estimate", "bounds", "samples", "evidence", title=in_one_line(now), title_justify="left")
    for verdict in now.verdicts:
        told = figures_of(verdict)
        word = Text(told.verdict, _COLORS.get(told.verdict, "default"))
        table.add_row(told.gate, word, told.estimate, told.bounds, told.samples, told.evidence)
    return table


def _release(service: ServiceStatus) -> str:
    if service.stale:
        return f"{service.release} died at: {service.step}; the next release or rollback puts {service.service} right"
    return f"{service.release} is under way: {service.step} (lease {service.lease_seconds:.0f} s)"
