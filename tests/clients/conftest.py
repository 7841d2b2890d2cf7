"""A site's home short enough for sockets, and waiting without sleeping blindly."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenramp.home import Home


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Look again and again until `true()` is; give what it returned."""

    def wait(true: Callable[[], Any], what: str, seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := true()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.005)
        return value

    return wait


@pytest.fixture
def home() -> Iterator[Home]:
    """Make the home of a site in a folder whose path is short, since sockets lie in it."""
    root = Path(tempfile.mkdtemp(prefix="gr-"))
    yield Home(root)
    shutil.rmtree(root)
