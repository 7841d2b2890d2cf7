"""One scored request: MLflow's own function, its result or its error as an answer."""

import logging
from typing import Any, NamedTuple

from greenramp.serving.shortcut import JSON, Shortcut
from greenramp.serving.workers import Workers

TEXT = "text/plain; charset=utf-8"

# MLflow's message holds the data in the form that it had parsed it to; only its own way can give that.
_SHOWS_DATA = "Failed to predict data "

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

    def __init__(self, model: Any, workers: Workers, shortcut: Shortcut | None = None) -> None:
        """Take a loaded MLflow model, the threads it may use, and the short way where the model has one."""
        self._model = model
        self._shortcut = shortcut
        self._input_schema = model.metadata.get_input_schema()
        self._workers = workers

    async def score(self, body: bytes, content_type: str) -> Answer:
        """Answer one request."""
        return await self._workers.run(lambda: self._score_now(body, content_type))

    def _score_now(self, body: bytes, content_type: str) -> Answer:
        from mlflow.exceptions import MlflowException

        try:
            return self._invocations(body, content_type)
        except MlflowException as error:  # the same answer as MLflow's _async_catch_mlflow_exception gives
            return Answer(error.get_http_status_code(), JSON, error.serialize_as_json(), str(error.message))
        except BaseException as error:  # a model that calls sys.exit() must not end the server
            _logger.exception("a request could not be scored")
            return Answer(500, TEXT, "Internal Server Error", f"{type(error).__name__}: {error}")

    def _invocations(self, body: bytes, content_type: str) -> Answer:
        from mlflow.exceptions import MlflowException
        from mlflow.pyfunc.scoring_server import invocations

        short = self._shortcut
        if short is not None and (prepared := short.prepare(body, content_type)) is not None:
            if (text := short.answer(prepared)) is not None:
                return Answer(200, JSON, text)
            try:
                return _answer(invocations(prepared, JSON, short.model, None))
            except MlflowException as error:
                if not str(error.message).startswith(_SHOWS_DATA):
                    raise
        return _answer(invocations(body, content_type, self._model, self._input_schema))


def _answer(result: Any) -> Answer:
    if result.status != 200:
        return Answer.refusal(result.status, result.response)
    return Answer(200, result.mimetype, result.response)
