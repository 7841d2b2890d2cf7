"""Two sites never start on one port."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from greenramp.errors import ConfigError
from greenramp.site.ports import keep_ports

FILE = Path("configs/sites/local.yaml")


def test_while_one_site_starts_another_is_refused_its_ports(unstarted):
    site = unstarted.settings
    other = replace(site, router_port=site.router_port + 1, mlflow_port=site.mlflow_port)
    with (
        keep_ports(site, FILE),
        pytest.raises(ConfigError, match=rf"{site.mlflow_port}, meant for mlflow, is wanted by another site.*{FILE}"),
        keep_ports(other, FILE),
    ):
        pass
    with keep_ports(other, FILE):
        pass  # the first has ended


def test_a_port_that_is_listened_on_is_refused_and_the_listener_named(unstarted):
    site = unstarted.settings
    said = rf"{site.prefect_port}, meant for prefect, is in use by .*\(pid {os.getpid()}\)"
    with (
        socket.create_server(("127.0.0.1", site.prefect_port)),
        pytest.raises(ConfigError, match=said),
        keep_ports(site, FILE),
    ):
        pass
    with keep_ports(site, FILE):
        pass
