"""What came of a drill, and whether it is as it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenramp.drill.expectation import Ending, Expectation
from greenramp.drill.faults import Fault
from greenramp.drill.places import Place


@dataclass(frozen=True)
class Outcome:
    """What was found when a drill had ended.

    before, candidate: version numbers. live: the version that has all traffic, None while it is shared. owner: who
    still holds the service. champion, production: what the registry says. requests, failed: of the users; failures
    what the first of them were told. orphans: processes of the site that nobody supervises, or that serve what has
    no traffic. safe_seconds: from the fault until no user met the version that is not there in the end, or a failure;
    None when no user met the fault. run: state of the Prefect run. journal: its last events. hand: what a person (or
    the schedule of each minute) had to do. fresh: state of the release after it, None when there was none.
    message: what kept the drill from being carried out to its end.
    """

    fault: Fault
    at: Place | None
    before: str
    candidate: str
    live: str | None
    owner: str
    champion: str | None
    production: tuple[str, ...]
    requests: int
    failed: int
    failures: tuple[str, ...]
    orphans: tuple[str, ...]
    safe_seconds: float | None
    seconds: float
    run: str
    journal: tuple[str, ...]
    hand: str
    fresh: str | None
    message: str

    @property
    def ending(self) -> Ending | None:
        """Which version has all traffic; None for neither."""
        return {self.before: Ending.BACK, self.candidate: Ending.PROMOTED}.get(self.live or "")


Timed = Sequence[tuple[float, str]]
"""Moments in epoch seconds, in their order, and what was then: the version that answered, or what went wrong."""


def failed_since(struck: float, answers: Timed, failures: Timed) -> list[tuple[float, str]]:
    """The failures that an outage from `struck` does not explain: it ends with the first answer behind a failure."""
    down = next((at for at, _ in failures if at >= struck), float("inf"))  # what was on its way then may come after
    back = next((at for at, _ in answers if at > down), float("inf"))
    return [one for one in failures if one[0] < struck or one[0] > back]


def safe_seconds(struck: float, gone: str | None, answers: Timed, failures: Timed) -> float:
    """Seconds from the fault until the last failure, and until the last answer of `gone`, a version taken back."""
    late = [at for at, version in answers if version == gone] + [at for at, _ in failures]
    return max(0.0, max(late, default=struck) - struck)


def troubles(outcome: Outcome, wanted: Expectation) -> Sequence[str]:
    """Everything that is not as it must be, each in words; empty when the drill is passed."""
    found = [outcome.message] if outcome.message else []
    if outcome.owner:
        found.append(f"the service is still held by {outcome.owner}")
    if outcome.ending is None:
        found.append(f"traffic is {'shared' if outcome.live is None else f'on version {outcome.live}'}")
    elif outcome.ending not in wanted.endings:
        found.append(f"{outcome.ending}, wanted: {' or '.join(sorted(wanted.endings))}")
    if outcome.champion != outcome.live:
        found.append(f"the alias champion is {outcome.champion}, version {outcome.live} serves")
    if outcome.production != (outcome.live,):
        there = ", ".join(outcome.production) or "nobody"
        found.append(f"in the stage Production is {there}, version {outcome.live} serves")
    if outcome.failed > wanted.lost:
        first = f", the first: {outcome.failures[0]}" if outcome.failures else ""
        found.append(f"{outcome.failed} of {outcome.requests} requests failed, at most {wanted.lost} may{first}")
    if not outcome.requests:
        found.append("no user has asked anything, so nothing is shown")
    if outcome.orphans:
        found.append(f"left over: {', '.join(outcome.orphans)}")
    if outcome.fresh not in (None, "Promoted"):
        found.append(f"the release after it ended {outcome.fresh}, wanted: Promoted")
    return found


def sentence(outcome: Outcome, wanted: Expectation) -> str:
    """The verdict with its reason."""
    if wrong := troubles(outcome, wanted):
        return f"failed: {'; '.join(wrong)}"
    lost = f"{outcome.failed} of {outcome.requests} requests failed" if outcome.failed else "no request failed"
    then = ", and the next release was promoted" if outcome.fresh else ""
    return f"passed: {lost}; {outcome.ending}, and traffic, alias and stage say so{then}"
