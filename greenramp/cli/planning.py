"""plan."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.cli.completing import service_names
from greenramp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from greenramp.clients.recenttraffic import Recent
    from greenramp.config import Service
    from greenramp.judging.needs import Baseline, Need
    from greenramp.judging.planning import Outlook

UNDECIDABLE = 3
"""Exit code when a required gate can't decide."""

_COLORS = {"yes": "green", "maybe": "yellow", "no": "bold red", "unknown": "magenta"}
_WORDS = {"yes": "in time", "maybe": "perhaps", "no": "can't", "unknown": "not known"}


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(plan)


def plan(
    service: Annotated[
        str,
        typer.Argument(help="The service, as its file in configs/services/ is called.", autocompletion=service_names),
    ],
    seconds: Annotated[float, typer.Option(min=1, help="Today's traffic is that of the last so many seconds.")] = 60,
    rate: Annotated[
        float | None, typer.Option(min=0, help="Requests per second to reckon with, instead of today's.")
    ] = None,
    base_rate: Annotated[
        list[str] | None, typer.Option(help="The champion's bad rate for a gate, instead of today's: errors=0.01.")
    ] = None,
    configs: Annotated[Path | None, typer.Option(help="Folder of the configuration; default: the site's.")] = None,
    version: Annotated[
        str | None, typer.Option(help="Also what preflight says of this version: a number, an alias or a stage.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """A dry run that changes nothing: how long each gate needs, what preflight says. Exit code 3: a release can't."""
    from greenramp.cli.findings import findings_of, show_findings
    from greenramp.clients.recenttraffic import read_recent
    from greenramp.judging.planning import outlooks
    from greenramp.preflight import refusal, rows
    from greenramp.site.settings import this_home

    config = service_config(service, configs)
    given = _given(base_rate or [], [gate.name for gate in config.measured])
    recent = read_recent(this_home(), service, config, seconds, time.time())
    per_second = rate if rate is not None else (recent.per_second if recent else 0.0)
    known = bool(per_second) and math.isfinite(per_second)
    if not known and version is None:
        raise ConfigError(
            f"no request to {service} in the last {seconds:g} s, so nothing is known of its traffic; give it by hand: "
            f"greenramp plan {service} --rate <requests per second> --base-rate <gate>=<bad rate>"
        )
    baselines = {**(recent.baselines if recent else {}), **given}
    found = outlooks(config, per_second, baselines) if known else ()
    said = findings_of(service, config, version, found) if version else ()
    source = _source(recent, rate, given)
    if as_json:
        plain = _plain(service, per_second, source, found)
        typer.echo(json.dumps(plain | ({"preflight": rows(said)} if version else {}), indent=1))
    else:
        show_findings(said)
        if known:
            _show(service, config, per_second, source, found)
    raise typer.Exit(UNDECIDABLE if refusal(said) or any(outlook.blocks for outlook in found) else 0)


def service_config(service: str, configs: Path | None) -> Service:
    """A service's configuration: from the folder given, else the site's, else ./configs."""
    from greenramp.clients.configfiles import read_service
    from greenramp.site.settings import read_settings, this_home

    settings = None if configs else read_settings(this_home())
    return read_service(configs or (settings.configs if settings else Path("configs")), service)


def _given(pairs: Sequence[str], gates: Sequence[str]) -> dict[str, Baseline]:
    from greenramp.judging.needs import Baseline

    found = {}
    for pair in pairs:
        gate, _, text = pair.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if gate not in gates or not 0 <= value <= 1:
            raise ConfigError(
                f"--base-rate {pair}: wanted <gate>=<fraction in [0, 1]>, with one of the gates {', '.join(gates)}"
            )
        found[gate] = Baseline.given(value)
    return found


def _source(recent: Recent | None, rate: float | None, given: Mapping[str, Baseline]) -> str:
    parts = []
    if recent:
        users = f" of {recent.users:,} users" if recent.users else ""
        parts.append(f"{recent.requests:,} requests{users} in the last {recent.seconds:.0f} s")
    if rate is not None:
        parts.append("requests/s given by hand")
    if given:
        parts.append(f"bad rates given by hand: {', '.join(given)}")
    return "; ".join(parts)


def _plain(service: str, per_second: float, source: str, found: Sequence[Outlook]) -> dict[str, Any]:
    """As plain data; what never comes or is not known is null."""
    rows = []
    for one in found:
        row = {
            "step": one.rung.name,
            "share": one.rung.share,
            "min_seconds": one.rung.steps.min_seconds,
            "deadline_seconds": one.rung.steps.deadline_seconds,
            "gate": one.gate,
            "role": one.role.value,
            "base_rate": one.base_rate,
            "detect": _need(one.detect, one.detect_seconds),
            "prove": None if one.prove is None else _need(one.prove, one.prove_seconds or 0.0),
            "min_requests_seconds": _finite(one.quota_seconds),
            "able": one.able.value,
            "why": one.why,
        }
        rows.append(row)
    blocked = any(one.blocks for one in found)
    return {"service": service, "requests_per_second": per_second, "from": source, "blocked": blocked, "gates": rows}


def _need(need: Need, seconds: float) -> dict[str, Any]:
    return {"about": need.about, "mean": _finite(need.mean), "p95": _finite(need.p95), "seconds": _finite(seconds)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _show(service: str, config: Service, per_second: float, source: str, found: Sequence[Outlook]) -> None:
    from rich.console import Console

    from greenramp.gates.wording import number

    console = Console()
    console.print(f"[bold]{service}[/bold]: {number(per_second)} requests/s ({source})", highlight=False)
    console.print(_steps(config, per_second))
    for gate in config.measured:
        steps = [one for one in found if one.gate == gate.name]
        known = not math.isnan(steps[0].detect.mean)
        console.print(_gate(steps) if known else f"{gate.name} ({gate.role}): {steps[0].detect.about}")
    for one in found:
        if one.why and one.able != "unknown":
            console.print(f"{one.gate} at {one.why}", style=_COLORS[one.able.value], highlight=False, markup=False)
    console.print(
        "Estimates of averages; 1 in 20 takes about three times as long. The time that labels take comes on top."
    )


def _steps(config: Service, per_second: float) -> Table:
    from rich.table import Table

    from greenramp.gates.wording import number
    from greenramp.judging.planning import duration, rungs

    table = Table(
        "step",
        "shortest",
        "deadline",
        "candidate requests by then",
        title="the ladder",
        title_justify="left",
        title_style="bold",
    )
    for rung in rungs(config):
        most = number(rung.steps.deadline_seconds * per_second * rung.share)
        table.add_row(rung.name, duration(rung.steps.min_seconds), duration(rung.steps.deadline_seconds), most)
    return table


def _gate(steps: Sequence[Outlook]) -> Table:
    """One gate at every step."""
    from rich.table import Table
    from rich.text import Text

    from greenramp.gates.wording import percent
    from greenramp.judging.planning import duration

    first = steps[0]
    proven = next((one for one in steps if one.prove), first)  # it may be asked for from a later step on
    title = f"[bold]{first.gate}[/bold] ({proven.role.value})"
    title += "" if first.base_rate is None else f", the champion's rate is {percent(first.base_rate)}"
    title += f"\nfinds {first.detect.about}" + (f", proves {proven.prove.about}" if proven.prove else "")
    columns = (
        ["step", "finds: requests", "time"] + (["proves: requests", "time"] if proven.prove else []) + ["by then?"]
    )
    table = Table(*columns, title=title, title_justify="left", title_style="")
    for one in steps:
        cells = [_count(one.detect.mean), duration(one.detect_seconds)]
        if one.prove and one.prove_seconds is not None:
            cells += [_count(one.prove.mean), duration(one.prove_seconds)]
        elif proven.prove:
            cells += ["-", "-"]
        kept = one is not first and not one.why and math.isinf((one.prove or one.detect).mean)
        word = "as before" if kept else _WORDS[one.able.value]
        table.add_row(one.rung.name, *cells, Text(word, _COLORS[one.able.value]))
    return table


def _count(value: float) -> str:
    from greenramp.gates.wording import number

    return "?" if math.isnan(value) else "-" if math.isinf(value) else number(value)
