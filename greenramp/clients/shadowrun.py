"""A shadow test as it runs: both sides' logs in, verdicts out, and at its end all that was found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from greenramp.clients.shadowlogs import ShadowLogs
from greenramp.config import Service, suites_of
from greenramp.errors import GreenrampError
from greenramp.shadow.answers import Copied
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.configured import rules_of
from greenramp.shadow.rules import PREFIX
from greenramp.suites.expectations import SuiteResult, verdict_of
from greenramp.verdict import Outcome, Verdict, require, worst

SUITE = f"{PREFIX}expectations"


@dataclass(frozen=True)
class Shadowed:
    """What a shadow test found. report: all of it as plain data; rows: a sample of the pairs, as rows of a table.

    suite: what the great-expectations suite said of these rows, None when none is named, or the test failed before.
    """

    verdicts: tuple[Verdict, ...]
    report: dict[str, Any]
    rows: list[dict[str, Any]]
    suite: SuiteResult | None = None

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        return str(self.report["headline"])

    def require(self) -> None:
        """Go on only if every rule passes; raises GateFailed or NoEvidence, with what was found first."""
        try:
            require(self.verdicts, where="shadow")
        except GreenrampError as error:
            if self.suite is not None:  # it is asked when nothing else stands out, so the findings say nothing of it
                raise
            raise type(error)(f"{self.headline}: {error}") from None


_READABLE_PAIRS, _READABLE_SECONDS = 50, 5.0
"""So many pairs say in what way answers differ; that they do is often shown after a dozen."""


class ShadowRun:
    """Feeds the comparison from the logs. copied: says what has become of all copies so far.

    failed: the verdicts of the first look that failed, None while none has.
    """

    def __init__(self, plan: Service, logs: ShadowLogs, copied: Callable[[], Copied] = Copied) -> None:
        self._plan, self._logs, self._copied = plan, logs, copied
        self.failed: tuple[Verdict, ...] | None = None
        self._failed_at = 0.0
        columns = (*plan.shadow.slices.headers, *plan.shadow.slices.columns)
        self._comparison = ShadowComparison(rules_of(plan), columns, plan.shadow.pair_timeout_seconds)

    def look(self, until: float = math.inf) -> tuple[Verdict, ...]:
        """Take in what is new; what each rule says of it. until: see ShadowLogs.news."""
        self._comparison.note(self._copied())
        for part in self._logs.news(until).parts():
            self._comparison.take(part.live, part.candidate, part.features, part.labels)
        return tuple(self._comparison.verdicts())

    @property
    def missing(self) -> str:
        """What of the logs never came, in words; empty when nothing is missing."""
        gaps, lost = self._logs.gaps, self._logs.lost
        said = [f"{gaps} parts of the logs were gone before they were read"] if gaps else []
        said += [f"a serving process could not write {lost:,} lines of its log"] if lost else []
        return "; ".join(said)

    def ends(self, verdicts: tuple[Verdict, ...], seconds: float) -> bool:
        """Whether there is nothing to wait for any more. seconds: since it began.

        What fails has failed; it goes on for a few pairs more all the same, which harms nobody and tells what is wrong.
        """
        shadow, outcome = self._plan.shadow, worst(verdicts)
        if outcome is Outcome.UNAVAILABLE or seconds >= shadow.deadline_seconds:
            return True
        if self.failed is None and outcome is Outcome.FAIL:
            self.failed, self._failed_at = verdicts, seconds
        if self.failed:
            readable = self._comparison.pairing.counts.pairs >= _READABLE_PAIRS
            return readable or seconds >= self._failed_at + _READABLE_SECONDS
        return outcome in (Outcome.PASS, Outcome.INVALID) and seconds >= shadow.min_seconds

    def finished(self, decided: tuple[Verdict, ...], until: float) -> Shadowed:
        """Take in the last answers and give up what has no partner; of the verdicts only that on the pairs may change.

        The others hold from the look on that decided them; some pairs more would ask them a second time. A suite is
        asked once, here, if everything else passed.
        """
        self.look(until)
        self._comparison.finish()
        pairs, *_ = self._comparison.verdicts()
        verdicts = tuple(pairs if verdict.gate == pairs.gate else verdict for verdict in decided)
        report, rows = self._comparison.report(), self._comparison.rows()
        suite = self._suite(rows) if worst(verdicts) is Outcome.PASS else None
        if suite is not None:
            verdicts += (verdict_of(SUITE, suite, len(rows), min(self._plan.shadow.min_pairs, len(rows) or 1)),)
        return Shadowed(verdicts, report, rows, suite)

    def _suite(self, rows: list[dict[str, Any]]) -> SuiteResult | None:
        name = self._plan.shadow.expectations
        if name is None:
            return None
        import pandas as pd

        from greenramp.clients.expectations import validate

        return validate(name, suites_of(self._plan)[name], pd.DataFrame(rows))
