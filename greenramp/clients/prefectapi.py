"""Prefect's REST interface: run a deployment, follow a run. Needs no Prefect import, which would take seconds."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import tenacity

from greenramp.errors import ConfigError, Unreachable

_TIMEOUT = (3.05, 30)  # connect, read, seconds; on SQLite the server may hold a call while another one writes


@dataclass(frozen=True)
class FlowRun:
    """A flow run as the server knows it. state: its name (Running, RolledBack, ...), type its kind."""

    id: str
    name: str
    state: str
    type: str
    message: str

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.type in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class LogLine:
    """One line a run logged. level: as in logging."""

    time: str
    level: int
    text: str


class PrefectApi:
    """One Prefect server, at its root address (http://host:port)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def healthy(self) -> bool:
        """Whether the server answers."""
        try:
            return bool(self._session.get(f"{self._url}/api/health", timeout=2).status_code == 200)
        except requests.RequestException:
            return False

    def ensure_pool(self, name: str) -> None:
        """Make a work pool of type process. Safe to repeat."""
        if self._call("GET", f"/work_pools/{name}", fine=(404,)) is None:
            self._call("POST", "/work_pools/", {"name": name, "type": "process"}, fine=(409,))

    def worker_online(self, pool: str) -> bool:
        """Whether a worker of the pool has reported lately."""
        workers = self._call("POST", f"/work_pools/{pool}/workers/filter", {}) or []
        return any(w.get("status") == "ONLINE" for w in workers)

    def run(self, deployment: str, parameters: Mapping[str, Any]) -> FlowRun:
        """Ask for a run of `<flow>/<deployment>`; raises ConfigError when there is no such deployment."""
        found = self._call("GET", f"/deployments/name/{deployment}", fine=(404,))
        if found is None:
            raise ConfigError(f"Prefect at {self._url} has no deployment {deployment}; greenramp up makes it")
        order = {"parameters": dict(parameters), "idempotency_key": uuid.uuid4().hex}  # a second try is the same run
        made = self._call("POST", f"/deployments/{found['id']}/create_flow_run", order)
        return _flow_run(made)

    def flow_run(self, run_id: str) -> FlowRun:
        """A run as it stands now."""
        return _flow_run(self._call("GET", f"/flow_runs/{run_id}"))

    def logs(self, run_id: str, offset: int) -> list[LogLine]:
        """What a run and its tasks logged, from line `offset` on."""
        wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC", "offset": offset, "limit": 200}
        lines = self._call("POST", "/logs/filter", wanted) or []
        return [LogLine(line["timestamp"], line["level"], line["message"]) for line in lines]

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; it puts back what it has changed."""
        self._call("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})

    def page(self, run_id: str) -> str:
        """Where a person sees the run."""
        return f"{self._url}/runs/flow-run/{run_id}"

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(Unreachable),
        stop=tenacity.stop_after_attempt(4),
        wait=tenacity.wait_exponential(0.3, max=3),
        reraise=True,
    )  # a busy server on SQLite answers 503 now and then; every call here may be repeated
    def _call(self, method: str, path: str, body: Any = None, fine: tuple[int, ...] = ()) -> Any:
        try:
            answer = self._session.request(method, f"{self._url}/api{path}", json=body, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise Unreachable(f"Prefect does not answer at {self._url}: {error}") from error
        if answer.status_code in fine:
            return None
        if answer.status_code == 422:
            raise ConfigError(f"Prefect at {self._url} refuses {path}: {answer.text[:500]}")
        if not answer.ok:
            raise Unreachable(f"Prefect at {self._url}: {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None


def _flow_run(data: Any) -> FlowRun:
    state = data.get("state") or {}
    return FlowRun(
        id=data["id"],
        name=data.get("name") or "",
        state=state.get("name") or data.get("state_name") or "",
        type=state.get("type") or data.get("state_type") or "",
        message=state.get("message") or "",
    )
