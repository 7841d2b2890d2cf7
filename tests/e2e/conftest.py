"""One real site for all end-to-end tests: Envoy, MLflow, Prefect with its worker, and model processes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from site_driver import Site, prepared_site
from users import Users

_ROOM_BYTES = 8 * 1024**3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two sites on two processors take their time; what hangs is ended all the same."""
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(900))


def _folder() -> Path:
    """For a site's state; in memory where there is room, since other work on the disk holds up its databases."""
    memory = Path("/dev/shm")  # noqa: S108
    if memory.is_dir():
        facts = os.statvfs(memory)
        if facts.f_bavail * facts.f_frsize >= _ROOM_BYTES and not facts.f_flag & os.ST_NOEXEC:
            return Path(tempfile.mkdtemp(prefix="gr-", dir=memory))
    return Path(tempfile.mkdtemp(prefix="gr-"))


@pytest.fixture
def new_site() -> Iterator[Site]:
    """A site that is not started yet."""
    folder = _folder()
    site = prepared_site(folder)
    yield site
    site.run("down", "--force")
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The site all tests share; each test has a service of its own."""
    folder = _folder()
    made = prepared_site(folder)
    started = made.run("up", "--configs", str(made.configs), "--port-base", str(made.ports))
    assert started.code == 0, started.text
    for deployment in ("watch-registry/greenramp", "recover/greenramp"):
        made.schedule(deployment, on=False)  # each look is a process, and a test says what it finds
    yield made
    stopped = made.run("down", "--force")
    left = made.processes()
    shutil.rmtree(folder)
    assert stopped.code == 0, stopped.text
    assert not left


@pytest.fixture
def users(site: Site) -> Callable[..., Users]:
    """Users of a service: `with users("fraud") as seen: ...`."""
    return lambda service, rate=60: Users(site, service, rate)
