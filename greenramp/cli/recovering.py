"""recover."""

from __future__ import annotations

import os

import typer

from greenramp.errors import GreenrampError


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(recover)


def recover() -> None:
    """Put right what dead releases left: traffic, registry, environments, record; say what was changed by hand.

    Needs no Prefect, but to resume a release whose service wants that.
    """
    from greenramp.site.drifting import look_for_drift, put_right_all
    from greenramp.site.programs import client_environment
    from greenramp.site.recovery import find_dead, recover_all
    from greenramp.site.settings import this_site

    site = this_site()
    os.environ.update(client_environment(site))  # MLflow's client is to be quiet, and not to wait long
    if not find_dead(site, resuming=True):
        typer.echo("no release has died")
    left = recover_all(site, typer.echo) + put_right_all(site, look_for_drift(site), typer.echo)
    if left:
        raise GreenrampError(f"{'; '.join(left)}; once that is cured, run greenramp recover again")
