"""Environments as processes on this machine, under the site's supervisord."""

from __future__ import annotations

import hashlib
import shutil
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from greenramp.clients.atomicfile import locked, read_json, write_json, write_text
from greenramp.clients.envoy.router import Router
from greenramp.clients.evidence_sources import OUTCOMES_TOKEN
from greenramp.clients.formats import UNREADABLE, Damaged, require_known
from greenramp.clients.lastwords import last_words
from greenramp.clients.scoring import Scoring
from greenramp.clients.supervisor import Program, Supervisor
from greenramp.clients.targets import VARIABLE
from greenramp.errors import ProvisionFailed
from greenramp.home import Home
from greenramp.providers.base import EnvironmentOrder, RunningEnvironment
from greenramp.providers.virtualenv import ensure_virtualenv
from greenramp.traffic.split import Side

_HOST = "127.0.0.1"
_PORTS_TRIED = 2000
_FORMAT = 2


@dataclass(frozen=True)
class _Record:
    """What stands on disk about an environment: enough to see whether an order is already fulfilled."""

    version: str
    digest: str
    release: str
    ports: list[int]
    env_manager: str
    logs: list[str]
    format: int = _FORMAT


class LocalProvider:
    """Model processes of one site; their records and supervisord's files lie in its home."""

    def __init__(self, home: Home, first_port: int) -> None:
        self._home = home
        self._first_port = first_port
        self._supervisor = Supervisor(home.supervisor_socket)

    def read(self, service: str, side: Side) -> RunningEnvironment | None:
        """The environment that stands on this side, ready or not; None when there is none."""
        record = self._record(service, side)
        return None if record is None else _as_running(service, side, record)

    def ensure(self, order: EnvironmentOrder) -> RunningEnvironment:
        """Make it stand; it may still be loading."""
        name = _group(order.service, order.side)
        record = self._record(order.service, order.side)
        alive = [p for p in self._supervisor.group(name) if p.alive]
        if record and _fulfils(record, order) and len(alive) == order.settings.replicas:
            record = replace(record, release=order.release)  # whoever ordered it last may stop it
            write_json(self._file(order.service, order.side), asdict(record))
            return _as_running(order.service, order.side, record)
        self.stop(order.service, order.side)
        python = self._python(order)
        with locked(self._home.runtime / "ports.lock"):
            ports = self.free_ports(order.settings.replicas)
            record = _Record(
                order.version, order.digest, order.release, ports, order.settings.env_manager, _logs(order)
            )
            write_json(self._file(order.service, order.side), asdict(record))
        write_text(self._programs_file(name), self.program_file(order, ports, python))
        self._supervisor.ensure_group(name)
        return _as_running(order.service, order.side, record)

    def require_ready(self, environment: RunningEnvironment) -> bool:
        """Whether every process answers; raises ProvisionFailed, with its last words, when one has given up."""
        name = _group(environment.service, environment.side)
        processes = self._supervisor.group(name)
        for process in processes:
            if not process.alive and process.state != "BACKOFF":
                raise ProvisionFailed(
                    f"{environment.service} version {environment.version} does not start: {last_words(process.log)}"
                )
        return len(processes) == len(environment.addresses) and all(
            Scoring(f"http://{host}:{port}").ready() for host, port in environment.addresses
        )

    def processes(self, environment: RunningEnvironment) -> tuple[int, ...]:
        """Ids of its serving processes."""
        group = self._supervisor.group(_group(environment.service, environment.side))
        return tuple(process.pid for process in group if process.alive)

    def revive(self, service: str, side: Side) -> None:
        """Start those of its processes again that were stopped or have given up. Safe to repeat."""
        name = _group(service, side)
        self._supervisor.ensure_group(name)
        for process in self._supervisor.group(name):
            if not process.alive:
                self._supervisor.ensure_started(f"{name}:{process.name}")

    def stop(self, service: str, side: Side) -> None:
        """Let it finish its requests and end it; what is already gone is fine."""
        self._programs_file(_group(service, side)).unlink(missing_ok=True)
        self._supervisor.remove_group(_group(service, side))
        self._file(service, side).unlink(missing_ok=True)

    def _python(self, order: EnvironmentOrder) -> str:
        if order.settings.env_manager == "local":
            return sys.executable
        seconds = order.settings.install_seconds
        return str(ensure_virtualenv(self._home.venvs, Path(order.model_path), seconds))

    def program_file(self, order: EnvironmentOrder, ports: list[int], python: str) -> str:
        """supervisord's file of an environment, as text."""
        name = _group(order.service, order.side)
        names = [f"{name}.{index}" for index in range(len(ports))]
        group = f"[group:{name}]\nprograms={','.join(names)}\n\n"
        code = self._serving_code()
        sections = [
            Program(
                name=program,
                command=[python, "-m", "greenramp.serving", "--model", order.model_path, "--service", order.service]
                + ["--environment", order.side.value, "--model-version", order.version]
                + ["--host", _HOST, "--port", str(port)]
                + ["--log", str(self._home.predictions / f"{program}.jsonl")]
                + ["--drain-seconds", f"{order.settings.drain_seconds:g}", *_logs(order)],
                log=self._home.logs / f"{program}.log",
                environment={
                    "PYTHONPATH": str(code),
                    "PYTHONUNBUFFERED": "1",
                    VARIABLE: "",
                    OUTCOMES_TOKEN: "",
                },  # a model needs no secrets
                restart="unexpected",
                final_exits=(0, 3, 4),  # does not load, port taken: starting it again would not help
                stop_seconds=order.settings.drain_seconds + 5,
            ).section()
            for program, port in zip(names, ports, strict=True)
        ]
        return group + "\n".join(sections)

    def _serving_code(self) -> Path:
        """A copy of the serving code alone: a model's own Python must see nothing else of ours."""
        package = Path(__file__).parent.parent
        files = [package / "__init__.py", *sorted((package / "serving").glob("*.py"))]
        digest = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]
        target = self._home.root / "serving" / digest
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
            for file in files:
                copy = aside / "greenramp" / file.relative_to(package)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            try:
                aside.rename(target)
            except OSError:  # somebody else was faster with the same content
                shutil.rmtree(aside)
        return target

    def free_ports(self, count: int) -> list[int]:
        """Ports that no process listens on, and that neither a record nor the router names."""
        records = (_read_record(path) for path in self._home.environments.glob("*.json"))
        taken = {port for record in records if record for port in record.ports}
        # what the router sends to such a port would reach the wrong version, whatever became of the record
        taken |= {port for upstream in Router(self._home).upstreams() for _, port in upstream.addresses}
        free: list[int] = []
        for port in range(self._first_port, min(self._first_port + _PORTS_TRIED, 65536)):
            if port not in taken and _can_bind(port):
                free.append(port)
            if len(free) == count:
                return free
        raise ProvisionFailed(f"no {count} free ports from {self._first_port} on; set ports.first_environment")

    def _record(self, service: str, side: Side) -> _Record | None:
        return _read_record(self._file(service, side))

    def _file(self, service: str, side: Side) -> Path:
        return self._home.environments / f"{service}.{side.value}.json"

    def _programs_file(self, group: str) -> Path:
        return self._home.programs / f"{group}.conf"


