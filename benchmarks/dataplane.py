"""The router under traffic: how quickly a split change takes hold, what it costs, whether a request is lost.

Run: python benchmarks/dataplane.py [--changes 200] [--seconds 5]
Starts Envoy and two small servers on loopback, and plain nginx and HAProxy beside them where they are installed.
"""

import argparse
import http.client
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.bootstrap import bootstrap
from greenramp.clients.envoy.clusters import Upstream
from greenramp.clients.envoy.router import Router
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.route import put_back, shift
from greenramp.split import Side

CLIENTS = 4
Sample = tuple[float, float, str]  # started, ended (perf_counter seconds), who answered; "" for a failure


def serve(name: str) -> ThreadingHTTPServer:
    """A server on a free port that answers every GET with its name."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait for a delayed acknowledgement
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(name)))
            self.send_header("x-environment", name)
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def load(port: int, path: str) -> Iterator[list[Sample]]:
    """Closed-loop traffic over keep-alive connections; gives the samples, complete once the body has ended."""
    ended, samples = threading.Event(), []

    def send() -> None:
        mine: list[Sample] = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not ended.is_set():
            started, name = time.perf_counter(), ""
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read().decode()
                name = body if answer.status == 200 else ""
            except (OSError, http.client.HTTPException):
                connection.close()
            mine.append((started, time.perf_counter(), name))
        samples.extend(mine)

    threads = [threading.Thread(target=send) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield samples
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def edge(blue: ThreadingHTTPServer, green: ThreadingHTTPServer) -> Iterator[tuple[Router, int]]:
    """Envoy with one service, blue live, held by a release called r1."""
    home, port = Home(Path(tempfile.mkdtemp(prefix="gr-bench-"))), free_port()
    for folder in (home.runtime, home.logs, home.xds, home.request_log.parent):
        folder.mkdir(parents=True)
    router, admin = Router(home), Admin(home.admin_socket)
    router.ensure_files()
    write_json(home.bootstrap, bootstrap(home, port))
    command = [str(Path(sys.executable).parent / "envoy"), "-c", str(home.bootstrap), "--disable-hot-restart"]
    command += ["--concurrency", "1", "--file-flush-interval-msec", "200", "--log-level", "error"]
    process = subprocess.Popen(command)
    try:
        eventually(lambda: admin.ready())
        for side, server in ((Side.BLUE, blue), (Side.GREEN, green)):
            router.ensure_upstream(Upstream("bench", side, (server.server_address,), "1"))
            eventually(lambda name=f"bench.{side.value}-candidate": admin.healthy_members(name) == 1)
        router.change("bench", lambda r: replace(r, live=Side.BLUE, owner="r1", until=time.time() + 3600, salt="r1"))
        yield router, port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(home.root)


def eventually(ready: Callable[[], bool]) -> None:
    """Wait until it is so; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except Unreachable:
            pass
        time.sleep(0.01)
    raise SystemExit("Envoy does not come up")


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def changes(router: Router, port: int, count: int) -> None:
    """Flip all traffic to and fro under load, then take it back from the candidate as a rollback does."""
    flips: list[tuple[float, float, str]] = []
    backs: list[tuple[float, float]] = []
    with load(port, "/bench/") as samples:
        time.sleep(0.3)
        for number in range(count):
            percent, old = (100.0, "blue") if number % 2 == 0 else (0.0, "green")
            began = time.perf_counter()
            router.change("bench", lambda r, p=percent: shift(r, "r1", time.time(), p, "bench"))
            flips.append((began, time.perf_counter(), old))
            time.sleep(0.05)
        for _ in range(count // 4):
            router.change("bench", lambda r: shift(r, "r1", time.time(), 50.0, "bench"))
            time.sleep(0.05)
            began = time.perf_counter()
            router.change("bench", lambda r: put_back(r, "r1", Side.BLUE))
            backs.append((began, time.perf_counter()))
            time.sleep(0.05)
    failed = sum(1 for _, _, name in samples if not name)
    last_old = [last_of(samples, old, began) for began, _, old in flips]
    last_candidate = [last_of(samples, "green", began) for began, _ in backs]
    say(f"{count} flips and {count // 4} rollbacks under {len(samples)} requests: {failed} failed")
    row("change -> Envoy says it runs", [1000 * (done - began) for began, done, _ in flips])
    row("change -> last request sent to the old side", last_old)
    row("rollback -> last request sent to the candidate", last_candidate)


def last_of(samples: list[Sample], name: str, since: float) -> float:
    """Milliseconds from `since` to the start of the last request within 45 ms that `name` answered; 0 for none."""
    late = [started for started, _, who in samples if who == name and since <= started < since + 0.045]
    return 1000 * (max(late) - since) if late else 0.0


def row(what: str, ms: list[float]) -> None:
    """Print median, p99 and largest."""
    ordered = sorted(ms)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    say(f"  {what:48} median {statistics.median(ms):6.1f} ms   p99 {p99:6.1f} ms   max {ordered[-1]:6.1f} ms")


def overhead(targets: dict[str, tuple[int, str]], seconds: float) -> None:
    """Requests/s and latency of each way in turn, three rounds, as medians and ratios to going direct."""
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in targets}
    for _ in range(3):
        for name, (port, path) in targets.items():
            with load(port, path) as samples:
                time.sleep(seconds)
            ms = sorted(1000 * (ended - started) for started, ended, _ in samples)
            figures[name].append((len(ms) / seconds, statistics.median(ms), ms[int(0.99 * len(ms))]))
    medians = {
        name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in figures.items()
    }
    say(f"{'way':16} {'requests/s':>11} {'x direct':>9} {'p50 ms':>8} {'p99 ms':>8}")
    for name, (rate, p50, p99) in medians.items():
        say(f"{name:16} {rate:11.0f} {rate / medians['direct'][0]:9.2f} {p50:8.2f} {p99:8.2f}")


@contextmanager
def plain_proxy(name: str, upstream: int) -> Iterator[int | None]:
    """nginx or HAProxy as a plain proxy; None where it is not installed."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        say(f"{name} is not installed and is left out")
        yield None
        return
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="gr-bench-"))
    file = folder / "proxy.conf"
    if name == "nginx":
        file.write_text(
            f"daemon off; worker_processes 1; pid {folder}/pid; error_log /dev/null; events {{}}\n"
            f"http {{ access_log off; upstream u {{ server 127.0.0.1:{upstream}; keepalive 32; }}\n"
            f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u; proxy_http_version 1.1;"
            ' proxy_set_header Connection ""; } } }\n'
        )
        command = [program, "-c", str(file), "-p", str(folder)]
    else:
        file.write_text(
            "global\n nbthread 1\ndefaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
            f"frontend f\n bind 127.0.0.1:{port}\n default_backend b\nbackend b\n server s 127.0.0.1:{upstream}\n"
        )
        command = [program, "-f", str(file)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure changes, then overhead."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    blue, green = serve("blue"), serve("green")
    with ExitStack() as stack:
        router, port = stack.enter_context(edge(blue, green))
        changes(router, port, arguments.changes)
        targets = {"direct": (blue.server_address[1], "/"), "edge": (port, "/bench/")}
        for name in ("nginx", "haproxy"):
            other = stack.enter_context(plain_proxy(name, blue.server_address[1]))
            if other is not None:
                targets[name] = (other, "/")
        overhead(targets, arguments.seconds)


if __name__ == "__main__":
    main()
