"""What stands behind the router and beside it: upstream servers, and nginx and HAProxy as plain proxies."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.driving.server_process import ServerProcess

_NGINX = (
    "daemon off; worker_processes 1; pid {folder}/pid; error_log /dev/null; events {{ worker_connections 4096; }}\n"
    "http {{ access_log off; keepalive_requests 1000000000;\n{servers} }}\n"
)
_ANSWERING = (
    "server {{ listen 127.0.0.1:{port} backlog=1024; add_header x-environment {name};"
    ' location / {{ return 200 "ok"; }} }}'
)
_PASSING = (
    "upstream u {{ server 127.0.0.1:{upstream}; keepalive 32; keepalive_requests 1000000000; }}\n"
    "server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u; proxy_http_version 1.1;"
    ' proxy_set_header Connection ""; }} }}'
)
_HAPROXY = (
    "global\n nbthread 1\ndefaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
    "frontend f\n bind 127.0.0.1:{port}\n default_backend b\nbackend b\n server s 127.0.0.1:{upstream}\n"
)


def program(name: str) -> str | None:
    """Where a program is, None where it is not installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and those it has started."""
    process = psutil.Process(pid)
    times = [p.cpu_times() for p in [process, *process.children(recursive=True)]]
    return sum(t.user + t.system for t in times)


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.02)
        else:
            raise SystemExit(f"{command[0]} does not come up")
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


@contextmanager
def _nginx(servers: str, port: int) -> Iterator[int]:
    folder = Path(tempfile.mkdtemp(prefix="gr-bench-"))
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, servers=servers))
    with _running([program("nginx") or "nginx", "-c", str(file), "-p", str(folder)], folder, port) as pid:
        yield pid


@contextmanager
def upstreams() -> Iterator[tuple[int, int]]:
    """The ports of two servers that say blue and green: nginx where it is installed, or else two Python processes."""
    if program("nginx"):
        ports = free_port(), free_port()
        servers = "\n".join(
            _ANSWERING.format(port=port, name=name) for port, name in zip(ports, ("blue", "green"), strict=True)
        )
        with _nginx(servers, ports[0]):
            yield ports
        return
    started = [ServerProcess(name) for name in ("blue", "green")]
    try:
        yield started[0].server_address[1], started[1].server_address[1]
    finally:
        for server in started:
            server.kill()


@contextmanager
def plain_proxy(name: str, upstream: int) -> Iterator[tuple[int, int]]:
    """nginx or HAProxy that passes everything on, with one thread as Envoy has; gives its port and process id."""
    port = free_port()
    if name == "nginx":
        with _nginx(_PASSING.format(port=port, upstream=upstream), port) as pid:
            yield port, pid
        return
    folder = Path(tempfile.mkdtemp(prefix="gr-bench-"))
    file = folder / "haproxy.cfg"
    file.write_text(_HAPROXY.format(port=port, upstream=upstream))
    with _running([program(name) or name, "-f", str(file)], folder, port) as pid:
        yield port, pid
