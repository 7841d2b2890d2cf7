"""How tasks are retried: only what a second try can cure."""

from __future__ import annotations

from typing import Any

from prefect.cache_policies import NO_CACHE

from greenramp.errors import NotConfirmed, Unreachable


def is_transient(_task: Any, _task_run: Any, state: Any) -> bool:
    """Whether a failed try may succeed the next time: a system that is away, not one that says no."""
    try:
        state.result()
    except (Unreachable, NotConfirmed):
        return True
    except BaseException:  # noqa: BLE001  (every other reason, cancellation too, is an answer)
        return False
    return False


STEP: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [1, 3, 10],
    "retry_condition_fn": is_transient,
    "cache_policy": NO_CACHE,  # the same order given twice is two orders
    "persist_result": False,
}
"""A step on the way forward."""

WAY_BACK: dict[str, Any] = {**STEP, "retries": 4, "retry_delay_seconds": [0.2, 1, 3, 10]}
"""A step on the way back: tried again sooner, and once more; what fails then is left to the next order."""

ONCE: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
"""A step whose answer is final."""
