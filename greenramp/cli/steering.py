"""pause, continue, advance, abort, approve, reject."""

from __future__ import annotations

from typing import Annotated

import typer

from greenramp.cli.completing import service_names

Service = Annotated[str, typer.Argument(help="The service whose release is under way.", autocompletion=service_names)]
Note = Annotated[str, typer.Option("--note", help="Why; it stands in the release's record.")]
Name = Annotated[str, typer.Option("--name", help="Who orders it; your login name if not given.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(pause)
    app.command(name="continue")(continue_)
    for command in (advance, abort, approve, reject):
        app.command()(command)


def pause(service: Service, note: Note = "", name: Name = "") -> None:
    """Hold a release where it is: its share stays, its gates go on judging, no time runs out."""
    _order("PAUSE", service, note, name)


def continue_(service: Service, note: Note = "", name: Name = "") -> None:
    """Let a paused release go on."""
    _order("CONTINUE", service, note, name)


def advance(service: Service, note: Note = "", name: Name = "") -> None:
    """End the waiting of the step that a release is at; a gate that fails still takes it back."""
    _order("ADVANCE", service, note, name)


def abort(service: Service, note: Note = "", name: Name = "") -> None:
    """End a release: everything goes back to where it was."""
    _order("ABORT", service, note, name)


def approve(service: Service, note: Note = "", name: Name = "") -> None:
    """Say yes to what a release waits for."""
    _order("APPROVE", service, note, name)


def reject(service: Service, note: Note = "", name: Name = "") -> None:
    """Say no to what a release waits for: everything goes back to where it was."""
    _order("REJECT", service, note, name)


def _order(word: str, service: str, note: str, name: str) -> None:
    import getpass

    from greenramp.clients.configfiles import read_service
    from greenramp.clients.ordering import give, what_became
    from greenramp.lifecycle.orders import Word
    from greenramp.site.settings import this_site

    site = this_site()
    read_service(site.configs, service)
    given = give(site.home, service, Word[word], name or getpass.getuser(), note, "command line")
    typer.echo(what_became(site.home, given))
