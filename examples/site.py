"""A site of an example's own: started on free ports, put away afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from greenramp.errors import GreenrampError


def start_site(configs: Path, port_base: int | None) -> subprocess.Popen[str]:
    """Begin to start it; without port_base on the configured ports, or on free ones where those are taken."""
    base = port_base if port_base is not None else _free_base(configs)
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "greenramp"), "up", "--configs", str(configs)]
        + (["--port-base", str(base)] if base else []),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def require_started(starting: subprocess.Popen[str]) -> None:
    """Wait until it has started; raises GreenrampError where it does not."""
    said, _ = starting.communicate()
    if starting.returncode:
        raise GreenrampError(f"the site does not start: {said.strip()}")


def _free_base(configs: Path) -> int | None:
    """None when the configured ports are free; else the first free three from there on."""
    from greenramp.clients.configfiles import read_site

    ports = read_site(configs, "local").ports
    if all(map(_free, (ports.router, ports.mlflow, ports.prefect))):
        return None
    return next(base for base in range(20_000, 60_000, 200) if all(map(_free, range(base, base + 3))))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
