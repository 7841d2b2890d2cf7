"""history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.cli.completing import service_names
from greenramp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.padding import Padding
    from rich.text import Text

    from greenramp.home import Home
    from greenramp.reporting import Account
    from greenramp.reporting.history import Served

_COLORS = {"live": "green", "rolled back": "green", "rolled-back": "red", "did not come to its end": "red"}


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        epilog="Examples: greenramp history fraud; greenramp history fraud --at 2026-03-01T17:05; "
        "greenramp history fraud --at 17:05 --json"
    )(history)


def history(
    service: Annotated[str, typer.Argument(help="The service.", autocompletion=service_names)],
    at: Annotated[
        str | None, typer.Option("--at", help="Only who served then: an ISO 8601 time, or HH:MM for today.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many releases, the newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Which version served when, and what became of each release; from the journals on disk, with no server up."""
    from datetime import datetime

    from greenramp.clients.journal import read_stories
    from greenramp.moments import parse_moment
    from greenramp.reporting import account_of
    from greenramp.reporting.history import served_over_time, shares_alone
    from greenramp.site.settings import this_home

    home, now = this_home(), datetime.now().astimezone()
    moment = parse_moment(at, now) if at else None
    stories = read_stories(home, service)
    if not stories:
        raise ConfigError(f"{home.journals} holds no record of {service!r}; services there: {_known(home)}")
    holder = _holder(home, service, now.timestamp())
    served = served_over_time(stories, holder)
    if moment is not None:
        _show_at(service, served, moment, now, as_json)
        return
    accounts = [account_of(release, lines, held=release == holder) for release, lines in stories.items()]
    accounts = sorted(accounts, key=lambda account: -account.begun)[:limit]
    if as_json:
        typer.echo(json.dumps(_plain(service, accounts, served), indent=1))
        return
    from rich.console import Console

    if served:
        last = shares_alone(served)[-1]
        typer.echo(f"{service}, since {_shown(last.start, now)}: {last}")
    for line in (line for account in accounts for line in _lines(account, now)):
        Console(highlight=False).print(line)


def _show_at(service: str, served: Sequence[Served], ts: float, now: datetime, as_json: bool) -> None:
    from dataclasses import asdict

    from greenramp.reporting.history import at

    found = at(served, ts)
    if as_json:
        typer.echo(json.dumps({"service": service, "at": ts, "served": asdict(found) if found else None}, indent=1))
        return
    if found is None:
        first = f"the first record is of {_shown(served[0].start, now)}" if served else "there is no record"
        typer.echo(f"{service} at {_shown(ts, now)}: not known; {first}")
        return
    by = f" (release {found.release})" if found.release and found.sure else ""
    typer.echo(f"{service} at {_shown(ts, now)}: {found}{by}")
    typer.echo(f"so from {_shown(found.start, now)} until {_shown(found.end, now) or 'now'}")


def _plain(service: str, accounts: Sequence[Account], served: Sequence[Served]) -> dict[str, Any]:
    from dataclasses import asdict

    extra = [{**asdict(one), "back_seconds": one.back_seconds} for one in accounts]
    return {"service": service, "releases": extra, "served": [asdict(one) for one in served]}


def _lines(account: Account, now: datetime) -> list[Text | Padding]:
    """One release: when, what, how it ended; below that why, and who had a say."""
    from rich.padding import Padding
    from rich.text import Text

    from greenramp.moments import duration

    head = Text(f"{_shown(account.begun, now)}  {account.kind.value} of version {account.version or '?'}: ")
    head.append(account.outcome, _COLORS.get(account.outcome, "default"))
    if account.ended:
        head.append(f" after {duration(account.ended - account.begun)}")
    if account.exposed is not None:
        head.append(f", {account.exposed:,} requests of users to it")
    if account.back_seconds is not None:
        head.append(f", traffic back {duration(account.back_seconds)} after the verdict")
    words = [account.reason, *map(str, account.orders)]
    return [head, *(Padding(Text(one, "dim"), (0, 0, 0, 4), expand=False) for one in words if one)]


def _shown(ts: float | None, now: datetime) -> str:
    from greenramp.moments import shown

    return shown(ts, now)


def _holder(home: Home, service: str, now: float) -> str:
    """The release that holds the service by the router's own files, which need no router."""
    from greenramp.clients.envoy.router import Router

    try:
        route = Router(home).read(service)
    except ConfigError:  # that file is damaged; the journals are not
        return ""
    return route.owner if route.held(now) else ""


def _known(home: Home) -> str:
    from greenramp.clients.journal import recorded_services

    return ", ".join(recorded_services(home)) or "none"
