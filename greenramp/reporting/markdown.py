"""A report as Markdown, for Prefect's and MLflow's pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple

from greenramp.reporting.telling import GATE_COLUMNS, STEP_COLUMNS, Told

_SPECIAL = "\\`*_[]<>|#"


def as_markdown(told: Told, links: Mapping[str, str] | None = None) -> str:
    """The whole report; links: addresses by what is there. What people or models wrote can't become markup."""
    parts = [f"# {plain(told.title)}", plain(told.reason), _list(told.answers)]
    if links:
        parts.append(" · ".join(f"[{plain(words)}]({address})" for words, address in links.items()))
    if told.gates:  # sentences stand below: Prefect's page cuts off what is too long for a table
        parts += ["## Gates", _table(GATE_COLUMNS[:-1], [astuple(one)[:-1] for one in told.gates])]
        parts.append(_list((one.gate, one.why) for one in told.gates))
    if told.steps:
        parts += ["## Steps", _table(STEP_COLUMNS, told.steps)]
    for title, lines in (("People", told.orders), ("Sources", told.notes)):
        if lines:
            parts += [f"## {title}", "\n".join(f"- {plain(line)}" for line in lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: str) -> str:
    """Text that reads as it is, on one line, whatever is in it."""
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in " ".join(text.split()))


def _list(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{plain(name)}**: {plain(words)}" for name, words in facts)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *([plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