def _read_record(path: Path) -> _Record | None:
    """A record; None when there is none, or a damaged one: then nothing is known of what stands there."""
    try:
        data: dict[str, Any] | None = read_json(path)
        if data is None:
            return None
        require_known(path, data["format"], _FORMAT)
        record = _Record(**{"logs": [], **data})  # format 1 had no logs
        return replace(record, ports=[int(port) for port in record.ports])
    except (*UNREADABLE, Damaged):
        return None


def _group(service: str, side: Side) -> str:
    return f"{service}.{side.value}"


def _fulfils(record: _Record, order: EnvironmentOrder) -> bool:
    return (record.version, record.digest, record.env_manager, record.logs, len(record.ports)) == (
        order.version,
        order.digest,
        order.settings.env_manager,
        _logs(order),
        order.settings.replicas,
    )


def _logs(order: EnvironmentOrder) -> list[str]:
    """What the prediction log keeps of requests, as options of the server."""
    inputs, slices = order.settings.log_inputs, order.slices
    options = ["--log-inputs", "rows"] if inputs or slices.columns else []
    if slices.columns and not inputs:
        options += ["--log-columns", ",".join(slices.columns)]
    return options + (["--log-headers", ",".join(slices.headers)] if slices.headers else [])


def _as_running(service: str, side: Side, record: _Record) -> RunningEnvironment:
    addresses = tuple((_HOST, port) for port in record.ports)
    return RunningEnvironment(service, side, record.version, record.digest, record.release, addresses)


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
