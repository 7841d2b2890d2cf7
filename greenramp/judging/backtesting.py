"""How often the gates would have erred on past traffic: random splits of one version's rows, as they are and worsened.

Both sides of such a split are the same version, so every failure is a false alarm; with planted harm on the candidate's
side every failure is a find.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from greenramp.config import Gate, GateRole, Metric, Service
from greenramp.judging.recorded import Replay, Row, missing_columns
from greenramp.verdict import Outcome

LOOKS = 60
"""Fewer than a recorded table gets, see Replay: some hundred looks are enough to count failures by."""

_SURE = 1.959964  # of a 95 % interval


@dataclass
class GateRecord:
    """What became of one gate in all runs. found_after: candidate rows until it failed, of each run that found harm."""

    gate: str
    runs: int = 0
    false_alarms: int = 0
    found_after: list[int] = field(default_factory=list)

    @property
    def median_found(self) -> float | None:
        """Candidate rows until half of all runs had found the harm; None when fewer than half did."""
        if 2 * len(self.found_after) < self.runs or not self.runs:
            return None
        return float(sorted(self.found_after)[(self.runs + 1) // 2 - 1])


def backtest(
    plan: Service, rows: Sequence[Row], columns: Collection[str], runs: int, seed: int, drop: float
) -> Iterator[dict[str, GateRecord]]:
    """Split the rows again and again; yields the same records, grown, after each run.

    rows: of one version, in the order of time. drop: share of the candidate's good outcomes made bad; times and errors
    become longer and larger by it, and so many answers become others. The same seed gives the same numbers.
    """
    if not 0 < drop <= 1:
        raise ValueError(f"drop must lie in (0, 1], not {drop}")
    gates = gates_that_can_fail(plan, columns)
    shares = _shares(plan, len(rows))
    records = {gate.name: GateRecord(gate.name) for gate in gates}
    harms: dict[Metric | None, list[str]] = {}
    for gate in gates:
        harms.setdefault(_harm_of(gate, columns), []).append(gate.name)
    for run in range(runs):
        chance = np.random.Generator(np.random.PCG64([seed, run]))
        split = _split(rows, shares, chance)
        hurt = (chance.random(len(rows)) < drop).tolist()
        alarms = _failures(plan, split, columns, records)
        finds: dict[str, int | None] = {}
        for harm, names in harms.items():
            worse = [_worse(row, harm, drop, h) if row.mine else row for row, h in zip(split, hurt, strict=True)]
            finds |= _failures(plan, worse, columns, names)
        for name, record in records.items():  # all at once, so that an interrupted run counts nowhere
            record.runs += 1
            record.false_alarms += alarms[name] is not None
            record.found_after += [] if (after := finds[name]) is None else [after]
        yield records


def gates_that_can_fail(plan: Service, columns: Collection[str]) -> list[Gate]:
    """Gates that can fail a candidate, and whose columns are there."""
    return [gate for gate in plan.measured if gate.role is not GateRole.OBSERVE and not missing_columns(gate, columns)]


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """Interval that holds a chance in 95 of 100 cases, from how often it came true (Wilson 1927)."""
    if not trials:
        return 0.0, 1.0
    share, spread = hits / trials, _SURE**2 / trials
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _shares(plan: Service, rows: int) -> list[float]:
    """The candidate's share at each row: every step that shares traffic gets the same number of rows."""
    steps = [percent / 100 for percent in plan.ladder if percent < 100] or [0.5]
    return [steps[index * len(steps) // rows] for index in range(rows)]


def _split(rows: Sequence[Row], shares: Sequence[float], chance: np.random.Generator) -> list[Row]:
    """Draw each row's side; a user is drawn once, and stays with the candidate while its share grows."""
    draws = chance.random(len(rows))
    users: dict[str, float] = {}
    split = []
    for row, share, draw in zip(rows, shares, draws, strict=True):
        place = users.setdefault(row.user, float(draw)) if row.user else float(draw)
        split.append(row._replace(mine=place < share, share=share, step=f"{share:g}"))
    return split


def _harm_of(gate: Gate, columns: Collection[str]) -> Metric | None:
    """Which harm a gate has to find: None for what stands in a column of its own, so that one run holds all of these.

    Harm to the answers differs with what looks at them: a strange answer would be far more than a larger error.
    """
    of_answers = gate.metric in (Metric.ERROR_SIZE, Metric.DRIFT, Metric.CONVERSIONS)
    return gate.metric if of_answers or (gate.metric is Metric.WRONG and "wrong" not in columns) else None


def _worse(row: Row, harm: Metric | None, drop: float, hurt: bool) -> Row:
    """A row with the harm. hurt: whether it is one of those whose outcome turns bad."""
    if harm is Metric.ERROR_SIZE:
        answer, label = row.prediction, row.label
        if not _number(answer) or not _number(label):
            return row
        return row._replace(prediction=label + (answer - label) * (1 + drop))
    if harm is Metric.CONVERSIONS:
        return row._replace(label=0) if hurt and row.label is not None else row
    if harm is not None:
        return row._replace(prediction=_strange(row.prediction)) if hurt and row.prediction is not None else row
    return row._replace(
        failed=True if hurt and row.failed is not None else row.failed,
        ms=None if row.ms is None else row.ms * (1 + drop),
        wrong=True if hurt and row.wrong is not None else row.wrong,
    )


def _strange(answer: Any) -> Any:
    """An answer that is never given, of the same kind."""
    if isinstance(answer, list):
        return [_strange(one) for one in answer]
    return 1e9 if _number(answer) else "(a strange answer)"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _failures(
    plan: Service, rows: Sequence[Row], columns: Collection[str], wanted: Collection[str]
) -> dict[str, int | None]:
    """Candidate rows after which each wanted gate failed, None where it did not; stops when all have."""
    replay = Replay(plan, columns, only=wanted, looks=LOOKS)
    mine = np.cumsum([row.mine for row in rows])
    found: dict[str, int | None] = dict.fromkeys(wanted)
    for look in replay.run(rows):
        for verdict in look.verdicts:
            if verdict.outcome is Outcome.FAIL and found.get(verdict.gate, 0) is None:
                found[verdict.gate] = int(mine[replay.rows - 1])
        if None not in found.values():
            break
    return found
