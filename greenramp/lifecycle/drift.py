"""What somebody changed by hand, and what follows from it by the service's policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from greenramp.config import Reconcile


class What(StrEnum):
    """What is not as it was left."""

    ALIAS = "alias"
    ENVIRONMENT = "environment"
    ROUTE = "route"
    VERSION = "version"
    ARTIFACTS = "artifacts"


IN_REGISTRY = frozenset({What.ALIAS, What.VERSION, What.ARTIFACTS})
"""What only MLflow can tell."""


@dataclass(frozen=True)
class Registered:
    """The serving version in MLflow. champion: what the alias names. there: the version; readable: its files."""

    champion: str | None
    there: bool
    readable: bool


@dataclass(frozen=True)
class Found:
    """A service as it is found. serving: the live side's version, empty for none.

    busy: a release, rollback or recovery holds it. registry: None while MLflow does not answer. processes, running:
    of the live side, how many there are to be, how many are. edited: the router's files are not what it took last.
    """

    service: str
    serving: str
    busy: bool
    registry: Registered | None
    processes: int
    running: int
    edited: bool


@dataclass(frozen=True)
class Drift:
    """One thing that is not as it was left. acts: whether Greenramp puts it right. since: epoch seconds."""

    service: str
    what: What
    sentence: str
    acts: bool
    since: float = 0.0
    told: bool = False

    def __str__(self) -> str:
        return f"{self.service}: {self.sentence}"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(**{**data, "what": What(data["what"])})


def compare(found: Found, policy: Reconcile) -> tuple[Drift, ...]:
    """What is not as it was left. Whoever holds the service moves the alias and mends it, so it is not judged then."""
    if not found.serving:
        return ()
    service, serving, registry = found.service, found.serving, found.registry
    drifts = []
    if found.edited:
        drifts.append(_route(service, restores=policy.route == "restore"))
    if found.running < found.processes:
        drifts.append(_environment(found, restarts=policy.environment == "restart"))
    if registry is None:
        return tuple(drifts)
    if not registry.there:
        said = f"version {serving} serves, but is deleted in MLflow; it serves on from its copy here"
        return (*drifts, Drift(service, What.VERSION, said, acts=False))
    if not registry.readable:
        said = f"the files of version {serving}, which serves, can't be read from MLflow; it serves on from its copy"
        drifts.append(Drift(service, What.ARTIFACTS, said, acts=False))
    if registry.champion != serving and not found.busy:
        drifts.append(_alias(found, registry, restores=policy.alias == "restore"))
    return tuple(drifts)


def remember(
    before: Sequence[Drift], now: Sequence[Drift], at: float, *, unread: Collection[str] = ()
) -> tuple[Drift, ...]:
    """What is found now, with since when, and whether it has been told. unread: services MLflow did not speak of."""
    known = {(one.service, one.what, one.sentence): one for one in before}
    kept = [known.get((one.service, one.what, one.sentence)) or replace(one, since=at) for one in now]
    return (*kept, *(one for one in before if one.what in IN_REGISTRY and one.service in unread))


def _route(service: str, *, restores: bool) -> Drift:
    then = (
        "what the router took last is put back"
        if restores
        else "the next change of traffic writes it anew; put it back at once with reconcile.route: restore"
    )
    return Drift(service, What.ROUTE, f"the router's files were edited by hand; {then}", acts=restores)


def _environment(found: Found, *, restarts: bool) -> Drift:
    then = "they are started again" if restarts else "start them again with: greenramp rollback, or release it anew"
    said = f"{found.running} of {found.processes} processes of version {found.serving}, which serves, run; {then}"
    return Drift(found.service, What.ENVIRONMENT, said, acts=restarts)


def _alias(found: Found, registry: Registered, *, restores: bool) -> Drift:
    seen = f"alias champion names version {registry.champion}" if registry.champion else "alias champion is gone"
    then = (
        "it is moved back"
        if restores
        else f"traffic did not move; release what is meant with: greenramp release {found.service} VERSION"
    )
    said = f"{seen}, but version {found.serving} serves; {then}"
    return Drift(found.service, What.ALIAS, said, acts=restores)
