"""The form on a flow run's page that asks a person for approval, while the flow goes on working.

Prefect's own pause_flow_run stands still until it is answered, and fails on a bad answer. Here the run is put into the
same state with the same kind of form, a thread looks after it, and the answer becomes an order like any other; so a
Prefect that is away holds nothing up. No expiry is given to Prefect, which would fail the run by itself.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import orjson
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.input import RunInput, keyset_from_paused_state
from prefect.input.run_input import Keyset
from prefect.states import Paused, Running
from pydantic import Field, ValidationError

AWAITING = "AwaitingApproval"
_LOOK_SECONDS = 2.0
_LEAVE_TRIES = 5
_NO_ANSWER = "the run was resumed without an answer"


class Answer(RunInput):
    """What the form asks for."""

    decision: Annotated[
        Literal["approve", "reject"],
        Field(description="approve: the release goes on. reject: everything goes back to where it was."),
    ]
    name: Annotated[
        str, Field(min_length=1, max_length=200, pattern=r"\S", description="Who you are; it stands in the record.")
    ]
    note: Annotated[str, Field(max_length=2000, description="Why; it stands in the record.")] = ""


@contextmanager
def form_on_page(
    flow_run: str, title: str, question: str, answered: Callable[[Answer], None], logger: logging.LoggerAdapter[Any]
) -> Iterator[None]:
    """Show the form until the block ends; Prefect is not waited for, then either.

    title: what the run waits for, beside its state. question: above the form, in Markdown. answered: is called with
    the answer, from another thread.
    """
    ended = threading.Event()

    def keep_asking() -> None:
        away = False
        with get_client(sync_client=True) as client:
            form = Form(client, uuid.UUID(flow_run), title, question)
            while not ended.is_set():
                try:
                    if answer := form.look():
                        answered(answer)
                        return
                    away = False
                except Exception as error:  # noqa: BLE001  (whatever ails Prefect, the release does not wait for it)
                    if not away:
                        logger.warning("Prefect's page can't ask now, the command line can be used: %s", error)
                    away = True
                ended.wait(_LOOK_SECONDS)
            form.leave()

    threading.Thread(target=keep_asking, name="approval-form", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


class Form:
    """One question to one flow run's page. Every call may raise what Prefect's client raises."""

    def __init__(self, client: SyncPrefectClient, flow_run: uuid.UUID, title: str, question: str) -> None:
        self._client, self._flow_run, self._title, self._question = client, flow_run, title, question
        self._keyset: Keyset | None = None

    def look(self) -> Answer | None:
        """Ask, if the page does not ask yet; the answer once there is one. What is no answer is asked again."""
        state = self._client.read_flow_run(self._flow_run).state
        if state is None or not (state.is_running() or state.is_paused()):
            return None  # it is being cancelled
        if state.is_paused():
            if not self._is_mine(state):  # left over from a question that was answered while Prefect was away
                self._set(Running())
            return None
        if self._keyset is None:
            self._ask("")
            return None
        given = self._given(self._keyset)
        if given is None:
            self._ask(_NO_ANSWER)
            return None
        try:
            return Answer(**given)
        except (ValidationError, TypeError) as error:
            self._ask(f"that was no answer: {error}")
            return None

    def leave(self) -> None:
        """Let the page say again that the run is running, if it still shows this question."""
        for _ in range(_LEAVE_TRIES):
            try:
                state = self._client.read_flow_run(self._flow_run).state
                if state is not None and self._is_mine(state):
                    self._set(Running())
                return
            except Exception:  # noqa: BLE001  (Prefect is away; the next question, or the run's end, clears it)
                time.sleep(_LOOK_SECONDS)

    def _is_mine(self, state: State) -> bool:
        return state.is_paused() and state.state_details.run_input_keyset == self._keyset is not None

    def _ask(self, wrong: str) -> None:
        """Form first, state second: a form that is not there yet can't be filled in."""
        state: State = Paused(name=AWAITING, message=self._title, pause_key=uuid.uuid4().hex)
        keyset = keyset_from_paused_state(state)
        state.state_details.run_input_keyset = keyset
        described = f"**{wrong}**; please answer again\n\n{self._question}" if wrong else self._question
        Answer.with_initial_data(description=described).save(keyset, flow_run_id=self._flow_run)
        self._keyset = keyset  # first: the state may be set though the server's word for it is lost
        self._set(state)

    def _set(self, state: State) -> None:
        result = self._client.set_flow_run_state(self._flow_run, state)
        if result.status is not SetStateStatus.ACCEPT:
            raise RuntimeError(f"it does not take the state {state.name}: {getattr(result.details, 'reason', '')}")

    def _given(self, keyset: Keyset) -> Any:
        """What was filled in; None when the run was resumed by other means."""
        from prefect.exceptions import PrefectHTTPStatusError

        try:
            return orjson.loads(self._client.read_flow_run_input(self._flow_run, keyset["response"]) or "null")
        except PrefectHTTPStatusError as error:
            if error.response.status_code != 404:
                raise
            return None
