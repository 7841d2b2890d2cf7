"""One line of the prediction log: a scored request as one valid JSON object on one line."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from greenramp.serving.identity import Identity
from greenramp.serving.inputs import MAX_BODY_BYTES, inputs_in

FORMAT_VERSION = 1
MAX_ANSWER_CHARACTERS = 65_536  # a larger answer is not logged: the log is for comparing, not for keeping data
MAX_INPUT_CHARACTERS = 65_536  # larger inputs are left out whole: half a request can't be asked again
MAX_ID_CHARACTERS = 128
MAX_HEADER_CHARACTERS = 200
MAX_ERROR_CHARACTERS = 300
_ANSWER_START = '{"predictions": '  # as MLflow's predictions_to_json writes it


class Scored(NamedTuple):
    """What is known of an answered request to /invocations."""

    arrived: float  # seconds since the epoch
    request_id: str  # any text: the client chose it
    status: int
    duration_ms: float
    answer: str
    error: str | None
    copy: bool = False  # the router sent it to compare answers; this one reached nobody
    body: bytes | None = None  # what was asked, where the log is to keep it
    headers: dict[str, str] | None = None  # those that the log is to keep
    characters_sent: int = 0  # of the answer, before it was let go

    @property
    def size(self) -> int:
        """Return how long the answer is, in characters."""
        return self.characters_sent or len(self.answer)

    def lean(self) -> "Scored":
        """Let go of all text that the line will not hold; it may be megabytes."""
        unused = self.error is not None or len(self.answer) > MAX_ANSWER_CHARACTERS
        return self._replace(
            request_id=self.request_id[:MAX_ID_CHARACTERS],
            characters_sent=len(self.answer),
            answer="" if unused else self.answer,
            error=None if self.error is None else self.error[:MAX_ERROR_CHARACTERS],
            body=None if self.body is None else self.body[: MAX_BODY_BYTES + 1],
        )

    def characters(self) -> int:
        """Return about how much memory the record holds."""
        return len(self.answer) + len(self.request_id) + len(self.body or b"") + 200


def line_for(scored: Scored, identity: Identity, columns: Sequence[str] | None = None) -> str:
    """Write one request as one line of JSON, with its line end; of its inputs, where kept, only `columns` if given."""
    fields: dict[str, Any] = {
        "v": FORMAT_VERSION,
        "ts": round(scored.arrived, 6),
        "id": scored.request_id[:MAX_ID_CHARACTERS],
        "service": identity.service,
        "environment": identity.environment,
        "version": identity.version,
        "status": scored.status,
        "ms": round(scored.duration_ms, 3),
        "bytes": scored.size,
    }
    if scored.copy:
        fields["copy"] = True
    if scored.headers is not None:
        fields["headers"] = scored.headers
    if scored.body is not None:
        fields |= _inputs(scored.body, columns)
    if scored.error is not None:
        return _line({**fields, "rows": None, "predictions": None, "error": scored.error[:MAX_ERROR_CHARACTERS]})
    predictions, rows = predictions_in(scored.answer)
    if predictions is None:
        return _line({**fields, "rows": None, "predictions": None, "truncated": True})
    return f'{_line({**fields, "rows": rows})[:-2]},"predictions":{predictions}}}\n'


def _inputs(body: bytes, columns: Sequence[str] | None) -> dict[str, Any]:
    inputs = inputs_in(body, columns) if len(body) <= MAX_BODY_BYTES else None
    if len(body) > MAX_BODY_BYTES or len(_line({"inputs": inputs})) > MAX_INPUT_CHARACTERS:
        return {"inputs": None, "inputs_truncated": True}
    return {"inputs": inputs} if columns is None else {"inputs": inputs, "inputs_partial": True}


def dropped_line(count: int) -> str:
    """Say that `count` lines are missing before this one."""
    return _line({"v": FORMAT_VERSION, "dropped": count})


def predictions_in(answer: str) -> tuple[str | None, int | None]:
    """Find the predictions in an answer of MLflow; return their JSON text and how many they are.

    The text is taken from the answer as it stands, not written anew. An answer without the `predictions` key (MLflow's
    chat format) stands as the one prediction it is. NaN and infinities, which JSON does not have, become null.
    The text is None when the answer is too large, the count where the predictions are no list.
    """
    if len(answer) > MAX_ANSWER_CHARACTERS or "\n" in answer:
        return None, None
    try:
        parsed = _DECODER.decode(answer)
    except (ValueError, RecursionError):
        return None, None
    if isinstance(parsed, dict) and list(parsed) == ["predictions"] and answer.startswith(_ANSWER_START):
        predictions, text = parsed["predictions"], answer[len(_ANSWER_START) : -1]
    else:
        predictions, text = ([parsed], f"[{answer}]") if isinstance(parsed, dict) else (parsed, answer)
    if "NaN" in text or "Infinity" in text:
        text = json.dumps(predictions)
    return text, len(predictions) if isinstance(predictions, list) else None


_DECODER = json.JSONDecoder(parse_constant=lambda _name: None)


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"
