"""notify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from greenramp.clients.outbox import Outbox
    from greenramp.clients.targets import Target


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(notify)


def notify(
    test: Annotated[bool, typer.Option("--test", help="Send a test message, and say which target took it.")] = False,
    pending: Annotated[
        bool, typer.Option("--pending", help="Send what releases that were killed or met a dead target left.")
    ] = False,
) -> None:
    """Reach the people whom releases tell. Exit code 0 means that every target took what it was sent.

    Targets are Apprise addresses in the environment's GREENRAMP_NOTIFY, and in the Secret block that the site names.

    Examples: greenramp notify --test; GREENRAMP_NOTIFY=slack://... greenramp notify --pending
    """
    from greenramp.clients.configfiles import read_site
    from greenramp.clients.outbox import Outbox
    from greenramp.clients.targets import VARIABLE, block_targets, environment_targets
    from greenramp.errors import ConfigError
    from greenramp.site.settings import this_site

    if test == pending:
        raise ConfigError("give one of --test and --pending")
    site = this_site()
    wanted = read_site(site.configs, site.name).notifications
    targets = tuple(dict.fromkeys(environment_targets() + block_targets(site.prefect_url, wanted.block)))
    if not targets:
        raise ConfigError(
            f"nobody to tell: set {VARIABLE} to Apprise addresses, or name a Secret block of Prefect under "
            f"notifications.block in {site.configs / 'sites' / site.name}.yaml"
        )
    well = _test(targets, site.name) if test else _send_pending(Outbox(site.home), targets)
    raise typer.Exit(0 if well else 1)


def _test(targets: tuple[Target, ...], site: str) -> bool:
    from greenramp.errors import Unreachable

    well = True
    for target in targets:
        try:
            target.send("Greenramp: test", f"This is how releases at the site {site} reach you.")
            typer.echo(f"{target}: taken")
        except Unreachable as error:
            typer.echo(str(error), err=True)
            well = False
    return well


def _send_pending(outbox: Outbox, targets: tuple[Target, ...]) -> bool:
    outbox.address([target.id for target in targets])
    before = outbox.names()
    for target in targets:
        outbox.deliver(target.id, target.tell, early=True)
    left = outbox.names()
    typer.echo(f"{len(before) - len(left)} of {len(before)} told to all of their targets")
    for name in left:
        whys = [mark.why for target in targets if (mark := outbox.mark(name, target.id)).why and not mark.final]
        typer.echo(f"{name}: {'; '.join(whys) or 'for a target that is not named here'}", err=True)
    return not left
