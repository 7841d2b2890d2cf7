"""Starts a flow run on the site's Prefect server and shows it to its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from greenramp.errors import Unreachable

if TYPE_CHECKING:
    from greenramp.clients.prefectapi import FlowRun, LogLine
    from greenramp.site.settings import SiteSettings

_LOOK_SECONDS = 0.5
_GONE_SECONDS = 180
_NOISE = (  # Prefect's own words about itself; ours say what happens to the service
    "Finished in state",
    "Beginning flow run",
    "Created task run",
    "View at http",
    "Worker '",
    "Flow run '",
    "Running 1 deployment pull",
    "Executing deployment step",
    "Deployment step '",
    "All deployment steps",
    "Engine execution exited",
    "Process for flow run",
)


def submit(site: SiteSettings, deployment: str, parameters: Mapping[str, str]) -> FlowRun:
    """Ask for a run, and say where it can be seen."""
    from greenramp.clients.prefectapi import PrefectApi
    from greenramp.clients.supervisor import Supervisor

    api = PrefectApi(site.prefect_url)
    try:
        run = api.run(deployment, parameters)
    except Unreachable as error:
        if Supervisor(site.home.supervisor_socket).running():
            raise
        raise Unreachable(f"the site in {site.home.root} does not run; start it with: greenramp up") from error
    typer.echo(f"run {api.page(run.id)}")
    return run


def follow(site: SiteSettings, run: FlowRun, goes_on: str) -> None:
    """Print what a run logs until it ends; exit code 1 unless it ended well. Ctrl-C only stops the looking."""
    from greenramp.clients.prefectapi import PrefectApi

    api, shown, last_answer = PrefectApi(site.prefect_url), 0, time.monotonic()
    try:
        while True:
            try:
                run = api.flow_run(run.id)
                lines = api.logs(run.id, shown)
                last_answer = time.monotonic()
            except Unreachable:
                if time.monotonic() - last_answer > _GONE_SECONDS:
                    raise
                time.sleep(_LOOK_SECONDS)
                continue
            shown += len(lines)
            for line in lines:
                _show(line)
            if run.ended and not lines:
                break
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        typer.echo(f"\n{goes_on}; it can be seen at {api.page(run.id)}")
        raise typer.Exit(130) from None
    well = run.type == "COMPLETED"
    typer.secho(f"{run.state}: {run.message}", fg=typer.colors.GREEN if well else typer.colors.RED, err=not well)
    raise typer.Exit(0 if well else 1)


def is_noise(text: str) -> bool:
    """Whether a log line is Prefect's word about itself."""
    return text.startswith(_NOISE)


def _show(line: LogLine) -> None:
    if line.level >= logging.INFO and not is_noise(line.text):
        typer.echo(f"{line.time[11:19]} {line.text.splitlines()[0]}")
