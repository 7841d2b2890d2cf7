"""expectations: draft, check, run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.cli.completing import service_names as complete
from greenramp.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from greenramp.config.expectations import Suite
    from greenramp.suites.expectations import SuiteResult

FAILED, WRONG = 1, 2
"""Exit codes: the table is not as expected; the suite can't be run on it."""

_NOT_DRAFTED = (
    "ts",
    "time",
    "id",
    "user",
    "side",
    "share",
    "step",
    "status",
    "failed",
    "ms",
    "version",
    "wrong",
    "label",
)
_COLORS = {"met": "green", "empty": "yellow", "unmet": "bold red", "invalid": "magenta"}

_ServiceArgument = Annotated[
    str, typer.Argument(help="The service, as its file in configs/services/ is called.", autocompletion=complete)
]
_ConfigsOption = Annotated[Path | None, typer.Option(help="Folder of the configuration; default: the site's.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="Suites of great-expectations: what answers and inputs look like.", no_args_is_help=True)
    group.command()(draft)
    group.command()(check)
    group.command()(run)
    app.add_typer(group, name="expectations")


def draft(
    service: _ServiceArgument,
    file: Annotated[
        Path | None, typer.Option("--from", help="A recorded table, instead of what the serving version answered.")
    ] = None,
    inputs: Annotated[
        bool, typer.Option("--inputs", help="Of the model's inputs, from the champion's signature in MLflow.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="The suite's name; default: answers, or inputs.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the file, which must not be there yet.")] = False,
    configs: _ConfigsOption = None,
) -> None:
    """A first suite from what was seen: to be read, and changed, before it becomes a contract."""
    from greenramp.cli.planning import service_config
    from greenramp.clients.suitefiles import suite_text, write_suite

    plan = service_config(service, configs)
    if inputs and file:
        raise ConfigError("--inputs is drafted from the champion's signature; --from is for tables: give one of them")
    suite = _from_signature(plan.model) if inputs else _from_table(service, file)
    if write:
        called = _suite_name(name or ("inputs" if inputs else "answers"))
        typer.echo(f"written: {write_suite(_folder(configs), service, called, suite)}", err=True)
    typer.echo(suite_text(suite), nl=False)


def check(configs: _ConfigsOption = None) -> None:
    """Load every suite with great-expectations itself, which also knows what its arguments may be. Takes seconds."""
    from greenramp.clients.configfiles import read_suite, service_names, suite_file, suite_names
    from greenramp.clients.expectations import faults_of

    folder, faulty, count = _folder(configs), False, 0
    for service in service_names(folder):
        for name in suite_names(folder, service):
            count += 1
            file = suite_file(folder, service, name)
            try:
                faults = [f"{file}: {key}: {wrong}" for key, wrong in faults_of(read_suite(folder, service, name))]
            except ConfigError as error:
                faults = [str(error)]
            faulty = faulty or bool(faults)
            for fault in faults:
                typer.echo(fault, err=True)
            if not faults:
                typer.echo(f"{file}: fine")
    if not count:
        typer.echo(f"{folder / 'expectations'}: no service has a suite", err=True)
    raise typer.Exit(WRONG if faulty else 0)


def run(
    service: _ServiceArgument,
    suite: Annotated[str, typer.Option("--suite", help="configs/expectations/<service>_<suite>.yaml")],
    file: Annotated[Path, typer.Option("--from", help="The table: .jsonl, .csv or .parquet.")],
    configs: _ConfigsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """A suite on a recorded table. Exit code 0: as expected, 1: not, 2: it can't be told."""
    from greenramp.clients.configfiles import read_suite
    from greenramp.clients.expectations import validate
    from greenramp.clients.frames import read_frame
    from greenramp.suites.expectations import table_of, verdict_of
    from greenramp.verdict import Outcome

    wanted = read_suite(_folder(configs), service, suite)
    frame = read_frame(file)
    if frame.empty:
        raise ConfigError(f"{file}: no rows")
    result = validate(suite, wanted, frame)
    verdict = verdict_of(suite, result, result.rows, 1)
    if as_json:
        said: dict[str, Any] = {"suite": suite, "from": str(file), "rows": result.rows}
        said |= {"outcome": verdict.outcome.value, "sentence": verdict.sentence, "findings": table_of(result)}
        typer.echo(json.dumps(said, indent=1))
    else:
        _show(result, str(verdict))
    raise typer.Exit({Outcome.PASS: 0, Outcome.FAIL: FAILED}.get(verdict.outcome, WRONG))


def _folder(configs: Path | None) -> Path:
    """The folder given, else the site's, else ./configs."""
    from greenramp.site.settings import read_settings, this_home

    if configs is None and (settings := read_settings(this_home())) is not None:
        return settings.configs
    return configs or Path("configs")


def _suite_name(name: str) -> str:
    import re

    from greenramp.config import NAME

    if not re.fullmatch(NAME, name):
        raise ConfigError(f"--name {name}: wanted small letters, digits and -, as in: answers")
    return name


def _from_table(service: str, file: Path | None) -> Suite:
    from greenramp.clients.frames import answers_of_live, read_frame
    from greenramp.site.settings import this_home
    from greenramp.suites.drafting import draft as drafted

    frame = read_frame(file) if file else answers_of_live(this_home(), service)
    description = f"Drafted from {len(frame):,} rows of {file.name if file else 'answers of the serving version'}"
    if "side" in frame.columns:
        frame = frame[frame["side"] == "champion"]
    where = None
    if "failed" in frame.columns:
        frame, where = frame[frame["failed"] == False], "failed == False"  # noqa: E712  (a column)
    return drafted(_columns(frame), description, where)


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    from greenramp.clients.gxfindings import plain

    names = [name for name in frame.columns if name not in _NOT_DRAFTED]
    return {str(name): [plain(value) for value in frame[name].tolist()] for name in names}


def _from_signature(model: str) -> Suite:
    from greenramp.clients.inputsuite import champion_inputs
    from greenramp.site.settings import this_site

    return champion_inputs(this_site().mlflow_url, model)


def _show(result: SuiteResult, verdict: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from greenramp.suites.expectations import table_of

    shown = Table("", "wanted", "observed", "examples")
    for row in table_of(result):
        state = Text(row["state"], _COLORS[row["state"]])
        shown.add_row(state, *(Text(row[name]) for name in ("wanted", "observed", "examples")))
    console = Console()
    console.print(shown)
    console.print(verdict, highlight=False, markup=False, soft_wrap=True)
