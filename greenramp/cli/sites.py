"""up, down, status."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from greenramp.site.status import ServiceStatus, SideStatus, SiteStatus


def choose_home(home: Path) -> None:
    """Let this command, and everything it starts, work in `home`."""
    from greenramp.site.settings import HOME_VARIABLE

    os.environ[HOME_VARIABLE] = str(home.absolute())


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(restart_router)


def up(
    site: Annotated[str, typer.Option(help="The site, as its file in configs/sites/ is called.")] = "local",
    configs: Annotated[Path, typer.Option(help="Folder of the configuration.")] = Path("configs"),
    port_base: Annotated[
        int | None,
        typer.Option(
            help="Take ports from here on instead of the site's: router, MLflow, Prefect, outcomes, environments."
        ),
    ] = None,
) -> None:
    """Start the site: Envoy, MLflow, Prefect with a worker. What runs already stays as it is."""
    from greenramp.clients.configfiles import read_site
    from greenramp.config import Ports
    from greenramp.site.settings import SiteSettings, this_home
    from greenramp.site.start import start

    wanted = read_site(configs, site)
    ports = wanted.ports
    if port_base is not None:
        ports = Ports(
            router=port_base,
            mlflow=port_base + 1,
            prefect=port_base + 2,
            outcomes=port_base + 3,
            first_environment=port_base + 20,
        )
    settings = SiteSettings(
        home=this_home(),
        name=site,
        project=Path.cwd(),
        configs=configs.absolute(),
        router_port=ports.router,
        mlflow_port=ports.mlflow,
        prefect_port=ports.prefect,
        outcomes_port=ports.outcomes,
        first_environment_port=ports.first_environment,
        edge=wanted.edge.edge(),
    )
    started = time.monotonic()
    start(settings, typer.echo)
    typer.echo(f"up after {time.monotonic() - started:.0f} s; state in {settings.home.root}")


def down(
    force: Annotated[bool, typer.Option("--force", help="Also while a release is under way.")] = False,
) -> None:
    """Stop everything the site started. State stays: the next `up` serves the same versions."""
    from greenramp.site.settings import this_home
    from greenramp.site.stop import stop

    typer.echo("stopped" if stop(this_home(), force) else "nothing was running")


def restart_router(
    drain_seconds: Annotated[
        float, typer.Option(min=0, help="Connections still open after that are closed once they have no request.")
    ] = 30,
) -> None:
    """Start Envoy anew without losing a request: after an upgrade of it, or a change of `edge` in the site's file."""
    from greenramp.clients.configfiles import read_site
    from greenramp.site.restart import restart_router as restart
    from greenramp.site.settings import this_site

    site = this_site()
    restart(site, read_site(site.configs, site.name).edge.edge(), typer.echo, drain_seconds)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every half second until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """What serves, in which shares, how healthy it is, and which release is under way."""
    from greenramp.site.settings import this_home
    from greenramp.site.status import read_status

    home = this_home()
    if as_json:
        typer.echo(json.dumps(read_status(home).to_json(), indent=1))
        return
    from rich.console import Console, Group
    from rich.live import Live

    if not watch:
        now = read_status(home)
        Console().print(Group(*_tables(now)))
        raise typer.Exit(0 if now.up else 1)
    with Live(refresh_per_second=4) as live:
        while True:
            live.update(Group(*_tables(read_status(home))))
            time.sleep(0.5)


def _tables(now: SiteStatus) -> list[Table | Text | str]:
    from rich.table import Table
    from rich.text import Text

    if not now.up:
        return ["the site does not run; start it with: greenramp up"]
    parts: list[Table | Text | str] = [
        ", ".join(f"{name} {state.lower()}" for name, state in sorted(now.programs.items())),
        *[Text(trouble, "bold red") for trouble in now.enforcement.troubles],
        *[Text(f"{one} takes users' connections on the router's port too: end it", "bold red") for one in now.foreign],
    ]
    if not now.services:
        return [*parts, "no service yet; release one with: greenramp release <service>"]
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
    return [*parts, table, *[_release(service) for service in now.services if service.release]]


def _traffic(side: SideStatus) -> str:
    return f"{side.percent:g} %" + (f", mirror {side.mirror:g} %" if side.mirror else "")


def _release(service: ServiceStatus) -> str:
    if service.stale:
        return f"{service.release} died at: {service.step}; the next release or rollback puts {service.service} right"
    return f"{service.release} is under way: {service.step} (lease {service.lease_seconds:.0f} s)"
