"""The gates of one step that ask a suite: once, at its end, over the candidate's requests of that step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenramp.clients.evidence_sources import prediction_logs, predictions_in
from greenramp.clients.jsonlines import JsonLines
from greenramp.clients.requestlog import lines_from
from greenramp.clients.steptable import StepTable, asked_in
from greenramp.config import GateRole, Service, SuiteGate, suites_of
from greenramp.home import Home
from greenramp.suites.expectations import SuiteResult
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, Verdict

if TYPE_CHECKING:
    import pandas as pd

AGAIN_SECONDS = 5.0
"""A suite that could not decide is asked again after this long."""


class StepRows:
    """Reads the logs for one step's table, beside the evidence of the other gates: whole rows, of one side alone.

    A repeated watch reads from `since` on; what is another step's, or another service's, is passed over unparsed.
    """

    def __init__(
        self, home: Home, service: str, side: Side, since: Mapping[str, Sequence[int]], generation: int, step: str
    ) -> None:
        self._home, self._service, self._side, self._since = home, service, side, since
        self._generation = generation
        self._requests = lines_from(home.request_log, since.get(str(home.request_log)))
        self._answers: dict[Path, JsonLines] = {}
        self.table = StepTable(step)

    def read(self) -> None:
        """Take in everything new."""
        while (block := self._requests.next_block()) is not None:
            self.table.add_requests(asked_in(self._mine(block), self._service, self._side, self._generation))
        for path in prediction_logs(self._home, self._service):
            if path.name.startswith(f"{self._service}.{self._side.value}."):
                log = self._answers.setdefault(path, lines_from(path, self._since.get(str(path))))
                while (block := log.next_block()) is not None:
                    self.table.add_predictions(predictions_in(log.rows(block)))

    def _mine(self, block: bytes) -> Iterator[dict[str, Any]]:
        """The rows of lines that name the side; its name may stand in other lines too, so it is looked at again."""
        name = f"{self._service}.{self._side.value}-".encode()
        return self._requests.rows(b"\n".join(line for line in block.splitlines() if name in line))


class StepSuites:
    """What a step's suites say."""

    def __init__(self, plan: Service, rows: StepRows) -> None:
        self._gates = plan.suite_gates
        self._suites = suites_of(plan)
        self._rows = rows
        self._asked_at = float("-inf")
        self._verdicts = {gate.name: _waits(gate) for gate in self._gates}
        self._results: dict[str, SuiteResult] = {}

    def look(self, seconds: float, *, at_end: bool) -> tuple[Verdict, ...]:
        """The verdicts by now.

        seconds: when this look is, on any one clock. at_end: whether the step would be over without these gates. What
        passed or failed stays so for the step; anything else is asked again.
        """
        if not self._gates:
            return ()
        self._rows.read()
        if at_end and seconds - self._asked_at >= AGAIN_SECONDS and (open_gates := self._open()):
            self._asked_at = seconds
            table = self._rows.table.frame()
            for gate in open_gates:
                self._ask(gate, table)
        return tuple(self._verdicts.values())

    def take_results(self) -> dict[str, SuiteResult]:
        """All findings of the gates that were asked since this was called last."""
        results, self._results = self._results, {}
        return results

    def _open(self) -> list[SuiteGate]:
        decided = (Outcome.PASS, Outcome.FAIL)
        return [gate for gate in self._gates if self._verdicts[gate.name].outcome not in decided]

    def _ask(self, gate: SuiteGate, table: pd.DataFrame) -> None:
        from greenramp.clients.expectations import judge_table

        verdict, self._results[gate.name] = judge_table(gate, self._suites[gate.suite], table)
        self._verdicts[gate.name] = _as_its_role(gate, verdict)


def _waits(gate: SuiteGate) -> Verdict:
    said = "asked when the step's shortest time is over and every other gate passes"
    return Verdict(gate.name, Outcome.UNSURE, said)


def _as_its_role(gate: SuiteGate, verdict: Verdict) -> Verdict:
    """A gate that is only shown stops nothing; but what has seen nothing is no pass."""
    if gate.role is not GateRole.OBSERVE or verdict.outcome is Outcome.PASS or not verdict.numbers["rows"]:
        return verdict
    return Verdict(gate.name, Outcome.PASS, f"only shown: {verdict.outcome.value}: {verdict.sentence}", verdict.numbers)
