"""Suites of expectations about a table, in great-expectations' own words, and the gate that asks one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from greenramp.config.base import NAME, Strict
from greenramp.config.gates import Gate, GateRole

_TYPE = r"^expect_[a-z][a-z0-9_]*$"


def _or_short(schema: dict[str, Any]) -> None:
    """Let a schema of the long form take the short one, too."""
    short = {
        "type": "object",
        "description": "One expectation by its name, and its arguments, as great-expectations calls them.",
        "patternProperties": {_TYPE: {"type": ["object", "null"]}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    long = dict(schema)
    schema.clear()
    schema["anyOf"] = [short, long]


class Expected(Strict):
    """One expectation: `expect_x: {column: y}`, or great-expectations' own `{type: expect_x, kwargs: {column: y}}`."""

    model_config = ConfigDict(json_schema_extra=_or_short)

    type: Annotated[str, Field(pattern=_TYPE, description="great-expectations' name of it.")]
    kwargs: Annotated[
        dict[str, Any], Field(default_factory=dict, description="Its arguments, as great-expectations calls them.")
    ]
    severity: Annotated[
        Literal["critical"], Field(description="As great-expectations writes it; what follows is the gate's role.")
    ] = "critical"
    id: Annotated[str | None, Field(description="great-expectations' own, not used.")] = None
    meta: Annotated[dict[str, Any] | None, Field(description="Notes for people.")] = None
    notes: Annotated[str | list[str] | None, Field(description="Notes for people.")] = None
    description: Annotated[str | None, Field(description="For people.")] = None

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and len(given) == 1 and str(next(iter(given))).startswith("expect_"):
            ((name, kwargs),) = given.items()
            return {"type": name, "kwargs": {} if kwargs is None else kwargs}
        return given


class Suite(Strict):
    """What a table should look like: of answers, of inputs, of anything recorded."""

    description: str = ""
    expectations: Annotated[tuple[Expected, ...], Field(strict=False, min_length=1)]


class SuiteGate(Strict):
    """A gate that asks a suite once per step, at its end, over the candidate's requests of that step."""

    name: Annotated[str, Field(pattern=NAME, description="Shown in verdicts.")]
    metric: Literal["expectations"] = "expectations"
    suite: Annotated[str, Field(pattern=NAME, description="configs/expectations/<service>_<suite>.yaml")]
    role: Annotated[
        GateRole,
        Field(strict=False, description="guard and require: what is not met takes back. observe: only shown."),
    ] = GateRole.GUARD
    min_requests: Annotated[int, Field(ge=1, description="With fewer rows nothing is decided.")] = 50


def _kind(given: Any) -> str:
    metric = given.get("metric") if isinstance(given, Mapping) else getattr(given, "metric", None)
    return "suite" if metric == "expectations" else "measured"


AnyGate = Annotated[Annotated[Gate, Tag("measured")] | Annotated[SuiteGate, Tag("suite")], Discriminator(_kind)]
"""A gate on measurements, or one that asks a suite; what its file says under `metric` tells which."""
