"""Where a site keeps its state: path arithmetic only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_SOCKET_PATH_LIMIT = 90
"""Unix sockets allow 107 bytes; supervisord appends a suffix of its own while it starts."""


@dataclass(frozen=True)
class Home:
    """The folder of one site; everything the site writes lies below it, but for sockets when it is too deep."""

    root: Path

    @property
    def site_file(self) -> Path:
        """What `greenramp up` fixed: ports, folders of flows and configuration."""
        return self.root / "site.json"

    @property
    def xds(self) -> Path:
        """Envoy's watched folder: routes and clusters."""
        return self.root / "envoy" / "xds"

    @property
    def bootstrap(self) -> Path:
        """Envoy's static configuration."""
        return self.root / "envoy" / "bootstrap.json"

    def slot_bootstrap(self, slot: str) -> Path:
        """The same for the Envoy in one of the two slots; it stays as that Envoy was started with."""
        return self.bootstrap.with_name(f"bootstrap-{slot}.json")

    @property
    def logs(self) -> Path:
        """Output of the site's own processes."""
        return self.root / "logs"

    @property
    def request_log(self) -> Path:
        """One JSON line per request the router answered."""
        return self.root / "requests" / "requests.jsonl"

    @property
    def predictions(self) -> Path:
        """Prediction logs, one file per serving process."""
        return self.root / "predictions"

    @property
    def outcomes(self) -> Path:
        """Labels that arrived, one file per service."""
        return self.root / "outcomes"

    @property
    def journals(self) -> Path:
        """What happened in each release, one file per release, written as it happens."""
        return self.root / "releases"

    @property
    def outbox(self) -> Path:
        """What people are to be told of releases, and which of it they have been."""
        return self.journals / "outbox"

    def kept_evidence(self, release: str) -> Path:
        """What a release's watch has counted so far, to go on from."""
        return self.journals / f"{release}.evidence.json"

    def kept_stop(self, release: str) -> Path:
        """Where a release can go on when its run has stopped."""
        return self.journals / f"{release}.stop.json"

    def living(self, release: str) -> Path:
        """A lock that the process of a release holds as long as it lives."""
        return self.runtime / "living" / f"{release}.lock"

    def orders(self, release: str) -> Path:
        """What people ordered a release to do."""
        return self.journals / f"{release}.orders.jsonl"

    @property
    def drift(self) -> Path:
        """What the last look found changed by hand."""
        return self.root / "drift.json"

    @property
    def wishes(self) -> Path:
        """What was asked for, one file per service, and the webhooks that have been taken."""
        return self.root / "wishes"

    @property
    def secrets(self) -> Path:
        """Keys that this site's own programs share; for their owner alone."""
        return self.root / "secrets"

    @property
    def programs(self) -> Path:
        """supervisord's programs: one file per environment."""
        return self.root / "supervisor" / "programs"

    @property
    def supervisor_config(self) -> Path:
        """supervisord's main file."""
        return self.root / "supervisor" / "supervisord.conf"

    @property
    def environments(self) -> Path:
        """One record per environment: version, digest, addresses."""
        return self.root / "environments"

    @property
    def models(self) -> Path:
        """Fixed copies of the model versions that serve."""
        return self.root / "models"

    @property
    def venvs(self) -> Path:
        """Virtual environments built from models' requirements."""
        return self.root / "venvs"

    @property
    def mlflow(self) -> Path:
        """The embedded MLflow server's database and artifacts."""
        return self.root / "mlflow"

    @property
    def prefect(self) -> Path:
        """The embedded Prefect server's folder."""
        return self.root / "prefect"

    @property
    def runtime(self) -> Path:
        """Sockets, locks and process ids; elsewhere when the path would be too long for a socket."""
        near = self.root / "run"
        if len(str(near / "supervisor.sock")) <= _SOCKET_PATH_LIMIT:
            return near
        name = hashlib.sha256(str(self.root).encode()).hexdigest()[:16]
        return Path("/tmp") / f"greenramp-{name}"  # noqa: S108  (start makes sure that it is ours alone)

    @property
    def supervisor_socket(self) -> Path:
        """supervisord's control socket."""
        return self.runtime / "supervisor.sock"

    @property
    def supervisor_pid(self) -> Path:
        """supervisord's process id."""
        return self.runtime / "supervisord.pid"

    @property
    def admin_socket(self) -> Path:
        """Envoy's admin socket; a link to that of the active slot."""
        return self.runtime / "envoy-admin.sock"

    def slot_admin_sockets(self) -> tuple[Path, ...]:
        """Those of both slots, whether an Envoy runs there or not."""
        return tuple(self.slot_admin_socket(slot) for slot in ("a", "b"))

    def slot_admin_socket(self, slot: str) -> Path:
        """Admin socket of the Envoy in one of the two slots."""
        return self.runtime / f"envoy-{slot}.sock"
