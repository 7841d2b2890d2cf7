"""What preflight says of a registered version, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenramp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenramp.config import Service
    from greenramp.judging.planning import Outlook
    from greenramp.preflight import Finding

_COLORS = {"ok": "green", "note": "default", "warning": "yellow", "refuse": "bold red"}


def findings_of(service: str, plan: Service, wish: str, found: Sequence[Outlook]) -> tuple[Finding, ...]:
    """What a release of `wish` would be told before it starts; found: the gates' outlook, empty when not known."""
    from greenramp.clients.preflight import gates_ahead, look_ahead
    from greenramp.clients.registry import Registry
    from greenramp.lifecycle.reference import Kind, parse_reference
    from greenramp.site.settings import this_site

    site = this_site()
    reference = parse_reference(wish, plan.model)
    if reference.kind is Kind.RUN:
        raise ConfigError(f"--version {wish}: a run's model is no version until it is registered; give a number")
    version = Registry(site.mlflow_url).resolve(reference, plan.model).version
    said = look_ahead(site.home, site.mlflow_url, service, plan, version)
    return (*said, gates_ahead(site.home, service, plan, found))


def show_findings(findings: Sequence[Finding]) -> None:
    """Print them as a table, worst first; nothing when there are none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from greenramp.preflight import rows

    if not findings:
        return
    table = Table("check", "", "what it says", "champion", "candidate", title="preflight", title_justify="left")
    for row in rows(findings):
        weight = Text(row["severity"], _COLORS[row["severity"]])
        table.add_row(row["check"], weight, *(Text(row[name]) for name in ("sentence", "champion", "candidate")))
    Console().print(table)
