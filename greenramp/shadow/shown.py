"""What may be shown of a comparison, and how: the config says which columns of requests are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from greenramp.config import Shadow

_MOST_EXAMPLES, _MOST_CHARACTERS = 10, 200


def kept_report(shadow: Shadow, report: Mapping[str, Any]) -> dict[str, Any]:
    """A comparison's report with those columns of its examples that may be kept, or without examples."""
    if not shadow.examples:
        return {**report, "worst": {}}
    kept = set(shadow.example_columns or ())
    worst = {
        sort: [{**row, "features": {n: v for n, v in (row.get("features") or {}).items() if n in kept}} for row in rows]
        for sort, rows in report["worst"].items()
    }
    return {**report, "worst": worst}


def kept_rows(shadow: Shadow, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pairs as rows of a table, without the columns of requests that may not be kept; none without examples."""
    named = {*shadow.slices.columns, *shadow.slices.headers} - set(shadow.example_columns or ())
    private = named | {f"feature_{name}" for name in named}
    return [{n: v for n, v in row.items() if n not in private} for row in rows] if shadow.examples else []


def as_markdown(report: Mapping[str, Any], page: str) -> str:
    """The findings, the most important one on top, and the worst examples. page: address of the whole report."""
    lines = [f"# {report['headline']}", "", f"[All of it, with plots]({page}) is in the release record.", ""]
    lines += [f"- {sentence}" for sentence in report["findings"][1:]]
    for sort, examples in report["worst"].items():
        if examples:
            lines += ["", f"## {sort}", "", "| request | champion | candidate | columns |", "|---|---|---|---|"]
            lines += [_line(row) for row in examples[:_MOST_EXAMPLES]]
    return "\n".join(lines) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    candidate = row["error"] if row["candidate"] is None else row["candidate"]
    cells = [row["id"], row["live"], candidate, row.get("features") or ""]
    return "| " + " | ".join(_cell(value) for value in cells) + " |"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")[:_MOST_CHARACTERS]
