"""What a gate or check says: one of five outcomes, with its arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from greenramp.errors import GateFailed, NoEvidence


class Outcome(StrEnum):
    """From best to worst."""

    PASS = "pass"  # noqa: S105  (a verdict, not a secret)
    UNSURE = "unsure"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"
    FAIL = "fail"

    @property
    def badness(self) -> int:
        """Rank of this outcome, 0 is best."""
        return list(Outcome).index(self)


@dataclass(frozen=True)
class Verdict:
    """One gate's answer.

    sentence: the arithmetic in one sentence: counts, bound or e-value, threshold.
    numbers: the same as values, for plots and records.
    """

    gate: str
    outcome: Outcome
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.gate} is {self.outcome.value}: {self.sentence}"


def worst(verdicts: Iterable[Verdict]) -> Outcome:
    """Of several verdicts the worst wins; of none, UNSURE: silence is not health."""
    return max((v.outcome for v in verdicts), key=lambda o: o.badness, default=Outcome.UNSURE)


def require(verdicts: Iterable[Verdict], where: str) -> None:
    """Pass only if every verdict does; raises GateFailed for a failure, NoEvidence for anything else, and for none.

    where: the split or check the verdicts speak of, for the message.
    """
    given = list(verdicts)
    if not given:
        raise NoEvidence(f"no gate said anything at {where}; silence is not a pass")
    first = max(given, key=lambda v: v.outcome.badness)
    if first.outcome is Outcome.PASS:
        return
    message = f"{first.gate} is {first.outcome.value} at {where}: {first.sentence}"
    raise GateFailed(message) if first.outcome is Outcome.FAIL else NoEvidence(message)


class Distrust:
    """Ends a step whose numbers can't be judged by, before its deadline.

    A silent source has had its grace when it is called unavailable; invalid numbers get `grace_seconds`, counted from
    the look that finds them, to become valid again.
    """

    def __init__(self, grace_seconds: float) -> None:
        self._grace = grace_seconds
        self._since: float | None = None

    def refuse(self, verdicts: Iterable[Verdict], seconds: float, where: str) -> None:
        """Raise NoEvidence when it is time to. seconds: when this look is, on any one clock."""
        given = list(verdicts)
        silent = [v for v in given if v.outcome is Outcome.UNAVAILABLE]
        invalid = [v for v in given if v.outcome is Outcome.INVALID]
        self._since = (seconds if self._since is None else self._since) if invalid else None
        if silent or (self._since is not None and seconds - self._since >= self._grace):
            raise NoEvidence(f"{where} can't be judged: {'; '.join(str(v) for v in invalid + silent)}")
