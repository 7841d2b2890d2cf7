"""Orders of people to a running release: what each of them changes, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from greenramp.verdict import Outcome

FORMAT = 1


class Word(StrEnum):
    """What can be ordered; `expire` is the clock's answer where people gave none."""

    PAUSE = "pause"
    CONTINUE = "continue"
    ADVANCE = "advance"
    ABORT = "abort"
    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"

    @property
    def answers(self) -> bool:
        """Whether it answers the question for an approval."""
        return self in (Word.APPROVE, Word.REJECT, Word.EXPIRE)

    @property
    def done(self) -> str:
        """What was done by whoever ordered it."""
        return _DONE[self]


_DONE: Mapping[Word, str] = {
    Word.PAUSE: "paused",
    Word.CONTINUE: "continued",
    Word.ADVANCE: "advanced",
    Word.ABORT: "aborted",
    Word.APPROVE: "approved",
    Word.REJECT: "rejected",
    Word.EXPIRE: "expired",
}


@dataclass(frozen=True)
class Order:
    """One order to one release.

    ts: epoch seconds. who: the name that was given; by: through what. place: what an approval was asked for.
    generation: of the traffic record when it was given, which tells the step that it means.
    """

    id: str
    ts: float
    word: Word
    who: str
    note: str = ""
    by: str = ""
    place: str = ""
    generation: int = 0

    def __post_init__(self) -> None:
        if not self.id or not self.who.strip():
            raise ValueError("an order needs an id, and a name of who gives it")
        if self.word.answers and not self.place:
            raise ValueError(f"{self.word.value} says not what for")

    def __str__(self) -> str:
        at = f" at {self.place}" if self.place else ""
        return f"{self.word.done} by {self.who}{at}{f': {self.note}' if self.note else ''}"

    def to_json(self) -> dict[str, Any]:
        """This order as plain data."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Order:
        """The order that `to_json` gave; raises ValueError for what is none, or of another format."""
        if data.get("format") != FORMAT:
            raise ValueError(f"format {data.get('format')!r}, this version reads {FORMAT}")
        fields: dict[str, Any] = {name: str(data.get(name, "")) for name in ("id", "who", "note", "by", "place")}
        try:
            fields["ts"], fields["word"] = float(data["ts"]), Word(data["word"])
            fields["generation"] = int(data.get("generation", 0))
        except (LookupError, TypeError, OverflowError) as error:
            raise ValueError(f"no {error}") from error
        return cls(**fields)


@dataclass(frozen=True)
class Standing:
    """How a release stands by the orders so far.

    paused: who holds it. aborted: who ended it. advances: whose order ends a step, by the step's generation.
    answers: the first answer at each place that asked for approval.
    """

    paused: Order | None = None
    aborted: Order | None = None
    advances: Mapping[int, Order] = field(default_factory=dict)
    answers: Mapping[str, Order] = field(default_factory=dict)


@dataclass(frozen=True)
class _Rule:
    """before: the order already in force that leaves this one nothing to change. after: the standing with it."""

    before: Callable[[Standing, Order], Order | None]
    after: Callable[[Standing, Order], Standing]


def _answered(standing: Standing, order: Order) -> Standing:
    return replace(standing, answers={**standing.answers, order.place: order})


_ANSWER = _Rule(lambda standing, order: standing.answers.get(order.place), _answered)

_RULES: Mapping[Word, _Rule] = {
    Word.PAUSE: _Rule(lambda standing, _: standing.paused, lambda standing, order: replace(standing, paused=order)),
    Word.CONTINUE: _Rule(lambda _, __: None, lambda standing, _: replace(standing, paused=None)),
    Word.ADVANCE: _Rule(
        lambda standing, order: standing.paused or standing.advances.get(order.generation),
        lambda standing, order: replace(standing, advances={**standing.advances, order.generation: order}),
    ),
    Word.ABORT: _Rule(lambda _, __: None, lambda standing, order: replace(standing, aborted=order)),
    Word.APPROVE: _ANSWER,
    Word.REJECT: _ANSWER,
    Word.EXPIRE: _ANSWER,
}
"""An abort comes before everything else: after it no order changes anything."""


def take(standing: Standing, order: Order) -> tuple[Standing, str]:
    """How the release stands after `order`, and why it changed nothing; empty when it did."""
    rule = _RULES[order.word]
    if before := standing.aborted or rule.before(standing, order):
        return standing, f"it is {before} (at {clock(before.ts)})"
    if order.word is Word.CONTINUE and standing.paused is None:
        return standing, "it is not paused"
    return rule.after(standing, order), ""


def may_go_on(outcome: Outcome, *, long_enough: bool, paused: bool, advanced: bool) -> bool:
    """Whether a step is over, well. outcome: the worst of its verdicts; a person may go over `unsure`, no further."""
    if paused:
        return False
    return outcome in (Outcome.PASS, Outcome.UNSURE) if advanced else long_enough and outcome is Outcome.PASS


def awaited(journal: Iterable[Mapping[str, Any]]) -> str:
    """The place at which a release waits for approval, by its journal; empty when it does not."""
    place = ""
    for line in journal:
        if line["event"] == "approval asked":
            place = str(line["place"])
        elif line["event"] == "approval ended":
            place = ""
    return place


def people_tags(journal: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What people did in a release, by its journal, as tags: `greenramp.approved_by` and the like.

    Also why they let it go on in a freeze window: `greenramp.freeze_overridden`.
    """
    said: dict[str, list[str]] = {}
    for line in journal:
        if line["event"] == "order" and line["taken"]:
            place = f"{line['place']}: " if line["place"] else ""
            note = f" ({line['note']})" if line["note"] else ""
            when = f"{datetime.fromtimestamp(float(line['given']), UTC):%Y-%m-%d %H:%M:%S} UTC"
            said.setdefault(f"{Word(line['order']).done}_by", []).append(f"{place}{line['who']}, {when}{note}")
        elif line["event"] == "freeze overridden":
            said.setdefault("freeze_overridden", []).append(str(line["why"]))
    return {f"greenramp.{done}": "; ".join(sentences) for done, sentences in said.items()}


def clock(ts: float) -> str:
    """A time of the day. ts: epoch seconds."""
    return f"{datetime.fromtimestamp(ts, UTC):%H:%M:%S} UTC"
