"""Can each gate decide within its step? Asked before a release, from today's traffic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from greenramp.config import Service, Steps
from greenramp.gates import Budget, DriftRule, RateRule, Role, Rule
from greenramp.gates.rules import LARGEST_MARGIN
from greenramp.gates.wording import number
from greenramp.judging.needs import Baseline, Need, to_detect, to_prove
from greenramp.judging.rules import at_share, rule_of

_UNKNOWN = Baseline()
_SHARES = (10.0, 20.0, 30.0, 40.0, 50.0)


class Able(StrEnum):
    """Whether a gate can decide within its step."""

    YES = "yes"
    MAYBE = "maybe"  # on average, but not 19 times of 20; or not at the rate seen, but at one the counts allow
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Rung:
    """One step of a release: its name, the candidate's share in (0, 1], and how long it lasts."""

    name: str
    share: float
    steps: Steps


@dataclass(frozen=True)
class Outlook:
    """One gate at one step. Seconds are at today's traffic; inf is never, nan not known.

    base_rate: the champion's bad events per measurement, None for gates that compare numbers. detect: until harm of the
    margin fails; prove: until "no harm" is shown, None where nobody asks for that. quota_seconds: until `min_requests`.
    why: what is in the way, and what would help; empty when nothing is.
    """

    gate: str
    role: Role
    rung: Rung
    base_rate: float | None
    detect: Need
    detect_seconds: float
    prove: Need | None
    prove_seconds: float | None
    quota_seconds: float
    able: Able
    why: str = ""

    @property
    def blocks(self) -> bool:
        """Whether a required gate surely ends the release here."""
        return self.role is Role.REQUIRE and self.able is Able.NO


def rungs(plan: Service) -> tuple[Rung, ...]:
    """The ladder, and the bake after it."""
    steps = [Rung(f"{percent:g} %", percent / 100, plan.step) for percent in plan.ladder]
    return (*steps, Rung("bake", 1.0, plan.bake))


def outlooks(plan: Service, per_second: float, baselines: Mapping[str, Baseline]) -> tuple[Outlook, ...]:
    """Every gate at every step. per_second: the service's requests now, both sides together, above 0."""
    if not 0 < per_second < math.inf:
        raise ValueError(f"requests per second must be above 0, not {per_second}")
    rules = [rule_of(gate) for gate in plan.measured]
    budget = Budget(plan.max_false_rollback, plan.max_false_promotion)
    found = []
    for rule, gate in zip(rules, plan.measured, strict=True):
        base = baselines.get(rule.name, _UNKNOWN)
        outside = gate.source if base is _UNKNOWN else None
        asked = _Asked(rule, base, per_second, budget.alpha_of(rule, rules), budget.beta, outside, gate.user_window)
        before: Outlook | None = None
        for rung in rungs(plan):
            before = replace(asked, rule=at_share(gate, rule, 100 * rung.share)).outlook(rung, before)
            found.append(before)
    return tuple(found)


