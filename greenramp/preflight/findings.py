"""One thing that preflight has to say, and the worst of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    REFUSE = "refuse"

    @property
    def rank(self) -> int:
        """The higher, the worse."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """What one check says. champion, candidate: the values it compared, "" where there is none."""

    check: str
    severity: Severity
    sentence: str
    champion: str = ""
    candidate: str = ""

    def __str__(self) -> str:
        return f"{self.check} {self.severity.value}: {self.sentence}"


def refusal(findings: Sequence[Finding]) -> str:
    """Why the version is refused, in one sentence; empty when it is not."""
    against = [finding.sentence for finding in findings if finding.severity is Severity.REFUSE]
    if not against:
        return ""
    more = len(against) - 1
    return against[0] + (f" (and {more} more reason{'s' if more > 1 else ''} in the preflight table)" if more else "")


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """In the order a person wants to read them; equal ones stay as they were."""
    return sorted(findings, key=lambda finding: -finding.severity.rank)


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings there are of each severity."""
    return {severity.value: sum(finding.severity is severity for finding in findings) for severity in Severity}


def rows(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """A table's rows, worst first: check, severity, sentence, champion, candidate."""
    return [{**asdict(finding), "severity": finding.severity.value} for finding in worst_first(findings)]


def as_markdown(findings: Sequence[Finding]) -> str:
    """The same table for people."""
    columns = ("check", "severity", "sentence", "champion", "candidate")
    lines = [f"| {' | '.join(columns)} |", "|---|---|---|---|---|"]
    for row in rows(findings):
        cells = (row[column].replace("|", "\\|").replace("\n", " ") for column in columns)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
