"""One scored request: MLflow's own function in a worker thread, its result or its error as an answer."""

import asyncio
import contextvars
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"

_logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What the client gets; `error` is the reason in words, None when the request was scored."""

    status: int
    media_type: str
    text: str
    error: str | None = None

    @classmethod
    def refusal(cls, status: int, reason: str) -> "Answer":
        """Answer `reason` as plain text."""
        return cls(status, TEXT, reason, reason)


class Scorer:
    """Scores request bodies with a loaded model, several at a time."""

    def __init__(self, model: Any, workers: int | None = None) -> None:
        """Take a loaded MLflow model and the number of threads; by default as many as MLflow's own server uses."""
        self._model = model
        self._input_schema = model.metadata.get_input_schema()
        self._threads = ThreadPoolExecutor(workers or min(32, (os.cpu_count() or 1) + 4), "score")

    async def score(self, body: bytes, content_type: str) -> Answer:
        """Answer one request; the event loop stays free, so /ping answers while a prediction runs."""
        # Each request has its own context variables, as under MLflow's asyncio.to_thread: its tracing lives in them.
        run = contextvars.copy_context().run
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, run, self._score_now, body, content_type)

    def _score_now(self, body: bytes, content_type: str) -> Answer:
        from mlflow.exceptions import MlflowException
        from mlflow.pyfunc.scoring_server import invocations

        try:
            result = invocations(body, content_type, self._model, self._input_schema)
        except MlflowException as error:  # the same answer as MLflow's _async_catch_mlflow_exception gives
            return Answer(error.get_http_status_code(), JSON, error.serialize_as_json(), str(error.message))
        except BaseException as error:  # a model that calls sys.exit() must not end the server
            _logger.exception("a request could not be scored")
            return Answer(500, TEXT, "Internal Server Error", f"{type(error).__name__}: {error}")
        if result.status != 200:
            return Answer.refusal(result.status, result.response)
        return Answer(200, result.mimetype, result.response)

    def close(self, patience_seconds: float = 1.0) -> bool:
        """Let the threads end; return False when a prediction still runs after `patience_seconds`."""
        closing = threading.Thread(target=self._threads.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        closing.start()
        closing.join(patience_seconds)
        return not closing.is_alive()
