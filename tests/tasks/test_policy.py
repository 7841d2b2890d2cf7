"""What a task's policy makes of a try that came to nothing."""

import uuid

import pytest
from prefect import task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed
from prefect.task_engine import TaskRunTimeoutError

from tasks.policy import ONCE, STEP, WAY_BACK

RUN = TaskRun(task_key="open", dynamic_key="0", name="open release record", flow_run_id=uuid.uuid4())


@pytest.mark.parametrize("policy", [STEP, WAY_BACK, ONCE], ids=["step", "way back", "once"])
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("TimedOut", TaskRunTimeoutError("Scope timed out after 60.0 s"), "open release record: not over after 60 s"),
        ("Failed", ValueError("no such alias"), "no such alias"),
    ],
)
def test_a_timeout_names_the_step_that_took_too_long_and_other_errors_stay(policy, name, error, said):
    step = task(**policy, timeout_seconds=60)(lambda: None)
    for hook in step.on_failure_hooks:
        hook(step, RUN, Failed(name=name, data=error))
    assert str(error) == said
