"""What people want to hear of a release, in plain words."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

_NAMESPACE = uuid.UUID("5a1d0f0e-3c0c-5f7c-9a51-0b6f5a0d9c11")


class Kind(StrEnum):
    """What has happened."""

    STARTED = "started"
    WAITING = "waiting"
    RESUMED = "resumed"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled-back"
    PUT_BACK_FAILED = "put-back-failed"
    REFUSED = "refused"
    DRIFTED = "drifted"


_TITLES: Mapping[Kind, str] = {
    Kind.STARTED: "{subject}: release started",
    Kind.WAITING: "{subject}: waits",
    Kind.RESUMED: "{subject}: release goes on after a stop",
    Kind.PROMOTED: "{subject}: promoted",
    Kind.ROLLED_BACK: "{subject}: rolled back",
    Kind.PUT_BACK_FAILED: "{subject}: could not be put back, act now",
    Kind.REFUSED: "{subject}: refused, nothing was touched",
    Kind.DRIFTED: "{subject}: is not as Greenramp left it",
}


@dataclass(frozen=True)
class News:
    """One thing that happened.

    release: its id, or that of the flow run where there is none yet. about: tells news of the same kind apart (the step
    that is waited at). sentence: what and why. facts: numbers by what they are, in words. links: addresses likewise.
    seconds: epoch.
    """

    kind: Kind
    service: str
    release: str
    sentence: str
    seconds: float
    version: str = ""
    about: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> uuid.UUID:
        """The same for the same news, however often they are told."""
        return uuid.uuid5(_NAMESPACE, f"{self.release}/{self.kind.value}/{self.about}")

    @property
    def name(self) -> str:
        """A file's name that people can read, too."""
        return f"{re.sub('[^A-Za-z0-9.-]', '_', self.release)}.{self.kind.value}.{self.id.hex[:12]}"

    @property
    def title(self) -> str:
        """One line."""
        return _TITLES[self.kind].format(
            subject=f"{self.service} version {self.version}" if self.version else self.service
        )

    @property
    def body(self) -> str:
        """The sentence, the numbers, the links."""
        lines = [self.sentence, *(f"{what}: {value}" for what, value in self.facts.items())]
        return "\n".join([*lines, *(f"{what}: {address}" for what, address in self.links.items())])

    def to_json(self) -> dict[str, Any]:
        """As a file keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From what a file keeps."""
        return cls(**{**data, "kind": Kind(data["kind"])})
