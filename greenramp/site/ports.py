"""The ports a site is about to listen on: each is free, and no other site that starts right now wants it too."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from greenramp.errors import ConfigError
from greenramp.site.edgeport import listeners
from greenramp.site.settings import SiteSettings


@contextmanager
def keep_ports(site: SiteSettings, file: Path) -> Iterator[None]:
    """Until the block ends no other site may start on these ports; raises ConfigError where one is taken.

    That a port is free is not enough: two sites that start at once both find it so, and each would then take the
    other's servers for its own. file: where the ports are set, for the message.
    """
    wanted = {
        "router": site.router_port,
        "mlflow": site.mlflow_port,
        "prefect": site.prefect_port,
        "outcomes": site.outcomes_port,
        "webhooks": site.webhooks_port,
    }
    with ExitStack() as kept:
        for name, port in wanted.items():
            advice = f"choose another in {file} (ports.{name}), or with --port-base"
            claim = kept.enter_context(socket.socket(socket.AF_UNIX))
            try:
                claim.bind(f"\0greenramp/port/{port}")  # has no file, and ends with its process
            except OSError as error:
                raise ConfigError(
                    f"port {port}, meant for {name}, is wanted by another site that is starting; {advice}"
                ) from error
            if not _free(port):
                raise ConfigError(f"port {port}, meant for {name}, is in use by {_holders(port)}; {advice}")
        yield


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _holders(port: int) -> str:
    return ", ".join(map(str, listeners(port))) or "a program that can't be seen from here"
