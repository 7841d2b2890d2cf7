"""What a smoke test is about: one environment, and everything that can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greenramp.clients.goldenfiles import Golden
from greenramp.config import Smoke, Suite


@dataclass(frozen=True)
class Tested:
    """An idle environment with its version.

    addresses: (host, port) of each process. pids: theirs, none when they run elsewhere. side: blue or green.
    golden: requests whose answers are known. recorded: payloads of real users.
    suite: what all answers should look like, that of smoke.expectations.
    cold_start_seconds: from the start of the processes until all answered. timeout_seconds: of one request.
    """

    version: str
    side: str
    model_path: str
    addresses: tuple[tuple[str, int], ...]
    smoke: Smoke
    suite: Suite | None = None
    pids: tuple[int, ...] = ()
    golden: tuple[Golden, ...] = ()
    recorded: tuple[Any, ...] = ()
    cold_start_seconds: float | None = None
    start_seconds: float = 120
    timeout_seconds: float = 60
