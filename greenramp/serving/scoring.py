"""One scored request: MLflow's own function, its result or its error as an answer."""

import logging
from typing import Any, NamedTuple

from greenramp.serving.workers import Workers

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

    def __init__(self, model: Any, workers: Workers) -> None:
        """Take a loaded MLflow model and the threads it may use."""
        self._model = model
        self._input_schema = model.metadata.get_input_schema()
        self._workers = workers

    async def score(self, body: bytes, content_type: str) -> Answer:
        """Answer one request."""
        return await self._workers.run(lambda: self._score_now(body, content_type))

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
