"""drill."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.errors import ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from greenramp.drill.verdict import Outcome


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        epilog="Examples: greenramp drill; greenramp drill --fault kill-envoy --at canary-100; "
        "greenramp drill --fault wrong --json; greenramp drill --list"
    )(drill)


def drill(
    fault: Annotated[str, typer.Option(help="What goes wrong; --list shows all.")] = "kill-flow",
    at: Annotated[
        str | None, typer.Option(help="Where the release is by then; --list shows all.", show_default="canary")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="See a fresh release promoted afterwards.")] = True,
    listed: Annotated[bool, typer.Option("--list", help="Only say which faults and places there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """A game day on this site: a made-up service, its users, a fault, and whether all came right. Minutes.

    Exit code 0 means passed. Processes are really killed: those of the site that all services share as well.
    """
    from greenramp.drill.expectation import expectation
    from greenramp.drill.faults import Fault, require_sense
    from greenramp.drill.places import Place
    from greenramp.drill.verdict import sentence, troubles

    if listed:
        _list()
        return
    what, where = _one_of(Fault, "fault", fault), _one_of(Place, "at", at) if at else None
    require_sense(what, where)
    outcome = _carry_out(what, where, fresh=fresh)
    wanted = expectation(outcome.fault, outcome.at)
    passed = not troubles(outcome, wanted)
    if as_json:
        typer.echo(json.dumps(_plain(outcome, sentence(outcome, wanted), passed=passed), indent=1))
    else:
        from rich.console import Console

        Console(highlight=False).print(_table(outcome))
        typer.secho(sentence(outcome, wanted), fg=typer.colors.GREEN if passed else typer.colors.RED)
    raise typer.Exit(0 if passed else 1)


def _carry_out(fault: Any, at: Any, *, fresh: bool) -> Outcome:
    from greenramp.drill.faults import Fault
    from greenramp.drill.places import Place
    from greenramp.site.drill.ground import ground
    from greenramp.site.drill.running import drill as carry_out
    from greenramp.site.programs import client_environment
    from greenramp.site.settings import this_site

    def say(words: str) -> None:
        typer.echo(words, err=True)

    site = this_site()
    os.environ.update(client_environment(site))  # a recovery speaks with MLflow in this process, and quietly
    needed = [Fault.WRONG] if at is Place.ROLLING_BACK else [fault]
    with ground(site, needed, say) as made:
        return carry_out(made, fault, at, fresh=fresh, say=say)


def _one_of(kind: Any, option: str, word: str) -> Any:
    try:
        return kind(word)
    except ValueError:
        raise ConfigError(f"--{option} {word}: not known; take one of {', '.join(kind)}") from None


def _list() -> None:
    from rich.console import Console
    from rich.table import Table

    from greenramp.drill.faults import Fault, cells
    from greenramp.drill.places import Place

    table, where = Table("--fault", "what is done", "--at"), cells()
    for fault in Fault:
        without = [place.value for place in Place if (fault, place) not in where]
        everywhere = f"all but {', '.join(without)}" if without else "all"
        table.add_row(fault.value, fault.does, "none: from the start" if fault.in_model else everywhere)
    Console(highlight=False).print(table)
    typer.echo(f"--at: {', '.join(Place)}")


def _plain(outcome: Outcome, sentence: str, *, passed: bool) -> dict[str, Any]:
    from dataclasses import asdict

    ending = outcome.ending.value if outcome.ending else None
    return {"passed": passed, "verdict": sentence, **asdict(outcome), "ending": ending}


def _table(outcome: Outcome) -> Table:
    from rich.table import Table

    safe = "no user met it" if outcome.safe_seconds is None else f"{outcome.safe_seconds:.2f} s"
    rows = {
        "fault": f"{outcome.fault.value}: {outcome.fault.does}",
        "release was": outcome.at.value if outcome.at else "under way from the start",
        "users": f"{outcome.requests} requests, {outcome.failed} failed",
        "time to safety": safe,
        "traffic": f"version {outcome.live}" if outcome.live else "shared",
        "registry": f"champion {outcome.champion}, Production {', '.join(outcome.production) or 'nobody'}",
        "run": outcome.run,
        "journal's end": ", ".join(outcome.journal) or "empty",
        "put right by": {"nothing": "the release itself"}.get(outcome.hand, outcome.hand),
        "left over": ", ".join(outcome.orphans) or "no process",
        "fresh release": outcome.fresh or "not asked for",
        "took": f"{outcome.seconds:.0f} s",
    }
    table = Table("", "found", title=f"drill: version {outcome.candidate} after {outcome.before}", show_header=False)
    for name, words in rows.items():
        table.add_row(name, words)
    return table
