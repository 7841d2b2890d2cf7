"""Envoy's own word, over a socket that takes no orders."""

import json
import threading

import pytest

from greenramp.clients.unixhttp import request
from greenramp.errors import Unreachable


def test_open_requests_are_counted_while_they_are_open(site, blue):
    blue.hold.clear()
    asking = threading.Thread(target=site.ask, args=("/fraud/invocations",))
    asking.start()
    site.eventually(lambda: site.admin.active_requests("fraud.blue-live") == 1, "one request is open")
    blue.hold.set()
    asking.join()
    site.eventually(lambda: site.admin.active_requests("fraud.blue-live") == 0, "no request is open")


def test_nothing_is_known_of_an_unknown_cluster(site):
    assert site.admin.healthy_members("none") == site.admin.active_requests("none") == 0


def test_envoy_runs_with_the_version_on_disk(site, blue):
    routes, clusters = (
        json.loads((site.home.xds / name).read_text())["version_info"] for name in ("rds.json", "cds.json")
    )
    assert site.admin.accepted_routes().version == routes
    assert site.admin.accepted_clusters().version == clusters


def test_the_admin_socket_is_the_owners_alone(site):
    assert site.home.admin_socket.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("order", ["/quitquitquit", "/healthcheck/fail", "/logging?level=trace", "/runtime_modify?a=b"])
def test_the_admin_socket_takes_no_order_that_could_harm(site, blue, order):
    with pytest.raises(Unreachable, match=f"POST .* at {site.home.admin_socket}: 403"):
        request(site.home.admin_socket, "POST", order)
    assert site.admin.ready()
    assert site.ask("/fraud/").status == 200


def test_an_envoy_that_is_not_there_is_unreachable_and_named(site):
    site.kill()
    with pytest.raises(Unreachable, match=f"nothing answers at {site.home.admin_socket}"):
        site.admin.ready()
