"""check, schema."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class _Kind(StrEnum):
    SERVICE = "service"
    SITE = "site"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(check)
    app.command()(schema)


def check(
    configs: Annotated[Path, typer.Option(help="Folder of the configuration.")] = Path("configs"),
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
    raise typer.Exit(2 if faults else 0)


def schema(kind: Annotated[_Kind, typer.Argument(help="Which kind of file.")] = _Kind.SERVICE) -> None:
    """Print the JSON Schema of a configuration file, for editors and for people."""
    from greenramp.config import Service, Site

    model = Service if kind is _Kind.SERVICE else Site
    typer.echo(json.dumps(model.model_json_schema(), indent=1))
