"""Envoy ends as it is told to, also while a shadow holds as many copies open as it may."""

import os
import signal
import socket
import time

import pytest

from greenramp.clients.envoy.clusters import Upstream
from greenramp.traffic.handling import Edge
from greenramp.traffic.route import copy
from greenramp.traffic.split import Side


@pytest.fixture
def hanging(new_process):
    """Give addresses of servers that do not answer: one takes connections, one has stopped, one takes two at most."""
    slow, stopped = new_process("green", "8", pause=3600), new_process("green", "8")
    os.kill(stopped._process.pid, signal.SIGSTOP)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(1)
        yield {"slow": slow.server_address, "stopped": stopped.server_address, "full": full.getsockname()}


@pytest.mark.parametrize("how", ["slow", "stopped", "full"])
def test_envoy_ends_well_while_copies_hang(how, hanging, new_process, with_edge):
    site = with_edge(Edge())
    site.add("fraud", Side.BLUE, new_process("blue"))
    site.serve("fraud", Side.BLUE)
    site.router.ensure_upstream(Upstream("fraud", Side.GREEN, (hanging[how],), "8"))
    site.claim("fraud")
    site.router.change("fraud", lambda r: copy(r, "r1", time.time(), 100.0, 64, "shadow"))
    with site.connected() as ask:
        assert {ask("/fraud/", f"u{n}", method="POST", body="x").status for n in range(300)} == {200}
        assert site.admin.active_requests("fraud.green-shadow") >= 30
        site._process.terminate()
        assert site._process.wait(30) == 0
    assert "Abort" not in site.log.read_text()