@dataclass(frozen=True)
class _Asked:
    """A gate with all that its estimates depend on. wait_seconds: from a request until its measurement counts."""

    rule: Rule
    base: Baseline
    per_second: float
    alpha: float
    beta: float
    outside: str | None = None
    wait_seconds: float = 0.0

    def outlook(self, rung: Rung, before: Outlook | None) -> Outlook:
        """At one step. What was shown or could be found in a step before is kept: evidence is never reset."""
        rate = self.base.rate or (None if self.base.rate is None else self.base.rate_high)
        detect = self._detect(self.rule, rate, rung.share)
        prove = self._prove(self.rule, rate, rung.share) if self.rule.role is Role.REQUIRE else None
        quota = self._seconds(rung, self.rule.min_requests)
        asked = prove or detect
        able, why = Able.YES, ""
        if self.rule.role.can_stop:
            if math.isnan(asked.mean):
                able, why = Able.UNKNOWN, asked.about
            elif quota > rung.steps.deadline_seconds:
                able = Able.NO
                why = f"{rung.name}: min_requests ({self.rule.min_requests:,}) take {duration(quota)}, the step ends "
                why += f"after {duration(rung.steps.deadline_seconds)}"
            else:
                able = self._able(rung, asked, rate)
                kept = before is not None and (before.able is Able.YES or (before.able, able) == (Able.MAYBE, Able.NO))
                able = before.able if before is not None and kept else able
                nothing_new = rung.share == 1 and before is not None
                why = self._why(rung, asked, rate) if able is Able.NO and not nothing_new else ""
        return Outlook(
            self.rule.name, self.rule.role, rung, self.base.rate, detect, self._seconds(rung, detect.mean), prove,
            None if prove is None else self._seconds(rung, prove.mean), quota, able, why,
        )  # fmt: skip

    def _able(self, rung: Rung, need: Need, rate: float | None) -> Able:
        deadline = rung.steps.deadline_seconds
        if self._seconds(rung, need.p95) <= deadline:
            return Able.YES
        if self._seconds(rung, need.mean) <= deadline:
            return Able.MAYBE
        others = () if rate is None else (self.base.rate_low, self.base.rate_high)
        fits = any(self._seconds(rung, self._main(self.rule, r, rung.share).mean) <= deadline for r in others)
        return Able.MAYBE if fits else Able.NO

    def _why(self, rung: Rung, need: Need, rate: float | None) -> str:
        deadline, seconds = rung.steps.deadline_seconds, self._seconds(rung, need.mean)
        does = "proof" if self.rule.role is Role.REQUIRE else "finding harm"
        said = f"{rung.name}: {does} ({need.about}) "
        if math.isinf(seconds):
            said += "never comes"
        else:
            requests = (seconds - self.wait_seconds) * self.per_second * rung.share
            said += f"takes about {number(requests)} candidate requests, {duration(seconds)} at "
            said += f"{number(self.per_second)} requests/s; the step ends after {duration(deadline)}"
        return f"{said}. What would help: {', '.join(self._help(rung, need, rate))}"

    def _help(self, rung: Rung, need: Need, rate: float | None) -> Iterator[str]:
        deadline = rung.steps.deadline_seconds

        def fits(rule: Rule, share: float) -> bool:
            mean = self._main(rule, rate, share).mean
            return self._seconds(Rung("", share, rung.steps), mean) <= deadline

        if wider := _first_wider(self.rule, lambda rule: fits(rule, rung.share)):
            yield wider
        if share := next((s for s in _SHARES if s / 100 > rung.share and fits(self.rule, s / 100)), None):
            yield f"a step of {share:g} %"
        if math.isfinite(need.mean):
            key = "bake" if rung.name == "bake" else "step"
            yield f"{key}.deadline_seconds of {_at_least(self._seconds(rung, need.mean)):g}"
        elif isinstance(self.rule, RateRule) and self.rule.max_rate is None:
            yield "max_rate instead of margin"
        yield "copies of live traffic (mirror) before any user meets it"

    def _main(self, rule: Rule, rate: float | None, share: float) -> Need:
        return (self._prove if rule.role is Role.REQUIRE else self._detect)(rule, rate, share)

    def _detect(self, rule: Rule, rate: float | None, share: float) -> Need:
        if self.outside:
            return self._unasked(rule)
        return to_detect(rule, self.base, rate, share, self._alpha_of_one_bound(rule))

    def _prove(self, rule: Rule, rate: float | None, share: float) -> Need:
        if self.outside:
            return self._unasked(rule)
        return to_prove(rule, self.base, rate, share, self.beta, self._alpha_of_one_bound(rule))

    def _unasked(self, rule: Rule) -> Need:
        """Counters hold sums of all time: how many of them came lately is not asked."""
        cure = f"; give --base-rate {rule.name}=<bad rate>, one event per request is reckoned with"
        about = f"today's traffic of the source {self.outside} is not known"
        return Need(math.nan, math.nan, about + (cure if isinstance(rule, RateRule) else ""))

    def _alpha_of_one_bound(self, rule: Rule) -> float:
        both = isinstance(rule, RateRule) and rule.margin is not None and rule.max_rate is not None
        return self.alpha / 2 if both else self.alpha

    def _seconds(self, rung: Rung, measurements: float) -> float:
        per_second = self.per_second * rung.share * self.base.per_request
        return self.wait_seconds + measurements / per_second if per_second else math.inf


def _first_wider(rule: Rule, fits: Callable[[Rule], bool]) -> str:
    """The next wider margin or tolerance, in steps of a quarter, with which the gate can decide; empty if none."""
    word = "tolerance" if isinstance(rule, DriftRule) else "margin"
    have = getattr(rule, word)
    most = 0.99 if word == "tolerance" else LARGEST_MARGIN
    while have is not None and have * 1.25 <= most:
        have *= 1.25
        if fits(replace(rule, **{word: have})):
            return f"a {word} of {_at_least(have):g}"
    return ""


def undecidable(service: str, found: Iterable[Outlook]) -> str:
    """Why a release would surely come back undecided, in one sentence; empty when it would not."""
    first = next((outlook for outlook in found if outlook.blocks), None)
    if first is None:
        return ""
    return (
        f"{first.gate} is required and can't be decided at {first.why}; or set allow_undecidable: true in "
        f"services/{service}.yaml"
    )


def _at_least(value: float) -> float:
    """Two figures, rounded up."""
    step: float = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step * (1 - 1e-9)) * step


def duration(seconds: float) -> str:
    """Seconds for people: 40 s, 12 min, 3.5 h, 2.1 days."""
    if math.isnan(seconds):
        return "?"
    if math.isinf(seconds):
        return "never"
    for limit, unit, word in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{number(seconds / unit)} {word}"
    return f"{number(seconds / 86400)} days"
