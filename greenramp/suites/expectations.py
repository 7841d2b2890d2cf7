"""What great-expectations found about a table, and what a gate makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from greenramp.verdict import Outcome, Verdict

_TOLD = 3
"""So many findings stand in a verdict's sentence; all of them stand in the table."""


class State(StrEnum):
    """empty: no row meets the expectation's own row_condition. invalid: it could not be evaluated at all."""

    MET = "met"
    EMPTY = "empty"
    INVALID = "invalid"
    UNMET = "unmet"


@dataclass(frozen=True)
class Finding:
    """One expectation on one table.

    expectation: great-expectations' name. column: or columns; empty for the table itself. wanted, observed: in words.
    unexpected, percent: of the values looked at, None where the expectation is about a number of the whole column.
    examples: up to 5 values that are not as expected. error: why it could not be evaluated.
    """

    expectation: str
    column: str
    wanted: str
    state: State
    observed: str
    unexpected: int | None = None
    percent: float | None = None
    examples: tuple[str, ...] = ()
    error: str = ""

    @property
    def met(self) -> bool:
        """Whether the table is as expected."""
        return self.state is State.MET

    def __str__(self) -> str:
        examples = f", e.g. {', '.join(self.examples[:2])}" if self.examples else ""
        return f"{self.wanted}: {self.error or self.observed}{examples}"


@dataclass(frozen=True)
class SuiteResult:
    """What a suite found. rows: of the table."""

    suite: str
    rows: int
    findings: tuple[Finding, ...]

    def of(self, state: State) -> list[Finding]:
        """The findings of this state, in the suite's order."""
        return [finding for finding in self.findings if finding.state is state]


def verdict_of(gate_name: str, result: SuiteResult, rows: int, min_rows: int) -> Verdict:
    """What the gate says: a table of too few rows decides nothing, and none is never a pass.

    rows: requests that the table stands for. min_rows: with fewer nothing is decided, whatever they look like.
    """
    unmet, invalid, met = result.of(State.UNMET), result.of(State.INVALID), result.of(State.MET)
    count = len(result.findings)
    numbers = {"rows": rows, "expectations": count, "unmet": len(unmet), "invalid": len(invalid)}
    of_all = f"of {count} expectation{'s' * (count != 1)}"
    if rows < max(min_rows, 1):
        so_far = f"; so far {len(unmet)} {of_all} not met: {_first(unmet)}" if unmet else ""
        return Verdict(gate_name, Outcome.UNSURE, f"{rows:,} rows, wanted {max(min_rows, 1):,}{so_far}", numbers)
    on = f"on {rows:,} rows"
    if unmet:
        return Verdict(gate_name, Outcome.FAIL, f"{len(unmet)} {of_all} not met {on}: {_first(unmet)}", numbers)
    if invalid:
        sentence = f"{len(invalid)} {of_all} can't be evaluated {on}: {_first(invalid)}"
        return Verdict(gate_name, Outcome.INVALID, sentence, numbers)
    if not met:
        return Verdict(gate_name, Outcome.UNSURE, f"none {of_all} found a row to look at {on}", numbers)
    aside = f"; for {len(result.of(State.EMPTY))} there was no row" if result.of(State.EMPTY) else ""
    return Verdict(gate_name, Outcome.PASS, f"{len(met)} {of_all} met {on}{aside}", numbers)


def table_of(result: SuiteResult) -> list[dict[str, str]]:
    """All findings as rows of a table, the bad ones first; also for a Prefect table artifact."""
    order = [State.UNMET, State.INVALID, State.EMPTY, State.MET]
    return [
        {
            "state": finding.state.value,
            "wanted": finding.wanted,
            "observed": finding.error or finding.observed,
            "examples": ", ".join(finding.examples),
            "expectation": finding.expectation,
        }
        for finding in sorted(result.findings, key=lambda f: order.index(f.state))
    ]


def markdown_of(result: SuiteResult) -> str:
    """All findings as a Markdown table under one line that counts them."""
    met = f"{len(result.of(State.MET))} of {len(result.findings)} expectations met"
    head = f"**{result.suite}**: {met}, {result.rows:,} rows"
    rows = table_of(result)
    columns = ["state", "wanted", "observed", "examples", "expectation"]
    lines = [_line(columns), _line(["---"] * len(columns)), *(_line([row[name] for name in columns]) for row in rows)]
    return "\n".join([head, "", *lines, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def _first(findings: Sequence[Finding]) -> str:
    more = f"; and {len(findings) - _TOLD} more" if len(findings) > _TOLD else ""
    return "; ".join(str(finding) for finding in findings[:_TOLD]) + more
