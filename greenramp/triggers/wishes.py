"""Wishes for releases: which of them are one, which are already fulfilled, and which is to start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

MAX_TRIES = 3
"""A start that comes to nothing through no fault of the version is tried again, so often in all."""

KEPT = 200
"""So many wishes of a service that have ended are kept for people to read."""


class Way(StrEnum):
    """How a release was asked for."""

    ALIAS = "alias"
    STAGE = "stage"
    TAG = "tag"
    CREATED = "created"
    PRODUCTION = "production by hand"


_LASTING = {Way.CREATED.value, Way.PRODUCTION.value}
"""What can't be taken back: a version stays registered, and a promotion archives whatever else is in Production."""

SAME_ACT_SECONDS = 10.0
"""What is heard of twice is one act: an alias may be seen before its webhook comes, or the other way round."""


class WishState(StrEnum):
    """What became of a wish."""

    ASKED = "asked"
    STARTED = "started"
    DONE = "done"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self in (WishState.ASKED, WishState.STARTED)


@dataclass(frozen=True)
class Act:
    """Somebody has asked for `version`, in one way.

    at: when that was seen, since: the earliest it can have been; epoch seconds.
    """

    way: Way
    version: str
    at: float
    since: float


@dataclass(frozen=True)
class Wish:
    """One version that somebody wants released.

    at: when it was first asked for, last: most lately; epoch seconds, as is ended. ways: how, each once.
    tries: how often a run was started for it; run: the flow run's id. why: what became of it, or keeps it waiting.
    """

    id: str
    version: str
    at: float
    last: float
    ways: tuple[str, ...]
    state: WishState = WishState.ASKED
    tries: int = 0
    run: str = ""
    why: str = ""
    ended: float = 0.0

    @property
    def key(self) -> str:
        """What makes two starts of the same try one run."""
        return f"greenramp-wish-{self.id}-{self.tries}"

    def close(self, state: WishState, why: str, now: float) -> Wish:
        """This wish at its end."""
        return replace(self, state=state, why=why, ended=now)

    def begin(self, run: str) -> Wish:
        """This wish once a run goes on for it."""
        return replace(self, state=WishState.STARTED, run=run, why="", ended=0.0)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wish:
        """What `to_json` gave."""
        return cls(**{**data, "ways": tuple(data["ways"]), "state": WishState(data["state"])})


@dataclass(frozen=True)
class Run:
    """A release's run as the orchestrator knows it.

    state: its name (Promoted, Refused, ...). version: that it has claimed the service for, empty when it never did.
    """

    id: str
    state: str
    ended: bool
    message: str = ""
    version: str = ""


@dataclass(frozen=True)
class World:
    """What is true now. serving: the version that all traffic is meant for.

    ended: when a release of each version last came to an end of its own, epoch seconds; one that died has none.
    """

    serving: str | None = None
    ended: Mapping[str, float] = field(default_factory=dict)


Wishes = tuple[Wish, ...]
"""A service's wishes in the order they were made."""


def ask(service: str, wishes: Wishes, act: Act, world: World) -> Wishes:
    """The wishes after somebody has asked; what was asked before in another way is the same wish.

    Of several that wait only the newest is kept, by when it was asked for, however late that was heard of.
    """
    for wish in wishes:
        if wish.version == act.version and wish.state.is_open:
            ways = tuple(dict.fromkeys((*wish.ways, act.way.value)))
            merged = replace(wish, ways=ways, last=max(wish.last, act.at))
            return _newest_only(_replaced(wishes, merged), act.at)
    made = Wish(f"{service}-{act.version}-{round(act.at * 1000)}", act.version, act.at, act.at, (act.way.value,))
    if any(wish.id == made.id for wish in wishes):
        return wishes
    if act.version == world.serving:
        return (*wishes, made.close(WishState.IGNORED, "it serves already", act.at))
    if world.ended.get(act.version, 0.0) > act.since:  # also what a release did to the registry on its way back
        return (*wishes, made.close(WishState.IGNORED, "a release that a person started has tried it", act.at))
    return _newest_only((*wishes, made), act.at)


