"""`greenramp up`: start what does not run yet, see each part answer, or say which one does not and why."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from greenramp.clients.atomicfile import locked, write_text
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.router import Router
from greenramp.clients.formats import Damaged
from greenramp.clients.lastwords import last_words
from greenramp.clients.prefectapi import PrefectApi
from greenramp.clients.registrylook import MlflowRest
from greenramp.clients.supervisor import Supervisor
from greenramp.clients.wishbook import ensure_since
from greenramp.errors import ConfigError, GreenrampError, Unreachable
from greenramp.site.automations import ensure_automations
from greenramp.site.deployments import ensure_deployments
from greenramp.site.envoys import write_slot
from greenramp.site.keys import ensure_secrets, webhook_secret
from greenramp.site.ports import keep_ports
from greenramp.site.programfiles import set_aside_damaged
from greenramp.site.programs import (
    COLLECTOR,
    GUARD,
    MLFLOW,
    PREFECT,
    RECEIVER,
    WORK_POOL,
    WORKER,
    environment,
    folders,
    programs,
    supervisor_file,
)
from greenramp.site.restart import settle_router
from greenramp.site.settings import SiteSettings, read_settings
from greenramp.site.slots import FIRST_SLOT, SLOTS, read_active_slot, slot_program, slots_lock
from greenramp.site.standby import ensure_standby
from greenramp.site.stop import end_processes
from greenramp.site.takeover import forget_takeover
from greenramp.triggers.deliveries import EVENTS

Say = Callable[[str], None]

_START_SECONDS = 180
"""MLflow makes its database at the first start, which takes half a minute on a busy machine."""


def start(site: SiteSettings, say: Say) -> None:
    """Bring the whole site up; what runs already stays as it is.

    A start that fails leaves nothing running, unless a model serves users: that goes on, whatever else is missing.
    """
    _require_folder(site)
    with locked(site.home.runtime / "site.lock"):
        supervisor = Supervisor(site.home.supervisor_socket)
        if supervisor.running():
            running = _require_same(site)
            _start_parts(running, supervisor, say)
            if running != site:
                say(f"{_site_file(site)}: edge has changed; for it to take effect: greenramp restart-router")
            return
        with keep_ports(site, _site_file(site)):
            write_files(site, say)
            with nullcontext() if _serves(site) else _nothing_left_running_on_error(site):
                _launch(site, supervisor)
                _start_parts(site, supervisor, say)


def _start_parts(site: SiteSettings, supervisor: Supervisor, say: Say) -> None:
    """Everything at once, then each in turn until it answers; the worker last, since it needs its server."""
    prefect = PrefectApi(site.prefect_url)
    with locked(slots_lock(site.home)):
        slot = settle_router(site, supervisor, say) or read_active_slot(site.home) or FIRST_SLOT
        envoy = slot_program(slot)
        for name in (envoy, GUARD, COLLECTOR, RECEIVER, MLFLOW, PREFECT):
            supervisor.ensure_started(name)
        _await(supervisor, envoy, site.router_url, lambda: Admin(site.home.slot_admin_socket(slot)).ready())
        say(f"Envoy    {site.router_url}/<service>/invocations")
        ensure_standby(read_settings(site.home) or site, supervisor, slot)
    _await(supervisor, PREFECT, site.prefect_url, prefect.healthy)
    say(f"Prefect  {site.prefect_url}")
    prefect.ensure_pool(WORK_POOL)
    supervisor.ensure_started(WORKER)
    ensure_deployments(site)
    ensure_automations(site.project, prefect)
    _await(supervisor, MLFLOW, site.mlflow_url, lambda: _answers(f"{site.mlflow_url}/health"))
    say(f"MLflow   {site.mlflow_url}")
    _await(supervisor, COLLECTOR, site.outcomes_url, lambda: _answers(f"{site.outcomes_url}/health"))
    say(f"Labels   {site.outcomes_url}/outcomes/<service>")
    _await(supervisor, RECEIVER, site.webhooks_url, lambda: _answers(f"{site.webhooks_url}/health"))
    address = f"{site.webhooks_url}/webhooks/mlflow"
    MlflowRest(site.mlflow_url).ensure_webhook("greenramp", address, EVENTS, webhook_secret(site.home))
    say(f"Webhooks {address}")
    _await(supervisor, WORKER, site.prefect_url, lambda: prefect.worker_online(WORK_POOL))
    say("Worker   takes releases")


def _await(supervisor: Supervisor, name: str, address: str, ready: Callable[[], bool]) -> None:
    """Wait until a part answers; raises Unreachable with its last words when it gave up or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with suppress(Unreachable):
            if ready():
                return
        process = supervisor.group(name)[0]
        if process.state in ("FATAL", "EXITED", "STOPPED", "UNKNOWN") or (
            process.state == "BACKOFF" and name in map(slot_program, SLOTS)  # it is tried for ever
        ):
            raise Unreachable(f"{name} does not start ({process.state}): {last_words(process.log)}")
        if time.monotonic() > deadline:
            raise Unreachable(
                f"{name} does not answer at {address} after {_START_SECONDS} s: {last_words(process.log)}"
            )
        time.sleep(0.1)


