"""What the demo shows: progress while releases run, and a summary from their records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from examples.traffic import Counts
from greenramp.cli.following import is_noise
from greenramp.clients.journal import Journal
from greenramp.clients.prefectapi import FlowRun, PrefectApi
from greenramp.home import Home
from greenramp.site.settings import SiteSettings
from greenramp.site.status import read_status

console = Console(highlight=False)


@dataclass
class Told:
    """One release of the demo and how it ended."""

    title: str
    run: FlowRun
    release: str
    seconds: float
    journal: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def step(words: str) -> Iterator[None]:
    """Say what happens now, and how long it took."""
    started = time.monotonic()
    with console.status(words + " ..."):
        yield
    console.print(f"[green]✓[/green] {words} [dim]({time.monotonic() - started:.0f} s)[/dim]")


def follow(site: SiteSettings, run: FlowRun, title: str, counts: Callable[[], Counts | None]) -> Told:
    """Show a release until it ends: what serves, what the users see, what the release says."""
    api, started, said = PrefectApi(site.prefect_url), time.monotonic(), 0
    console.print(f"\n[bold]{title}[/bold]  [dim]{api.page(run.id)}[/dim]")
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while True:
            run = api.flow_run(run.id)
            lines = api.logs(run.id, said)
            said += len(lines)
            for line in lines:
                if line.level >= 20 and not is_noise(line.text):
                    console.print(Text(f"  {line.time[11:19]} {line.text.splitlines()[0]}", style="dim"))
            if run.ended and not lines:
                break
            live.update(_picture(site, counts(), time.monotonic() - started))
            time.sleep(0.25)
    colour = "green" if run.type == "COMPLETED" else "red"
    console.print(f"  [{colour}]{run.state}[/{colour}]: {run.message}")
    release = _release_of(site.home, run.id)
    return Told(title, run, release, time.monotonic() - started, Journal(site.home, release).read())


def _release_of(home: Home, run_id: str) -> str:
    found = sorted(home.journals.glob(f"*-{run_id[:8]}.jsonl"))
    return found[0].stem if found else ""


def _picture(site: SiteSettings, counts: Counts | None, seconds: float) -> Group:
    lines = []
    for service in read_status(site.home).services:
        for side in service.sides:
            bar = "█" * round(side.percent / 2.5)
            colour = "green" if side.live else "yellow"
            lines.append(Text(f"  version {side.version:>2} {side.percent:5.1f} % {bar}", style=colour))
        lines.append(Text(f"  {service.step or 'nothing under way'}, {seconds:.0f} s", style="bold"))
    if counts is not None:
        lines.append(Text(f"  {counts.requests} requests answered, {counts.failed} failed"))
    return Group(*lines)


def summary(site: SiteSettings, releases: list[Told], counts: Counts) -> list[Table | str]:
    """What each release did, step by step; what the users saw; where to look."""
    parts: list[Table | str] = [_release_table(releases)]
    answered = ", ".join(f"version {v}: {n}" for v, n in sorted(counts.by_version.items()))
    parts.append(
        f"users: {counts.requests} requests, {counts.failed} failed ({answered}); slowest {counts.slowest_ms:.0f} ms"
    )
    parts += [line for told in releases if (line := _speed(told, counts)) is not None]
    parts += [f"Prefect  {site.prefect_url}", f"MLflow   {site.mlflow_url}"]
    return parts


def _release_table(releases: list[Told]) -> Table:
    table = Table("release", "outcome", "steps and their seconds", "why", title="What happened")
    for told in releases:
        table.add_row(told.title, told.run.state, _durations(told), told.run.message)
    return table


def _durations(told: Told) -> str:
    """Each step with its length, from the journal's lines."""
    marks = [(line["ts"], _step_name(line)) for line in told.journal]
    named = [(ts, name) for ts, name in marks if name]
    ends = [ts for ts, _ in named[1:]] + [told.journal[-1]["ts"] if told.journal else 0.0]
    return "\n".join(f"{name}  {end - ts:.1f}" for (ts, name), end in zip(named, ends, strict=True))


def _step_name(line: dict[str, Any]) -> str:
    if line["event"] == "share raised":
        return f"{line['percent']:g} %"
    return {
        "claimed": "provision, smoke",
        "copies begun": "shadow",
        "traffic switched": "promote, bake, retire",
        "traffic put back": "back",
    }.get(line["event"], "")


def _speed(told: Told, counts: Counts) -> str | None:
    """How quickly a version that failed was off the traffic; None for one that did not fail."""
    verdict = next((line["ts"] for line in told.journal if _fails(line)), None)
    back = next((line["ts"] for line in told.journal if line["event"] == "traffic put back"), None)
    if back is None:
        return None
    version = told.release.split("-")[1]
    if verdict is None:
        return f"version {version}: it answered {counts.by_version[version]} users"
    last = (counts.last_answer.get(version, verdict) - verdict) * 1000
    return (
        f"version {version}: router back on the champion {(back - verdict) * 1000:.0f} ms after the verdict; its last "
        f"answer reached a user {abs(last):.0f} ms {'after' if last > 0 else 'before'} the verdict; "
        f"it answered {counts.by_version[version]} of {counts.requests} requests in all"
    )


def _fails(line: dict[str, Any]) -> bool:
    return line["event"] == "verdicts" and any(v["outcome"] == "fail" for v in line["verdicts"])
