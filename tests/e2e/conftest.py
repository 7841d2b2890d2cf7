"""One real site for all end-to-end tests: Envoy, MLflow, Prefect with its worker, and model processes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from site_driver import Site, prepared_site
from users import Users


@pytest.fixture
def new_site() -> Iterator[Site]:
    """A site that is not started yet."""
    folder = Path(tempfile.mkdtemp(prefix="gr-"))
    site = prepared_site(folder)
    yield site
    site.run("down", "--force")
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The site all tests share; each test has a service of its own."""
    folder = Path(tempfile.mkdtemp(prefix="gr-"))
    made = prepared_site(folder)
    started = made.run("up", "--configs", str(made.configs), "--port-base", str(made.ports))
    assert started.code == 0, started.text
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
