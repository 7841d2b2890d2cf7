"""The prediction log: takes records without ever blocking a request, and writes them from a thread of its own."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from greenramp.serving.boundedfile import BoundedFile
from greenramp.serving.identity import Identity
from greenramp.serving.logline import Scored, dropped_line, line_for

FLUSH_SECONDS = 0.1
MAX_WAITING_CHARACTERS = 32 * 1024 * 1024  # what a slow disk may cost in memory; beyond it records are dropped
CLOSE_SECONDS = 5.0  # a disk that hangs must not keep the process from ending

_logger = logging.getLogger(__name__)


class PredictionLog:
    """A log of scored requests, one JSON line each; complete up to FLUSH_SECONDS ago, and complete once closed."""

    def __init__(
        self,
        path: Path,
        identity: Identity,
        max_file_bytes: int,
        max_waiting: int = MAX_WAITING_CHARACTERS,
        columns: Sequence[str] | None = None,
    ) -> None:
        """Open the file; of inputs that records hold only `columns` are written. Raises OSError when it can't be."""
        self._file = BoundedFile(path, max_file_bytes)
        self._identity = identity
        self._max_waiting = max_waiting
        self._columns = columns
        self._lock = threading.Lock()
        self._waiting: list[Scored] = []
        self._waiting_characters = 0
        self._dropped = 0
        self._disk_refuses = False
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def __enter__(self) -> "PredictionLog":
        """Start the writer."""
        self._writer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the log."""
        self.close()

    def close(self) -> None:
        """Write what waits and close the file; once closed, closing does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._writer.join(CLOSE_SECONDS)
        if self._writer.is_alive():
            _logger.error("the prediction log is not complete: the disk did not take it in %.0f s", CLOSE_SECONDS)
        else:
            self._file.close()

    def record(self, scored: Scored) -> None:
        """Take one record; never blocks. When too much waits for the disk the record is dropped and counted."""
        scored = scored.lean()
        with self._lock:
            if self._waiting_characters > self._max_waiting:
                self._dropped += 1
                return
            self._waiting.append(scored)
            self._waiting_characters += scored.characters()

    def _run(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch, self._waiting, self._waiting_characters = self._waiting, [], 0
            dropped, self._dropped = self._dropped, 0
        if not batch and not dropped:
            return
        lines = [line_for(scored, self._identity, self._columns).encode("ascii") for scored in batch]
        if dropped:
            lines.append(dropped_line(dropped).encode("ascii"))
        kept = self._file.append(lines)
        if kept < len(lines):
            with self._lock:  # to be told in the log once the disk takes lines again
                self._dropped += len(batch) - min(kept, len(batch)) + dropped
        self._tell(self._file.error)

    def _tell(self, error: OSError | None) -> None:
        """Say on stderr, once for each time it begins, that the disk refuses lines."""
        if error is not None and not self._disk_refuses:
            _logger.error("the prediction log loses lines: %s", error)
        self._disk_refuses = error is not None
