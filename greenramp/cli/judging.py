"""judge."""

from __future__ import annotations

import json
import math
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.cli.completing import service_names
from greenramp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from greenramp.clients.tables import Table
    from greenramp.judging.recorded import Look, Reached, Row

FAILED, UNDECIDED = 1, 3
"""Exit codes: a gate failed; none failed, but not every one passes."""

_COLORS = {"pass": "green", "unsure": "yellow", "fail": "bold red", "unavailable": "bright_black", "invalid": "magenta"}


class SideName(StrEnum):
    """What a table may call the two sides."""

    BLUE = "blue"
    GREEN = "green"


ServiceOption = Annotated[
    str,
    typer.Option(
        "--service", help="The service, as its file in configs/services/ is called.", autocompletion=service_names
    ),
]
FileOption = Annotated[
    Path, typer.Option("--from", help="The table: .jsonl, .csv or .parquet; see docs/gates-offline.md.")
]
ConfigsOption = Annotated[Path | None, typer.Option(help="Folder of the configuration; default: the site's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(judge)


def judge(
    service: ServiceOption,
    file: FileOption,
    candidate: Annotated[
        SideName | None, typer.Option(help="The candidate's side, if they are blue and green.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for verdicts.json and verdicts.png.")] = None,
    configs: ConfigsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The service's gates on a recorded table. Exit code 0: all pass, 1: one fails, 3: not decided."""
    from greenramp.cli.planning import service_config
    from greenramp.clients.tables import Table
    from greenramp.judging.recorded import Replay
    from greenramp.traffic.split import Side
    from greenramp.verdict import Outcome

    plan = service_config(service, configs)
    started = time.monotonic()
    table = Table(file, Side(candidate.value) if candidate else None)
    rows, share, notes = prepared(table)
    replay = Replay(plan, table.columns, share)
    looks = []
    for look in replay.run(rows):
        looks.append(look)
    if not looks:
        raise ConfigError(f"{file}: no rows")
    notes.append(f"{replay.rows:,} rows in {_rate(replay.rows, time.monotonic() - started)}")
    data = _plain(service, file, replay.rows, notes, replay.reached)
    if out is not None:
        _write(out, data, looks, replay.reached, f"{service}: {file.name}")
    if as_json:
        typer.echo(json.dumps(data, indent=1))
    else:
        _show(notes, replay.reached, timed="time" in table.columns)
    outcomes = {reached.verdict.outcome for reached in replay.reached.values()}
    code = FAILED if Outcome.FAIL in outcomes else 0 if outcomes == {Outcome.PASS} else UNDECIDED
    raise typer.Exit(code)


def prepared(table: Table) -> tuple[Iterable[Row], float | None, list[str]]:
    """Rows in the order of time, the candidate's share where the rows don't tell it, and what to know about both."""
    notes: list[str] = []
    if "share" in table.columns and "time" not in table.columns:
        return table.rows(), None, notes
    survey = table.survey()
    share = None
    if "share" not in table.columns and survey.rows:
        share = survey.candidate / survey.rows
        notes.append(
            f"no column share: the candidate's share is taken as {100 * share:.3g} % throughout, as over the whole "
            "table; that misleads if it changed"
        )
    if survey.ordered:
        return table.rows(), share, notes
    notes.append("the rows are not in the order of time: all of them were read and sorted")
    return sorted(table.rows(), key=lambda row: row.ts), share, notes


def _rate(rows: int, seconds: float) -> str:
    return f"{seconds:.1f} s ({rows / max(seconds, 1e-9):,.0f} rows/s)"


def _plain(service: str, file: Path, rows: int, notes: list[str], reached: Mapping[str, Reached]) -> dict[str, Any]:
    gates = []
    for one in reached.values():
        verdict = one.verdict
        numbers = {key: value for key, value in verdict.numbers.items() if math.isfinite(value)}
        found = {"gate": verdict.gate, "outcome": verdict.outcome.value, "sentence": verdict.sentence}
        gates.append({**found, "row": one.row, "time": one.ts, "numbers": numbers})
    return {"service": service, "from": str(file), "rows": rows, "notes": notes, "gates": gates}


def _write(out: Path, data: dict[str, Any], looks: list[Look], reached: Mapping[str, Reached], title: str) -> None:
    from greenramp.clients.verdictplots import evidence_figure

    over_time = [
        {
            "row": look.row,
            "time": look.ts,
            "verdicts": [
                {"gate": v.gate, "outcome": v.outcome.value, "numbers": dict(v.numbers)} for v in look.verdicts
            ],
        }
        for look in looks
    ]
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "verdicts.json").write_text(json.dumps({**data, "looks": over_time}, indent=1), encoding="utf-8")
        evidence_figure(looks, reached, title).savefig(out / "verdicts.png")
    except OSError as error:
        raise ConfigError(f"--out {out}: {error}") from error


def _show(notes: list[str], reached: Mapping[str, Reached], *, timed: bool) -> None:
    from datetime import UTC, datetime

    from rich.console import Console

    console = Console()
    for gate, one in reached.items():
        outcome = one.verdict.outcome.value
        at = f", {datetime.fromtimestamp(one.ts, UTC):%Y-%m-%d %H:%M:%S} UTC" if timed else ""
        console.print(
            f"[bold]{gate}[/bold] [{_COLORS[outcome]}]{outcome}[/] since row {one.row:,}{at}", highlight=False
        )
        console.print(f"  {one.verdict.sentence}", highlight=False, markup=False, soft_wrap=True)
    for note in notes:
        console.print(note, highlight=False, markup=False, style="dim", soft_wrap=True)