def withdraw(wishes: Wishes, standing: Iterable[str], looked: float) -> Wishes:
    """The wishes without those that wait and that nothing in the registry asks for any more.

    standing: versions that had the alias, the stage or the tag when it was `looked`, epoch seconds.
    """
    wanted, gone = set(standing), "it was taken back: no alias, stage or tag asks for it any more"
    return tuple(
        wish.close(WishState.IGNORED, gone, looked)
        if wish.state is WishState.ASKED
        and wish.version not in wanted
        and wish.last < looked - SAME_ACT_SECONDS  # one that was just heard of may not have stood there yet
        and not _LASTING & set(wish.ways)
        else wish
        for wish in wishes
    )


def settle(wishes: Wishes, runs: Mapping[str, Run | None], world: World, now: float) -> Wishes:
    """The wishes after a look at what became of them.

    runs: those of the wishes that have started, by id; None for one that the orchestrator does not know any more.
    """
    return tuple(_settled(wish, runs, world, now) for wish in wishes)


def next_to_start(wishes: Wishes) -> Wish | None:
    """The wish that a free service takes up, None when none waits or one is under way."""
    if any(wish.state is WishState.STARTED for wish in wishes):
        return None
    return max((w for w in wishes if w.state is WishState.ASKED), key=lambda w: w.last, default=None)


def to_take_back(wishes: Wishes) -> Wish | None:
    """The wish under way that a newer one supersedes; None when no other one waits."""
    started = [wish for wish in wishes if wish.state is WishState.STARTED]
    waits = any(wish.state is WishState.ASKED for wish in wishes)
    return started[0] if started and waits else None


def started(wishes: Wishes, wish_id: str, run: str) -> Wishes:
    """The wishes once a run goes on for one of them; also where that was superseded while the run was made."""
    return tuple(wish.begin(run) if wish.id == wish_id else wish for wish in wishes)


def kept(wishes: Wishes) -> Wishes:
    """The wishes without the oldest that have ended."""
    closed = [wish.id for wish in wishes if not wish.state.is_open]
    dropped = set(closed[: max(0, len(closed) - KEPT)])
    return tuple(wish for wish in wishes if wish.id not in dropped)


def _settled(wish: Wish, runs: Mapping[str, Run | None], world: World, now: float) -> Wish:
    if wish.state is WishState.ASKED:
        if wish.version == world.serving:
            return wish.close(WishState.DONE, "it serves", now)
        if world.ended.get(wish.version, 0.0) > wish.last:
            return wish.close(WishState.DONE, "a release that a person started has tried it", now)
        return wish
    if wish.state is not WishState.STARTED or wish.run not in runs:
        return wish
    run = runs[wish.run]
    if run and not run.ended:
        return wish
    if wish.why and (run is None or run.state != "Promoted"):
        return wish.close(WishState.SUPERSEDED, wish.why, now)
    why = _came_to_nothing(run)
    if run and not why:
        return wish.close(WishState.DONE, f"{run.state}: {run.message}", now)
    if wish.tries + 1 >= MAX_TRIES:
        return wish.close(WishState.DONE, f"tried {MAX_TRIES} times: {why}", now)
    return replace(wish, state=WishState.ASKED, tries=wish.tries + 1, why=why)


def _came_to_nothing(run: Run | None) -> str:
    """Why a run ended without having tried the version, though another may; empty for any that is an answer."""
    if run is None:
        return "the orchestrator has lost its run"
    passing = run.state == "Refused" and any(words in run.message for words in MAY_COME_LATER)
    return f"{run.state}: {run.message}" if (passing or run.state == "Crashed") and not run.version else ""


MAY_COME_LATER = ("is under way (", "does not answer", " is frozen ")
"""Words of a refusal that is about the moment, not about the version."""


def _newest_only(wishes: Wishes, now: float) -> Wishes:
    """Of those that wait, the one asked for last; a release under way that was asked for later outdates them all."""
    newest = max((w for w in wishes if w.state.is_open), key=lambda w: w.last, default=None)
    return tuple(
        w.close(WishState.SUPERSEDED, f"version {newest.version} was asked for later", now)
        if newest and w.state is WishState.ASKED and w.id != newest.id
        else w
        for w in wishes
    )


def _replaced(wishes: Wishes, wish: Wish) -> Wishes:
    return tuple(wish if one.id == wish.id else one for one in wishes)
