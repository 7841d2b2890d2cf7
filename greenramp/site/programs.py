"""The site's own programs, as supervisord runs them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from greenramp.clients.supervisor import Program
from greenramp.home import Home
from greenramp.site.keys import WEBHOOK_VARIABLE, encryption_key
from greenramp.site.settings import HOME_VARIABLE, SiteSettings
from greenramp.site.slots import FIRST_SLOT, SLOTS, slot_program

WORK_POOL = "greenramp"
GUARD, COLLECTOR, RECEIVER, MLFLOW = "guard", "collector", "receiver", "mlflow"
PREFECT, WORKER = "prefect-server", "prefect-worker"


def programs(site: SiteSettings) -> tuple[Program, ...]:
    """Envoy's two slots, the guard, the collector of labels, the receiver of webhooks, MLflow, Prefect, its worker."""
    return (
        *(_envoy(site, slot) for slot in SLOTS),
        _guard(site),
        _collector(site),
        _receiver(site),
        _mlflow(site),
        _prefect_server(site),
        _prefect_worker(site),
    )


def supervisor_file(site: SiteSettings) -> str:
    """supervisord's main configuration file."""
    home = site.home
    parts = [
        f"[unix_http_server]\nfile={_plain(home.supervisor_socket)}\nchmod=0600\n",
        "[supervisord]",
        f"logfile={_plain(home.logs / 'supervisord.log')}",
        "logfile_maxbytes=10MB\nlogfile_backups=2\nloglevel=info",
        f"pidfile={_plain(home.supervisor_pid)}",
        f"directory={_plain(site.project)}",
        "umask=077",  # supervisord's own is 022, and what programs write is for their owner alone
        "minfds=4096\n",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n",
        *[program.section() for program in programs(site)],
        f"[include]\nfiles = {_plain(home.programs / '*.conf')}\n",
    ]
    return "\n".join(parts)


def environment(site: SiteSettings) -> dict[str, str]:
    """Environment of everything the site starts; what the caller's shell says of other servers is left out."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "SUPERVISOR_"))}
    for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", WEBHOOK_VARIABLE):
        kept.pop(name, None)
    return {**kept, **client_environment(site), "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}"}


def client_environment(site: SiteSettings) -> Mapping[str, str]:
    """What MLflow's and Prefect's clients need to speak with this site, and with no other."""
    return {
        HOME_VARIABLE: str(site.home.root),
        "PREFECT_HOME": str(site.home.prefect),
        "PREFECT_API_URL": f"{site.prefect_url}/api",
        "PREFECT_UI_URL": site.prefect_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # deployments/automations/zombies.yaml counts on it
        "DO_NOT_TRACK": "1",
        "MLFLOW_TRACKING_URI": site.mlflow_url,
        "MLFLOW_REGISTRY_URI": site.mlflow_url,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # tasks retry, and say so; MLflow's own retries wait in silence
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "GX_ANALYTICS_ENABLED": "false",
    }


def _envoy(site: SiteSettings, slot: str) -> Program:
    return Program(
        name=slot_program(slot),
        command=[sys.executable, "-m", "greenramp.site.edge", slot],
        log=site.home.logs / "envoy.log",  # of both
        start_retries=1_000_000,  # less and less often: without Envoy nobody is answered
        autostart=slot == FIRST_SLOT,  # the other stands by, and begins once this one listens
    )


def _guard(site: SiteSettings) -> Program:
    return Program(name=GUARD, command=[sys.executable, "-m", "greenramp.site.guard"], log=site.home.logs / "guard.log")


def _collector(site: SiteSettings) -> Program:
    return Program(
        name=COLLECTOR,
        command=[sys.executable, "-m", "greenramp.site.collector", str(site.outcomes_port)],
        log=site.home.logs / "collector.log",
        autostart=False,
    )


def _receiver(site: SiteSettings) -> Program:
    return Program(
        name=RECEIVER,
        command=[sys.executable, "-m", "greenramp.site.receiver", str(site.webhooks_port)],
        log=site.home.logs / "receiver.log",
        start_retries=1_000_000,  # less and less often; until it is back, looks at the registry find what it misses
        autostart=False,
    )


def _mlflow(site: SiteSettings) -> Program:
    folder = site.home.mlflow
    return Program(
        name=MLFLOW,
        command=[sys.executable, "-m", "greenramp.site.successor", _script("mlflow"), "server"]
        + [
            "--backend-store-uri",
            f"sqlite:///{folder / 'mlflow.db'}",
            "--artifacts-destination",
            str(folder / "artifacts"),
        ]
        + ["--host", "127.0.0.1", "--port", str(site.mlflow_port), "--workers", "1"],
        log=site.home.logs / "mlflow.log",
        environment={
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # of evaluations, which nothing here asks for
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
            "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",  # the receiver is on loopback
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": encryption_key(site.home),
            "MLFLOW_WEBHOOK_CACHE_TTL": "5",  # seconds; a new webhook is heeded by then, not after a minute
        },
        autostart=False,
    )


def _prefect_server(site: SiteSettings) -> Program:
    return Program(
        name=PREFECT,
        command=[_script("prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(site.prefect_port)],
        log=site.home.logs / "prefect-server.log",
        autostart=False,
    )


def _prefect_worker(site: SiteSettings) -> Program:
    return Program(
        name=WORKER,
        command=[_script("prefect"), "worker", "start", "--pool", WORK_POOL, "--type", "process", "--name", "local"],
        log=site.home.logs / "prefect-worker.log",
        folder=site.project,
        stop_seconds=45,
        autostart=False,
    )


def _script(name: str) -> str:
    """A program of the Python environment that Greenramp is installed in."""
    return str(Path(sys.executable).parent / name)


def _plain(path: Path) -> str:
    return str(path).replace("%", "%%")


def folders(home: Home) -> tuple[Path, ...]:
    """Folders that must be there before anything starts."""
    return (
        home.root,
        home.runtime,
        home.logs,
        home.xds,
        home.programs,
        home.request_log.parent,
        home.predictions,
        home.outcomes,
        home.environments,
        home.mlflow,
        home.prefect,
    )
