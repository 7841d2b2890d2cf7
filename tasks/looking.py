"""One look after the other at a step's gates: what they say is journaled, shown and told as it changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from greenramp.clients.background import Background
from greenramp.clients.journal import Journal
from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.clients.stepsuites import StepSuites
from greenramp.config import Service
from greenramp.judging.rules import judge_all
from greenramp.reporting.progress import Now, as_facts
from greenramp.site.settings import SiteSettings
from greenramp.suites.expectations import SuiteResult, markdown_of, table_of
from greenramp.verdict import Distrust, Outcome, Verdict, worst

_TELL_SECONDS = 5.0
_RARELY = 60
"""What goes on for long is told and recorded ever more rarely: once in a 60th of the time it has lasted."""


class Looks:
    """The gates of one step. elapsed: seconds since the first look; where: the step, for people."""

    def __init__(
        self, site: SiteSettings, service: str, plan: Service, release: str, evidence: ReleaseEvidence,
        suites: StepSuites, where: str, percent: float, page: Background[Now],
        curves: Background[float],
    ) -> None:  # fmt: skip
        self._service, self._plan, self._evidence, self._suites = service, plan, evidence, suites
        self._journal, self._logger = Journal(site.home, release), get_run_logger()
        self.where, self._percent = where, percent
        self._page, self._curves = page, curves
        self._shown: tuple[str, ...] = ()
        self._started = time.monotonic()
        self._told: tuple[float, object] = (float("-inf"), ())
        self._recorded = float("-inf")
        self._distrust = Distrust(max(gate.grace_seconds for gate in plan.measured))

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._started

    def look(
        self, over: Callable[[Outcome], bool], waits: str, left: float, at_most: float | None = None
    ) -> tuple[bool, tuple[Verdict, ...]]:
        """Whether the step is decided, and by which verdicts; a failed gate decides it at once.

        over: whether a step with this worst outcome is over. waits: what else than the gates is waited for, in words.
        left: seconds until that may be over, 0 when it has no end of its own. at_most: until it goes back undecided.
        Raises NoEvidence when a source is silent, or its numbers stay invalid.
        """
        self._evidence.read()
        verdicts = judge_all(self._plan, self._evidence.counting, self._percent)
        verdicts += self._suites.look(time.monotonic(), at_end=over(worst(verdicts)))
        outcome, elapsed = worst(verdicts), self.elapsed
        decided = outcome is Outcome.FAIL or over(outcome)
        self._tell(verdicts, elapsed, decided, waits, left, at_most)
        self._show(self._suites.take_results())
        for note in self._evidence.sources.take_notes():
            self._logger.warning("%s", note)
            self._journal.add("source", where=self.where, note=note)
        if decided:
            if gaps := self._evidence.sources.gaps:
                self._logger.warning("%d parts of the logs were gone before they were read", gaps)
            return True, verdicts
        self._distrust.refuse(verdicts, elapsed, self.where)
        return False, verdicts

    def _tell(
        self,
        verdicts: tuple[Verdict, ...],
        elapsed: float,
        decided: bool,
        waits: str,
        left: float,
        at_most: float | None,
    ) -> None:
        said = _in_short(verdicts, waits, left)
        exposed = self._evidence.counting.exposed
        now = Now(self.where, self._percent, exposed.step, said, max(0.0, left), at_most, _plain(verdicts))
        seen = (waits, *now.outcomes)
        self._page.show(now, urgent=decided or seen != self._shown)
        self._shown = seen
        tell = decided or seen != self._told[1] or elapsed - self._told[0] >= max(_TELL_SECONDS, elapsed / _RARELY)
        if tell or elapsed - self._recorded >= max(1.0, elapsed / _RARELY):
            self._recorded = elapsed
            self._journal.add("verdicts", seconds=round(elapsed, 1), exposed=exposed.requests, **as_facts(now))
            self._curves.show(elapsed)
        if tell:
            self._told = (elapsed, seen)
            self._logger.info("%s after %.0f s: %s", self.where, elapsed, said)
            self._evidence.save(surely=decided)

    def _show(self, results: Mapping[str, SuiteResult]) -> None:
        """All that suites found: as tables of the run, and in the journal, from which they come into the record."""
        for gate, found in results.items():
            key, text = f"expectations-{self._service}-{gate}", f"{gate} at {self.where}"
            create_table_artifact(table_of(found), key=key, description=text)
            self._journal.add(
                "expectations", where=self.where, gate=gate, suite=found.suite, rows=found.rows, text=markdown_of(found)
            )


def _plain(verdicts: tuple[Verdict, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"gate": v.gate, "outcome": v.outcome.value, "sentence": v.sentence, "numbers": dict(v.numbers)}
        for v in verdicts
    )


def _in_short(verdicts: tuple[Verdict, ...], waits: str, left: float) -> str:
    """One line for people who watch: what failed, else what is waited for."""
    failed = [str(v) for v in verdicts if v.outcome is Outcome.FAIL]
    if failed:
        return "; ".join(failed)
    also = f", {waits}" if waits else ""
    also += f", at least {left:.0f} s more" if left > 0 else ""
    doubted = [str(v) for v in verdicts if v.outcome in (Outcome.INVALID, Outcome.UNAVAILABLE)]
    if doubted:
        return "; ".join(doubted) + also
    waiting = [
        f"{v.gate} ({v.numbers['this_step']:g} seen in this step)" if "this_step" in v.numbers else v.gate
        for v in verdicts
        if v.outcome is not Outcome.PASS
    ]
    return ("waiting for " + ", ".join(waiting) if waiting else "all gates pass") + also
