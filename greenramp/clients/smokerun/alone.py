"""The model without a server: its own Python loads and asks it, while the smoke test goes on."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from greenramp.errors import CheckFailed

_SCRIPT = Path(__file__).with_name("predict_alone.py")


class ModelAlone:
    """One run of the model beside its server. Use as a context manager: at its end the run is over."""

    def __init__(self, python: str, model_path: str, payloads: Sequence[Any]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="greenramp-alone-")
        folder = Path(self._folder.name)
        self._results, self._said = folder / "results.json", folder / "said.txt"
        (folder / "payloads.json").write_text(json.dumps(list(payloads)), encoding="utf-8")
        model = str(Path(model_path).resolve())
        command = [python, "-c", _SCRIPT.read_text(encoding="utf-8"), model]
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [*command, str(folder / "payloads.json"), str(self._results)],
                cwd=folder,
                env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def __enter__(self) -> ModelAlone:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def predictions(self, timeout_seconds: float) -> list[Any]:
        """What it said to each payload; raises CheckFailed with its last words when it could not."""
        try:
            code = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise CheckFailed(f"the model alone took longer than {timeout_seconds:g} s") from error
        if code:
            words = self._said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise CheckFailed(f"the model can't be asked without a server: {words[-1][:300] if words else code}")
        return list(json.loads(self._results.read_text(encoding="utf-8")))
