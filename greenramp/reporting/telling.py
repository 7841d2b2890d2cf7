"""An account in words: what came of a release, why, with which numbers, whom it met, how it went back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from greenramp.moments import duration
from greenramp.reporting.account import Account, Line, Step
from greenramp.reporting.figures import Figures, figures_of

_TITLES: Mapping[str, str] = {
    "live": "promoted",
    "rolled-back": "rolled back",
    "shadowed": "shadow test",
}
GATE_COLUMNS = ("gate", "verdict", "estimate", "bounds", "limit", "samples", "evidence", "why")
STEP_COLUMNS = ("step", "began (UTC)", "took", "share asked", "share served")


@dataclass(frozen=True)
class Told:
    """A report without its form. answers: each question people ask, and its answer."""

    title: str
    reason: str
    answers: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, ...], ...]
    gates: tuple[Figures, ...]
    orders: tuple[str, ...]
    notes: tuple[str, ...]


def tell(account: Account, router: str = "") -> Told:
    """The account in words. router: what the router does now, in words; empty when nobody has looked."""
    return Told(
        title=f"{account.release}: {_TITLES.get(account.outcome, account.outcome)}",
        reason=account.reason,
        answers=tuple((question, answer) for question, answer in _answers(account, router) if answer),
        steps=tuple(_step(step) for step in account.steps),
        gates=tuple(figures_of(verdict) for verdict in account.verdicts),
        orders=tuple(f"{_clock(order.ts)} {order}" for order in account.orders),
        notes=tuple(f"{_clock(ts)} {note}" for ts, note in account.notes),
    )


def in_one_line(account: Account) -> str:
    """For a version's description: outcome, day, reason, and whom it met."""
    day = f"{datetime.fromtimestamp(account.ended or account.begun, UTC):%Y-%m-%d %H:%M} UTC"
    met = f" {account.exposed:,} requests of users reached it." if account.exposed and account.outcome != "live" else ""
    outcome = _TITLES.get(account.outcome, account.outcome)
    return f"{outcome} by {account.release}, {day}: {account.reason.rstrip('.')}.{met}"


def _answers(account: Account, router: str) -> list[tuple[str, str]]:
    took = duration(account.ended - account.begun) if account.ended else ""
    return [
        ("version", f"{account.version}, in the place of {account.before or 'none'}"),
        ("began", f"{_moment(account.begun)}{took and f', took {took}'}"),
        ("which gate", _gate(account.decided)),
        ("with which numbers", str(account.decided["sentence"]) if account.decided else ""),
        ("users' requests to the candidate", _exposed(account)),
        ("traffic went back", _went_back(account)),
        ("shadow", account.shadow),
        ("traffic now", router),
    ]


def _gate(decided: Line | None) -> str:
    return f"{decided['gate']}, at {decided['where']}" if decided else ""


def _exposed(account: Account) -> str:
    if account.exposed is None:
        met = any(step.asked for step in account.steps)
        return "" if met else "none: it went no further than tests and copies"
    return f"{account.exposed:,}, counted until {_clock(account.exposed_until or 0.0)}"


def _went_back(account: Account) -> str:
    if account.back is None:
        return ""
    if account.back_seconds is None:
        return f"at {_clock(account.back)}; no gate had failed"
    return f"{duration(account.back_seconds)} after the verdict, at {_clock(account.back)}, to version {account.before}"


def _step(step: Step) -> tuple[str, ...]:
    served = ""
    if step.served and step.served_percent is not None:
        served = f"{step.served_percent:.3g} % ({step.served[0]:,} of {step.served[1]:,})"
    asked = "" if step.asked is None else f"{step.asked:g} %"
    return step.name, _clock(step.start), duration(step.end - step.start), asked, served


def _clock(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%H:%M:%S}"


def _moment(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M:%S} UTC"
