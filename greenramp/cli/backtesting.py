"""backtest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.cli.judging import ConfigsOption, FileOption, JsonOption, ServiceOption, SideName, prepared
from greenramp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.table import Table as Shown

    from greenramp.judging.backtesting import GateRecord


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(backtest)


def backtest(
    service: ServiceOption,
    file: FileOption,
    runs: Annotated[int, typer.Option(min=1, help="How many random splits.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    drop: Annotated[
        float,
        typer.Option(min=0.001, max=1, help="Planted harm: share of good outcomes made bad; so much longer times."),
    ] = 0.15,
    most: Annotated[int, typer.Option("--rows", min=100, help="At most so many rows, the last ones.")] = 50_000,
    candidate: Annotated[
        SideName | None, typer.Option(help="The candidate's side, if they are blue and green.")
    ] = None,
    configs: ConfigsOption = None,
    as_json: JsonOption = False,
) -> None:
    """False alarms and finds of the gates on random splits of the champion's rows of a table."""
    from collections import deque

    from greenramp.cli.planning import service_config
    from greenramp.clients.tables import Table
    from greenramp.judging.backtesting import backtest as run_all
    from greenramp.judging.backtesting import gates_that_can_fail
    from greenramp.traffic.split import Side

    plan = service_config(service, configs)
    table = Table(file, Side(candidate.value) if candidate else None)
    source, _, notes = prepared(table)
    rows = deque((row for row in source if not row.mine), maxlen=most)
    if len(rows) < 2:
        raise ConfigError(f"{file}: wanted rows of the champion to split; seen: {len(rows)}")
    if not gates_that_can_fail(plan, table.columns):
        raise ConfigError(
            f"{file}: no gate of {service} that can fail has its columns; seen: {', '.join(table.columns)}"
        )
    done = 0
    records: dict[str, GateRecord] = {}
    try:
        typer.echo(f"splitting {len(rows):,} rows {runs:,} times", err=True)
        for so_far in _progress(run_all(plan, list(rows), table.columns, runs, seed, drop), runs, as_json):
            done, records = done + 1, so_far
    except KeyboardInterrupt:
        notes.append(f"interrupted after {done:,} of {runs:,} runs")
    notes.append(f"{done:,} splits of {len(rows):,} of the champion's rows, harm of {100 * drop:g} %, seed {seed}")
    skipped = [gate.name for gate in plan.measured if gate not in gates_that_can_fail(plan, table.columns)]
    if skipped:
        notes.append(f"left out, observed only or without their columns: {', '.join(skipped)}")
    if as_json:
        typer.echo(json.dumps({"service": service, "notes": notes, "gates": _records(records)}, indent=1))
    else:
        _show_records(notes, records)
    raise typer.Exit(0 if done == runs else 130)


def _progress(records: Iterator[dict[str, GateRecord]], runs: int, quiet: bool) -> Iterator[dict[str, GateRecord]]:
    from rich.console import Console
    from rich.progress import track

    yield from track(records, "splitting", total=runs, console=Console(stderr=True), transient=True, disable=quiet)


def _records(records: Mapping[str, GateRecord]) -> list[dict[str, Any]]:
    from greenramp.judging.backtesting import wilson_interval

    rows = []
    for record in records.values():
        found = len(record.found_after)
        rows.append(
            {
                "gate": record.gate,
                "runs": record.runs,
                "false_alarms": record.false_alarms,
                "false_alarm_interval": wilson_interval(record.false_alarms, record.runs),
                "found": found,
                "found_interval": wilson_interval(found, record.runs),
                "median_candidate_requests": record.median_found,
            }
        )
    return rows


def _show_records(notes: list[str], records: Mapping[str, GateRecord]) -> None:
    from rich.console import Console

    console = Console()
    if records:
        console.print(_record_table(records))
    for note in notes:
        console.print(note, highlight=False, markup=False, style="dim", soft_wrap=True)


def _record_table(records: Mapping[str, GateRecord]) -> Shown:
    from rich.table import Table

    table = Table("gate", "false alarms", "harm found", "after candidate requests (median)")
    for row in _records(records):
        median = row["median_candidate_requests"]
        table.add_row(
            row["gate"],
            f"{row['false_alarms']} of {row['runs']} ({_interval(row['false_alarm_interval'])})",
            f"{row['found']} of {row['runs']} ({_interval(row['found_interval'])})",
            "-" if median is None else f"{median:,.0f}",
        )
    return table


def _interval(ends: tuple[float, float]) -> str:
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"
