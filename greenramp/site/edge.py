"""What supervisord runs in a slot: sees that the port is ours and the files are whole, then becomes Envoy."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from greenramp.clients.envoy.router import Router
from greenramp.errors import ConfigError, GreenrampError
from greenramp.site.edgeport import ADDRESS, foreign_listeners, listeners
from greenramp.site.settings import SiteSettings, this_site
from greenramp.site.slots import ensure_active_slot
from greenramp.site.steering import ELDER, choose

_OPTIONS = (
    ["--disable-hot-restart", "--concurrency", "1", "--reject-unknown-dynamic-fields"]
    # A leaving Envoy gets no new connections, so it may say `connection: close` with every answer from the first.
    + ["--drain-strategy", "immediate", "--drain-time-s", "5"]
    + ["--file-flush-interval-msec", "200", "--log-level", "warning"]
)


def prepare(site: SiteSettings, slot: str) -> None:
    """Do what must be done before Envoy listens; raises ConfigError when somebody else does, or a file is damaged."""
    if foreign := foreign_listeners(site):
        raise ConfigError(
            f"port {site.router_port} is taken by {', '.join(foreign)}, which is no Envoy that this site runs: "
            "end it, or choose another port, then: greenramp up"
        )
    Router(site.home).ensure_files()
    if listeners(site.router_port):  # the other slot's Envoy, which keeps the users for now
        if not choose(ADDRESS, site.router_port, ELDER):
            sys.stdout.write("this kernel can't steer new connections: a planned restart may reset one now and then\n")
        return
    _require_free(site.router_port)
    ensure_active_slot(site.home, slot)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise ConfigError(f"port {port} is taken by a program that can't be seen from here ({error})") from error


def main() -> None:
    """Become Envoy, under the same process id, or say in one sentence why not."""
    site, slot = this_site(), sys.argv[1]
    try:
        prepare(site, slot)
    except GreenrampError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
    sys.stdout.flush()
    envoy = str(Path(sys.executable).parent / "envoy")
    os.execv(envoy, [envoy, "-c", str(site.home.slot_bootstrap(slot)), *_OPTIONS])  # noqa: S606


if __name__ == "__main__":
    main()
