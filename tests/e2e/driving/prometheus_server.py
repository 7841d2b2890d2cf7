"""A real Prometheus that scrapes small exporters of ours five times a second."""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests


@cache
def find_prometheus() -> tuple[str | None, str]:
    """Find the program, or fetch Debian's package without being root; None and the reason where there is none."""
    if found := shutil.which("prometheus"):
        return found, ""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return None, "no prometheus on the PATH, and no apt-get to fetch it with"
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "greenramp-tests"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        try:
            return str(_fetched(folder / "prometheus")), ""
        except (OSError, subprocess.SubprocessError, StopIteration) as error:
            return None, f"no prometheus on the PATH, and its Debian package can't be fetched: {error}"


def _fetched(folder: Path) -> Path:
    """The program below a folder, which is there whole or not at all."""
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
            order = {"cwd": aside, "check": True, "capture_output": True, "timeout": 60}
            subprocess.run(["apt-get", "download", "prometheus"], **order)
            package = next(Path(aside).glob("prometheus_*.deb"))
            subprocess.run(["dpkg", "-x", package.name, "whole"], **order)
            (Path(aside) / "whole").rename(folder)
    return folder / "usr" / "bin" / "prometheus"


class _Metrics(BaseHTTPRequestHandler):
    server: "Exporter"

    def do_GET(self) -> None:
        self.server.asked += 1
        body = self.server.text.encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


class Exporter(ThreadingHTTPServer):
    """What one process says of itself: `text`, in Prometheus' format."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Metrics)
        self.text = ""
        self.asked = 0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


def show(texts: dict[Exporter, str]) -> None:
    """Let exporters show these texts, and wait until Prometheus has them: it then asks again, and again."""
    seen = {exporter: exporter.asked for exporter in texts}
    for exporter, text in texts.items():
        exporter.text = text
    deadline = time.monotonic() + 20
    while any(exporter.asked < asked + 3 for exporter, asked in seen.items()):
        assert time.monotonic() < deadline, "Prometheus does not scrape"
        time.sleep(0.01)


class PrometheusServer:
    """One server; every exporter is an instance of the environment it is given."""

    def __init__(self, program: str, folder: Path, exporters: dict[str, list[Exporter]]) -> None:
        targets = "".join(
            f"  - targets: ['127.0.0.1:{exporter.server_port}']\n    labels: {{environment: {name}}}\n"
            for name, some in exporters.items()
            for exporter in some
        )
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
            f"scrape_configs:\n- job_name: payments\n  static_configs:\n{targets}"
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with (folder / "prometheus.log").open("w") as log:
            self._process = subprocess.Popen(
                [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
                + [f"--web.listen-address={self.url.removeprefix('http://')}"],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not self._ready():
            assert time.monotonic() < deadline, (folder / "prometheus.log").read_text()[-2000:]
            time.sleep(0.02)

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
