"""MLflow's and Prefect's servers, each alone, as a site runs them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from greenramp.home import Home
from greenramp.site.keys import ensure_secrets
from greenramp.site.programs import environment, programs
from greenramp.site.settings import SiteSettings

PROJECT = Path(__file__).parents[3]


def bare_site(folder: Path) -> SiteSettings:
    """A site of which nothing runs, on ports that are free; its services' files go below configs/services."""
    (folder / "configs" / "services").mkdir(parents=True)
    (folder / "configs" / "sites").mkdir()
    (folder / "configs" / "sites" / "local.yaml").write_text("kind: local\n")
    probes = [socket.socket() for _ in range(6)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    site = SiteSettings(Home(folder / "home"), "local", PROJECT, folder / "configs", *ports[:5])
    site = replace(site, webhooks_port=ports[5])
    site.write()
    ensure_secrets(site.home)
    return site


@contextmanager
def running(site: SiteSettings, name: str) -> Iterator[str]:
    """Run one of the site's programs, `mlflow` or `prefect-server`; gives its address."""
    url, health = {"mlflow": (site.mlflow_url, "/health"), "prefect-server": (site.prefect_url, "/api/health")}[name]
    for folder in (site.home.mlflow, site.home.prefect, site.home.xds):
        folder.mkdir(parents=True, exist_ok=True)
    program = next(program for program in programs(site) if program.name == name)
    around = {**environment(site), **program.environment}
    with (site.home.root / f"{name}.log").open("w") as log:
        server = subprocess.Popen(program.command, env=around, stdout=log, stderr=log, start_new_session=True)
    try:
        await_answer(f"{url}{health}")
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def await_answer(url: str, seconds: float = 240) -> None:
    """Wait until something answers there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            requests.get(url, timeout=5).raise_for_status()
        except requests.RequestException:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.05)
        else:
            return


def ask_rest(method: str, url: str, body: Any) -> Any:
    """An answer of one of the servers; on SQLite Prefect says 503 while another one writes."""
    for _ in range(10):
        if (answer := requests.request(method, url, json=body, timeout=60)).status_code != 503:
            break
    answer.raise_for_status()
    return answer.json() if answer.content else None
