"""A request to /invocations as it is sent, and what came back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

JSON, CSV = "application/json", "text/csv"


@dataclass(frozen=True)
class Body:
    """A request's body as it is sent."""

    content: bytes
    content_type: str = JSON

    @classmethod
    def of(cls, payload: Any) -> Body:
        """A payload as JSON."""
        return cls(json.dumps(payload).encode())


@dataclass(frozen=True)
class Answer:
    """One answer. ms: from sending to the whole answer. version, environment: who says it answered."""

    status: int
    text: str
    ms: float
    version: str
    environment: str

    @property
    def predictions(self) -> list[Any] | None:
        """The list of predictions, None when the answer holds none."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return None
        found = body.get("predictions") if isinstance(body, dict) else None
        return found if isinstance(found, list) else None

    @property
    def good(self) -> bool:
        """Whether it holds predictions."""
        return self.status == 200 and bool(self.predictions)

    def __str__(self) -> str:
        return f"{self.status} {' '.join(self.text.split())[:200]}"
