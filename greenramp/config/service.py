"""A service: which model, how it serves, and under which gates its versions are released."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from greenramp.config.approvals import PROMOTION, SHADOW, Approval
from greenramp.config.base import NAME, Strict
from greenramp.config.expectations import AnyGate, Suite, SuiteGate
from greenramp.config.freeze import Calendar
from greenramp.config.gates import Gate, Metric
from greenramp.config.preflight import Preflight
from greenramp.config.reconcile import Reconcile
from greenramp.config.shadow import Shadow
from greenramp.config.smoke import Smoke
from greenramp.config.sources import Gives, Source
from greenramp.config.traffic import Traffic
from greenramp.config.triggers import Triggers


class Environment(Strict):
    """How a version is made to serve."""

    env_manager: Annotated[
        Literal["local", "uv"],
        Field(description="local: Greenramp's own Python. uv: a virtual environment from the model's requirements."),
    ] = "local"
    replicas: Annotated[int, Field(ge=1, le=32, description="Processes per environment.")] = 1
    log_inputs: Annotated[
        bool,
        Field(description="Keep what was asked in the prediction log: for replays and smoke tests of real inputs."),
    ] = False
    start_seconds: Annotated[float, Field(gt=0, description="Longest start: loading the model until it answers.")] = 120
    install_seconds: Annotated[float, Field(gt=0, description="Longest build of a virtual environment (uv).")] = 900
    drain_seconds: Annotated[float, Field(gt=0, description="Longest wait for requests in flight when it stops.")] = 30


class Steps(Strict):
    """How long one rung of the ladder lasts."""

    min_seconds: Annotated[float, Field(gt=0, description="No step is shorter, whatever the gates say.")] = 600
    deadline_seconds: Annotated[
        float, Field(gt=0, description="A step whose gates are unsure this long goes back.")
    ] = 3600
    settle_seconds: Annotated[
        float,
        Field(
            ge=0,
            description="What comes this soon after a change of traffic is not compared: not times, answers or labels. "
            "Errors always count. 60 lets a cold environment warm up. The bake goes by what stands under step.",
        ),
    ] = 0

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.deadline_seconds < self.min_seconds:
            raise ValueError(
                f"deadline_seconds ({self.deadline_seconds:g}) is below min_seconds ({self.min_seconds:g})"
            )
        if self.settle_seconds >= self.min_seconds:
            raise ValueError(
                f"settle_seconds ({self.settle_seconds:g}) must be below min_seconds ({self.min_seconds:g}), "
                "or a step is over before anything is compared"
            )
        return self


class Promotion(Strict):
    """What moves in the registry."""

    stages: Annotated[
        bool, Field(description="Also move MLflow's stages: the new version Production, the old one Archived.")
    ] = False


class Service(Strict):
    """One prediction endpoint: which model, and under which gates its versions are released."""

    model: Annotated[str, Field(pattern=r"^[^'\"/:\n]{1,255}$", description="Registered model in MLflow.")]
    description: str = ""
    environment: Environment = Environment()
    traffic: Traffic = Traffic()
    preflight: Preflight = Preflight()
    smoke: Smoke = Smoke()
    shadow: Shadow = Shadow()
    ladder: Annotated[
        tuple[Annotated[float, Field(gt=0, le=100, multiple_of=0.1)], ...],
        Field(strict=False, min_length=1, description="Candidate's percent of the traffic, step by step."),
    ] = (5.0, 25.0, 50.0, 100.0)
    step: Steps = Steps()
    bake: Steps = Steps(min_seconds=600, deadline_seconds=3600)
    approvals: Annotated[
        tuple[Approval, ...], Field(strict=False, description="Places at which a person has to say yes.")
    ] = ()
    sources: Annotated[
        dict[Annotated[str, Field(pattern=NAME)], Source],
        Field(description="Places outside that evidence comes from, by the names that gates call them."),
    ] = {}  # noqa: RUF012  (pydantic copies it)
    gates: Annotated[tuple[AnyGate, ...], Field(strict=False, min_length=1)]
    max_false_rollback: Annotated[
        float, Field(gt=0, lt=0.5, description="Chance to take back a candidate that is no worse, all gates together.")
    ] = 0.05
    max_false_promotion: Annotated[
        float, Field(gt=0, lt=0.5, description="Chance that a required gate passes a candidate worse than its margin.")
    ] = 0.05
    lease_seconds: Annotated[
        float, Field(ge=2, le=300, description="A shared split ends this long after the last renewal.")
    ] = 15
    on_planned_stop: Annotated[
        Literal["back", "resume"],
        Field(
            description="What becomes of a release whose run was stopped: its worker deployed anew, its machine "
            "rebooted. back: it is taken back. resume: a new run goes on with it where the world is as it left it."
        ),
    ] = "back"
    reconcile: Reconcile = Reconcile()
    promotion: Promotion = Promotion()
    triggers: Triggers = Triggers()
    freeze: Calendar = ()
    allow_missing_signature: Annotated[
        bool, Field(description="Release versions without a signature too: nothing then checks their inputs.")
    ] = False
    allow_undecidable: Annotated[
        bool, Field(description="Start a release even if today's traffic is too little for a required gate.")
    ] = False

    @property
    def measured(self) -> tuple[Gate, ...]:
        """The gates that judge by what is measured, request by request."""
        return tuple(gate for gate in self.gates if isinstance(gate, Gate))

    @property
    def suite_gates(self) -> tuple[SuiteGate, ...]:
        """The gates that ask a suite at the end of each step."""
        return tuple(gate for gate in self.gates if isinstance(gate, SuiteGate))

    @property
    def suite_names(self) -> tuple[str, ...]:
        """The suites that the smoke test, the shadow test and gates ask, each once."""
        asked = (self.smoke.expectations, self.shadow.expectations, *(gate.suite for gate in self.suite_gates))
        return tuple(dict.fromkeys(name for name in asked if name))

    @model_validator(mode="after")
    def _ladder_rises_and_gates_differ(self) -> Self:
        if any(b <= a for a, b in zip(self.ladder, self.ladder[1:], strict=False)) or self.ladder[-1] != 100:
            raise ValueError(f"ladder must rise and end at 100, not {[f'{p:g}' for p in self.ladder]}")
        names = [g.name for g in self.gates]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"gates: each name once; given more than once: {', '.join(twice)}")
        if not self.measured:
            raise ValueError("gates: a suite is only asked at the end of a step; one gate must watch until then")
        return self

    def approval_at(self, place: str) -> Approval | None:
        """The approval that is asked for at a place, None when the release goes on by itself."""
        return next((approval for approval in self.approvals if approval.place == place), None)

    @model_validator(mode="after")
    def _approvals_have_a_place(self) -> Self:
        places = [approval.place for approval in self.approvals]
        if twice := sorted({p for p in places if places.count(p) > 1}):
            raise ValueError(f"approvals: each place once; given more than once: {', '.join(twice)}")
        for approval in self.approvals:
            if approval.before == SHADOW and not self.shadow.enabled:
                raise ValueError("approvals: before shadow: the shadow step is off (shadow.enabled)")
            if approval.before not in (SHADOW, PROMOTION, *self.ladder):
                there = ", ".join(f"{p:g}" for p in self.ladder)
                raise ValueError(f"approvals: before {approval.place}: not a step of the ladder, which is {there}")
        return self

    @model_validator(mode="after")
    def _gates_and_sources_fit(self) -> Self:
        for gate in self.measured:
            if gate.source is None:
                continue
            if (source := self.sources.get(gate.source)) is None:
                there = ", ".join(sorted(self.sources)) or "none"
                raise ValueError(f"gates: {gate.name}: no source {gate.source!r}; sources: {there}")
            if source.gives.value != gate.metric.value:
                raise ValueError(
                    f"gates: {gate.name}: the metric {gate.metric} needs {gate.metric}; the source {gate.source} gives "
                    f"{source.gives}"
                )
        judged = {gate.source for gate in self.measured}
        labelled = [gate.name for gate in self.measured if gate.metric.labelled]
        for name, source in self.sources.items():
            if not labelled if source.gives is Gives.LABELS else name not in judged:
                wanted = (
                    f"{Metric.WRONG}, {Metric.ERROR_SIZE} or {Metric.CONVERSIONS}"
                    if source.gives is Gives.LABELS
                    else source.gives
                )
                raise ValueError(f"sources: {name}: no gate judges by it; it needs one with the metric {wanted}")
        return self


class Pinned(Service):
    """A service as a release has fixed it, with the suites it asks; later edits of any file change nothing.

    suite_faults: what is wrong with those that can't be read, by name.
    """

    suites: dict[str, Suite]
    suite_faults: dict[str, str] = {}  # noqa: RUF012  (pydantic copies it)


def suites_of(plan: Service) -> dict[str, Suite]:
    """The suites that were fixed with a service, by name."""
    return plan.suites if isinstance(plan, Pinned) else {}
