"""How long Prefect's server is waited for."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import tenacity

from greenramp.clients import prefectapi
from greenramp.clients.prefectapi import PrefectApi
from greenramp.errors import Unreachable


@pytest.fixture
def late_server(monkeypatch):
    """A server whose first answers come too late: `late_server(n)` returns its address and the list of orders."""
    monkeypatch.setattr(prefectapi, "_TIMEOUT", (1, 0.2))
    monkeypatch.setattr(PrefectApi._call.retry, "wait", tenacity.wait_none())
    ended, servers = threading.Event(), []

    def start(late):
        orders = []

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self):
                orders.append(self.path)
                if len(orders) <= late:
                    ended.wait(20)
                    return
                body = b'{"id": "7f"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answers))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}", orders

    yield start
    ended.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_server_that_took_the_order_and_is_late_is_asked_more_often_than_one_that_is_away(late_server):
    url, orders = late_server(7)
    assert PrefectApi(url).deployment_id("release/greenramp") == "7f"
    assert len(orders) == 8


def test_a_server_that_never_answers_is_named(late_server):
    url, orders = late_server(1000)
    with pytest.raises(Unreachable, match=f"Prefect at {url} took the order and gives no answer"):
        PrefectApi(url).deployment_id("release/greenramp")
    assert len(orders) == 10
