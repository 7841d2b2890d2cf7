"""up, down, status."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer


def choose_home(home: Path) -> None:
    """Let this command, and everything it starts, work in `home`."""
    from greenramp.site.settings import HOME_VARIABLE

    os.environ[HOME_VARIABLE] = str(home.absolute())


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(epilog="Examples: greenramp up; greenramp --home /srv/greenramp up --port-base 8000")(up)
    app.command(epilog="Examples: greenramp down; greenramp down --force")(down)
    app.command()(restart_router)
    app.command()(automations)


def up(
    site: Annotated[str, typer.Option(help="The site, as its file in configs/sites/ is called.")] = "local",
    configs: Annotated[Path, typer.Option(help="Folder of the configuration.")] = Path("configs"),
    port_base: Annotated[
        int | None,
        typer.Option(
            help="Take ports from here on instead of the site's: router, MLflow, Prefect, outcomes, webhooks, "
            "environments."
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
            webhooks=port_base + 4,
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
        webhooks_port=ports.webhooks,
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


def automations(
    prefect: Annotated[
        str, typer.Option(help="Address of a Prefect server, without /api; the running site's when not given.")
    ] = "",
) -> None:
    """Make Prefect's automations of deployments/automations/ on a server, as `up` does on its own. Safe to repeat."""
    from greenramp.clients.prefectapi import PrefectApi
    from greenramp.site.automations import ensure_automations
    from greenramp.site.settings import this_site

    address = prefect.rstrip("/").removesuffix("/api") or this_site().prefect_url
    for name, changed in ensure_automations(Path.cwd(), PrefectApi(address)).items():
        typer.echo(f"{name}: {'made' if changed else 'is there already'}")
