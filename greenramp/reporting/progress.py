"""What the page of a release under way shows: how far it is, what is asked and served, what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from greenramp.lifecycle.phases import Phase
from greenramp.moments import duration
from greenramp.reporting.account import Line
from greenramp.reporting.figures import figures_of

_REACHED = {
    Phase.REGISTERED: 2.0,
    Phase.PROVISIONED: 12.0,
    Phase.SMOKED: 20.0,
    Phase.SHADOWED: 30.0,
    Phase.SWITCHED: 85.0,
    Phase.PROMOTED: 90.0,
    Phase.LIVE: 100.0,
}
_CANARY = (30.0, 80.0)
BAKE = "bake"
"""What the watch after the switch is called."""


@dataclass(frozen=True)
class Now:
    """A release at one moment.

    step: what it does, in words. asked: the candidate's share, percent. served: its requests and all, in this step.
    waiting: what it waits for. soonest_seconds: the step lasts so long at least; deadline_seconds: after so long it
    goes back undecided; None where nothing says so. verdicts: as the journal has them.
    """

    step: str
    asked: float = 0.0
    served: tuple[int, int] | None = None
    waiting: str = ""
    soonest_seconds: float | None = None
    deadline_seconds: float | None = None
    verdicts: tuple[Line, ...] = ()

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Each gate's outcome, in their order."""
        return tuple(str(v["outcome"]) for v in self.verdicts)


def as_facts(now: Now) -> dict[str, Any]:
    """A look as its line in the journal has it."""
    return {
        "where": now.step,
        "percent": now.asked,
        "served": now.served,
        "waits": now.waiting,
        "soonest_seconds": _rounded(now.soonest_seconds),
        "deadline_seconds": _rounded(now.deadline_seconds),
        "verdicts": now.verdicts,
    }


def now_of(line: Line) -> Now:
    """The look that a journal's line tells of."""
    served = line.get("served")
    return Now(
        step=str(line["where"]),
        asked=float(line.get("percent") or 0.0),
        served=(served[0], served[1]) if served else None,
        waiting=str(line.get("waits", "")),
        soonest_seconds=line.get("soonest_seconds"),
        deadline_seconds=line.get("deadline_seconds"),
        verdicts=tuple(line["verdicts"]),
    )


def later(now: Now, seconds: float) -> Now:
    """The same look, with what is left of the step `seconds` later."""
    left = (_rounded(None if s is None else s - seconds) for s in (now.soonest_seconds, now.deadline_seconds))
    soonest, deadline = left
    return replace(now, soonest_seconds=soonest, deadline_seconds=deadline)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(max(0.0, seconds), 1)


def percent_done(phase: Phase, asked: float = 0.0) -> float:
    """How far a release is, 0 to 100; asked: the candidate's share in the canary, percent. Back is the start."""
    if phase is Phase.CANARY:
        low, high = _CANARY
        return low + (high - low) * asked / 100
    return _REACHED.get(phase, 0.0)


def percent_of(now: Now) -> float:
    """How far a release is that is being watched."""
    return percent_done(Phase.PROMOTED if now.step == BAKE else Phase.CANARY, now.asked)


def served_words(now: Now) -> str:
    """Asked and served, in one text."""
    asked = f"{now.asked:g} % asked"
    if now.served is None or not now.served[1]:
        return asked + ", no request in this step yet" if now.asked else asked
    mine, of = now.served
    return f"{asked}, {100 * mine / of:.3g} % served ({mine:,} of {of:,} requests in this step)"


def time_left(now: Now) -> str:
    """How long this step goes on at least and at most; empty when nothing says so."""
    if now.deadline_seconds is None:
        return ""
    least = now.soonest_seconds or 0.0
    soonest = f"{duration(round(least))} at least, " if least >= 1 else ""
    return f"{soonest}{duration(max(0, round(now.deadline_seconds)) or 0.0)} at most; then it goes back undecided"


def in_one_line(now: Now) -> str:
    """The step, the share, what is waited for and for how long."""
    left = time_left(now)
    return "; ".join(filter(None, [now.step, served_words(now), now.waiting, left and f"time left: {left}"]))


def table_rows(now: Now, people: Sequence[str] = ()) -> list[dict[str, str]]:
    """The live table: who holds it, the step, its traffic, what it waits for; below that a row for each gate.

    people: what is held by them or asked of them, in sentences.
    """
    facts = [
        *(("people", told) for told in people),
        ("step", now.step),
        ("traffic", served_words(now)),
        ("waits for", now.waiting),
        ("time left", time_left(now)),
    ]
    empty = dict.fromkeys(("estimate", "bounds", "limit", "samples", "evidence"), "")
    rows = [{"what": what, "is": words, **empty} for what, words in facts if words]
    return rows + [_gate_row(v) for v in now.verdicts]


def _gate_row(verdict: Line) -> dict[str, str]:
    told = asdict(figures_of(verdict))
    return {"what": told.pop("gate"), "is": told.pop("verdict"), **{k: v for k, v in told.items() if k != "why"}}