def _answers(url: str) -> bool:
    import requests

    try:
        return bool(requests.get(url, timeout=2).ok)
    except requests.RequestException:
        return False


def _require_folder(site: SiteSettings) -> None:
    for needed in (site.project / "prefect.yaml", site.project / "flows", site.configs):
        if not needed.exists():
            raise ConfigError(f"{needed} is not there; run this in the folder that holds prefect.yaml and flows/")
    for path in (site.home.root, site.project):
        if any(mark in str(path) for mark in (" ;", " #", "\n", '"')):  # supervisord reads them as comments
            raise ConfigError(
                f"{path!s}: a site can't live in a folder whose name holds ' ;', ' #', a quote or a line end"
            )


def _require_same(site: SiteSettings) -> SiteSettings:
    """What the running site was started with: all as wanted, but for its edge, which can change while it runs."""
    running = read_settings(site.home) or site
    if replace(running, edge=site.edge) != site:
        raise ConfigError(
            f"the site in {site.home.root} runs with other settings (ports {running.router_port}, "
            f"{running.mlflow_port}, {running.prefect_port}, {running.outcomes_port}, {running.webhooks_port}; "
            f"project {running.project}); "
            "stop it first with: greenramp down"
        )
    return running


def _site_file(site: SiteSettings) -> Path:
    return site.configs / "sites" / f"{site.name}.yaml"


def write_files(site: SiteSettings, say: Say) -> None:
    """Make every file whole that the site's programs read when they start. Raises ConfigError, naming the file."""
    os.umask(0o077)
    for folder in folders(site.home):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (seen := folder.stat()).st_uid != os.getuid():
            raise ConfigError(f"{folder} belongs to another user; set GREENRAMP_HOME to a folder of your own")
        if seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigError(f"{folder} can be written by other users, who could move traffic; chmod go-w {folder}")
    with suppress(Damaged):  # it is written anew; one of a newer version is not
        read_settings(site.home)
    set_aside_damaged(site.home, say)
    ensure_secrets(site.home)
    ensure_since(site.home, time.time())
    site.write()
    forget_takeover(site.home)
    write_slot(site, FIRST_SLOT, site.edge)
    write_text(site.home.supervisor_config, supervisor_file(site))
    Router(site.home).ensure_files()


def _launch(site: SiteSettings, supervisor: Supervisor) -> None:
    for program in programs(site):  # old output would be taken for this start's last words
        program.log.unlink(missing_ok=True)
    started = subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(site.home.supervisor_config)],
        env=environment(site),
        cwd=site.project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if started.returncode:
        raise Unreachable(f"supervisord does not start: {' '.join((started.stderr or started.stdout).split())[-500:]}")
    deadline = time.monotonic() + 20
    while not supervisor.running():
        if time.monotonic() > deadline:
            raise Unreachable(f"supervisord does not answer; its log: {site.home.logs / 'supervisord.log'}")
        time.sleep(0.05)


def _serves(site: SiteSettings) -> bool:
    """Whether users are to be answered, as far as the router's files say; damaged ones may have said so."""
    try:
        return any(route.live for route in Router(site.home).read_all().values())
    except GreenrampError:
        return True


@contextmanager
def _nothing_left_running_on_error(site: SiteSettings) -> Iterator[None]:
    try:
        yield
    except BaseException:
        end_processes(site.home)
        raise
