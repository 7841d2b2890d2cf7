"""release, shadow, rollback, outcomes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from greenramp.cli.completing import service_names
from greenramp.errors import ConfigError, GreenrampError, Unreachable


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        epilog="Examples: greenramp release fraud; greenramp release fraud 7 --detach; "
        "greenramp release fraud runs:/<run>/model"
    )(release)
    app.command(epilog="Example: greenramp shadow fraud --version 7")(shadow)
    app.command(epilog="Example: greenramp rollback fraud")(rollback)
    app.command(epilog="Examples: greenramp outcomes fraud labels.jsonl; ... | greenramp outcomes fraud -")(outcomes)


def release(
    service: Annotated[
        str,
        typer.Argument(help="The service, as its file in configs/services/ is called.", autocompletion=service_names),
    ],
    candidate: Annotated[
        str, typer.Argument(help="Version number, alias, stage, models:/ address, or runs:/ address to register.")
    ] = "challenger",
    detach: Annotated[bool, typer.Option("--detach", help="Start it and return at once.")] = False,
    override_freeze: Annotated[
        str, typer.Option("--override-freeze", help="Why it must be now, in a freeze window; it is recorded.")
    ] = "",
) -> None:
    """Release a model version, and follow it to its end. Exit code 0 means promoted."""
    goes_on = f"the release goes on; take it back with: greenramp rollback {service}"
    more = {"override_freeze": override_freeze} if override_freeze else {}
    _run("release/greenramp", service, candidate, None if detach else goes_on, more)


def shadow(
    service: Annotated[
        str,
        typer.Argument(help="The service, as its file in configs/services/ is called.", autocompletion=service_names),
    ],
    version: Annotated[
        str, typer.Option("--version", help="Version number, alias, stage, models:/ or runs:/ address.")
    ] = "challenger",
    detach: Annotated[bool, typer.Option("--detach", help="Start it and return at once.")] = False,
) -> None:
    """Compare a version with the one that serves, on copies of live requests. Exit code 0 means no rule is broken."""
    _run("shadow/greenramp", service, version, None if detach else "the comparison goes on")


def _run(
    deployment: str, service: str, candidate: str, goes_on: str | None, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Start a flow, and follow it if `goes_on` says what to say when the looking is interrupted."""
    from greenramp.cli.following import follow, submit
    from greenramp.clients.configfiles import read_service
    from greenramp.lifecycle.reference import parse_reference
    from greenramp.site.settings import this_site

    site = this_site()
    parse_reference(candidate, read_service(site.configs, service).model)
    run = submit(site, deployment, {"service": service, "candidate": candidate, **more})
    if goes_on is not None:
        follow(site, run, goes_on)


def rollback(
    service: Annotated[str, typer.Argument(help="The service.", autocompletion=service_names)],
    detach: Annotated[bool, typer.Option("--detach", help="Don't wait for the registry to follow.")] = False,
) -> None:
    """Back to the version before: traffic at once while that is warm, else by starting it again."""
    from greenramp.cli.following import follow, submit
    from greenramp.clients.configfiles import read_service
    from greenramp.clients.envoy.router import Router
    from greenramp.clients.takenback import tell_taken_back
    from greenramp.site.settings import this_site
    from greenramp.traffic.route import TAKEN_BACK, take_back

    site = this_site()
    plan = read_service(site.configs, service)
    router = Router(site.home)
    if router.read(service).live is None:
        raise ConfigError(f"{service} serves no version, so there is none to go back to")
    owner, started = f"{service}-rollback-{uuid.uuid4().hex[:8]}", time.monotonic()
    waits = max(plan.lease_seconds, 120)  # until the flow, which then renews it, has started
    try:
        route, when = router.change(service, lambda r: take_back(r, owner, time.time(), waits)), "after"
    except Unreachable:
        route, when = router.read(service), "as soon as Envoy is back; the record stands after"
    tell_taken_back(site.home, service, owner, route)
    if route.step == TAKEN_BACK and route.live:
        upstream = router.upstream(service, route.live)
        ms = (time.monotonic() - started) * 1000
        typer.echo(f"traffic is on version {upstream.version if upstream else '?'} {when} {ms:.0f} ms")
    try:
        run = submit(site, "rollback/greenramp", {"service": service, "rollback_id": owner})
    except Unreachable as error:
        raise GreenrampError(
            f"{error}; traffic stands as said, registry and environments do not follow yet: "
            f"once Prefect is back, run greenramp rollback {service} again"
        ) from error
    if not detach:
        follow(site, run, "the rollback goes on")


def outcomes(
    service: Annotated[str, typer.Argument(help="The service.", autocompletion=service_names)],
    file: Annotated[Path, typer.Argument(help='JSON lines: {"id": <x-request-id>, "label": <value>}; - is stdin.')],
) -> None:
    """Add labels that arrived; gates on the metric `wrong` compare them with the answers given."""
    from greenramp.clients.configfiles import read_service
    from greenramp.clients.evidence_sources import append_labels, parse_labels
    from greenramp.site.settings import this_site

    site = this_site()
    read_service(site.configs, service)
    text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text(encoding="utf-8")
    count = append_labels(site.home, service, parse_labels(text, str(file)))
    typer.echo(f"{count} labels added")
