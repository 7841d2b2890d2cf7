"""What every provider of environments does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from greenramp.config import Environment
from greenramp.config.shadow import Slices
from greenramp.traffic.split import Side

_NO_SLICES = Slices()


@dataclass(frozen=True)
class EnvironmentOrder:
    """The environment wanted on one side of a service.

    model_path: a fixed copy of the version's files on this machine. digest: theirs. release: who ordered it.
    slices: columns and headers that its prediction log keeps, besides what the settings say.
    """

    service: str
    side: Side
    version: str
    digest: str
    model_path: str
    release: str
    settings: Environment
    slices: Slices = _NO_SLICES


@dataclass(frozen=True)
class RunningEnvironment:
    """An environment as it stands. addresses: (host, port) of each serving process."""

    service: str
    side: Side
    version: str
    digest: str
    release: str
    addresses: tuple[tuple[str, int], ...]


class Provider(Protocol):
    """Starts and stops environments; every order is safe to repeat."""

    def read(self, service: str, side: Side) -> RunningEnvironment | None:
        """The environment that stands on this side, ready or not; None when there is none."""

    def ensure(self, order: EnvironmentOrder) -> RunningEnvironment:
        """Make it stand; it may still be loading. Raises ProvisionFailed when it can't be built."""

    def require_ready(self, environment: RunningEnvironment) -> bool:
        """Whether every process answers; raises ProvisionFailed, with its last words, when one has given up."""

    def processes(self, environment: RunningEnvironment) -> tuple[int, ...]:
        """Process ids on this machine; none when it runs elsewhere."""

    def revive(self, service: str, side: Side) -> None:
        """Start those of its processes again that do not run."""

    def stop(self, service: str, side: Side) -> None:
        """Let it finish its requests and end it; what is already gone is fine."""
