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


def name_the_step(task: Any, task_run: Any, state: Any) -> None:
    """Let a timeout say which step took too long; Prefect's own words are "Scope timed out after 60.0 second(s)."."""
    if state.name == "TimedOut":
        error = state.result(raise_on_failure=False)
        error.args = (f"{task_run.name}: not over after {task.timeout_seconds:g} s",)


STEP: dict[str, Any] = {
    "on_failure": [name_the_step],
    "retries": 3,
    "retry_delay_seconds": [1, 3, 10],
    "retry_condition_fn": is_transient,
    "cache_policy": NO_CACHE,  # the same order given twice is two orders
    "persist_result": False,
}
"""A step on the way forward."""

WAY_BACK: dict[str, Any] = {**STEP, "retries": 4, "retry_delay_seconds": [0.2, 1, 3, 10]}
"""A step on the way back: tried again sooner, and once more; what fails then is left to the next order."""

ONCE: dict[str, Any] = {"on_failure": [name_the_step], "cache_policy": NO_CACHE, "persist_result": False}
"""A step whose answer is final."""
