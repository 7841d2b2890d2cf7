"""A start that fails leaves nothing running, unless users are answered: then what answers them goes on."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace

import psutil
import pytest

from greenramp.clients.envoy.router import Router
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.site import start as starting
from greenramp.site.settings import HOME_VARIABLE, SiteSettings
from greenramp.site.start import start, write_files
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side


@pytest.fixture
def free_ports():
    """Five of them."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(5)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
def site(tmp_path, free_ports):
    """Of a project that could be started."""
    for folder in ("flows", "configs", "configs/sites"):
        (tmp_path / folder).mkdir()
    (tmp_path / "prefect.yaml").touch()
    return SiteSettings(Home(tmp_path / "home"), "local", tmp_path, tmp_path / "configs", *free_ports)


@pytest.fixture
def begun(site, monkeypatch):
    """The processes of a site whose parts were started, one of which then does not answer."""
    processes = []

    def launch(*_):
        around = {**os.environ, HOME_VARIABLE: str(site.home.root), "SUPERVISOR_ENABLED": "1"}
        processes.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=around))

    def give_up(*_):
        raise Unreachable("mlflow does not start (FATAL): no space left on device")

    monkeypatch.setattr(starting, "_launch", launch)
    monkeypatch.setattr(starting, "_start_parts", give_up)
    yield processes
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
        process.wait()


def failed_start(site):
    with pytest.raises(Unreachable, match="mlflow does not start"):
        start(site, print)


def record(site, change):
    """Put a record down; no Envoy is there to take it."""
    with suppress(Unreachable):
        Router(site.home).change("fraud", change)


def test_without_users_nothing_is_left(site, begun):
    failed_start(site)
    assert not psutil.pid_exists(begun[0].pid)


def test_what_serves_users_goes_on(site, begun):
    write_files(site, print)
    record(site, lambda _: Route("fraud", live=Side.BLUE))
    failed_start(site)
    assert psutil.pid_exists(begun[0].pid)


def test_what_may_have_served_users_goes_on_when_the_record_is_damaged(site, begun, monkeypatch):
    write_files(site, print)
    monkeypatch.setattr(starting, "write_files", lambda *_: None)  # else it would be named before anything starts
    (site.home.xds / "rds.json").write_text("{")
    failed_start(site)
    assert psutil.pid_exists(begun[0].pid)


def test_a_service_that_was_let_go_holds_nothing_up(site, begun):
    write_files(site, print)
    record(site, lambda _: Route("fraud", live=Side.BLUE))
    record(site, lambda route: replace(route, live=None))
    failed_start(site)
    assert not psutil.pid_exists(begun[0].pid)
