"""check, schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class _Kind(StrEnum):
    SERVICE = "service"
    SITE = "site"
    SUITE = "suite"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(check)
    app.command()(schema)


def check(
    configs: Annotated[Path, typer.Option(help="Folder of the configuration.")] = Path("configs"),
    live: Annotated[bool, typer.Option("--live", help="Also ask every source outside that a service names.")] = False,
) -> None:
    """Read every configuration file and print everything that is wrong with any of them."""
    from greenramp.clients.configfiles import check_all

    files, faults = check_all(configs)
    for fault in faults:
        typer.echo(str(fault), err=True)
    faulty = {fault.file for fault in faults}
    for file in files:
        if file not in faulty:
            typer.echo(f"{file}: fine")
    services = [file for file in files if live and file not in faulty and file.parent.name == "services"]
    wrong = _ask_sources(services, configs)
    raise typer.Exit(2 if faults or wrong else 0)


def _ask_sources(files: Sequence[Path], configs: Path) -> int:
    """Ask the sources of each service once, and print what they say; how many can't be used."""
    from greenramp.clients.configfiles import read_service
    from greenramp.clients.outside import check_source
    from greenramp.errors import GreenrampError

    wrong = 0
    for file in files:
        for name, source in read_service(configs, file.stem).sources.items():
            try:
                typer.echo(f"{file}: sources.{name}: {check_source(name, source, file.stem)}")
            except GreenrampError as error:
                typer.echo(f"{file}: sources.{error}", err=True)
                wrong += 1
    return wrong


def schema(kind: Annotated[_Kind, typer.Argument(help="Which kind of file.")] = _Kind.SERVICE) -> None:
    """Print the JSON Schema of a configuration file, for editors and for people."""
    from greenramp.config import Service, Site, Suite
    from greenramp.config.base import Strict

    models: dict[_Kind, type[Strict]] = {_Kind.SERVICE: Service, _Kind.SITE: Site, _Kind.SUITE: Suite}
    typer.echo(json.dumps(models[kind].model_json_schema(), indent=1))
