"""Prefect's REST interface: run a deployment, follow a run. Needs no Prefect import, which would take seconds."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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

    def run(self, deployment: str, parameters: Mapping[str, Any], key: str = "", tags: Sequence[str] = ()) -> FlowRun:
        """Ask for a run of `<flow>/<deployment>`; raises ConfigError when there is no such deployment.

        key: orders with the same key are one run, which the second one gets; without it every order is a run.
        """
        order = {
            "parameters": dict(parameters),
            "idempotency_key": key or uuid.uuid4().hex,  # a second try is the same run
            "tags": list(tags),
        }
        made = self._call("POST", f"/deployments/{self.deployment_id(deployment)}/create_flow_run", order)
        return _flow_run(made)

    def deployment_id(self, deployment: str) -> str:
        """The id of `<flow>/<deployment>`; raises ConfigError when there is no such deployment."""
        found = self._call("GET", f"/deployments/name/{deployment}", fine=(404,))
        if found is None:
            raise ConfigError(f"Prefect at {self._url} has no deployment {deployment}; greenramp up makes it")
        return str(found["id"])

    def flow_run(self, run_id: str) -> FlowRun:
        """A run as it stands now."""
        return _flow_run(self._call("GET", f"/flow_runs/{run_id}"))

    def find_flow_run(self, run_id: str) -> FlowRun | None:
        """A run as it stands now, None when the server does not know it (any more)."""
        found = self._call("GET", f"/flow_runs/{run_id}", fine=(404,))
        return None if found is None else _flow_run(found)

    def busy_services(self, flows: Sequence[str], before: datetime, since: datetime) -> frozenset[str]:
        """Services for which a run of one of these flows is due or goes on; it was to start after `since`."""
        due = {"before_": before.isoformat(), "after_": since.isoformat()}
        going = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]
        wanted = {
            "flows": {"name": {"any_": list(flows)}},
            "flow_runs": {"state": {"type": {"any_": going}}, "expected_start_time": due},
            "limit": 200,
        }
        runs = self._call("POST", "/flow_runs/filter", wanted) or []
        return frozenset(str(run["parameters"]["service"]) for run in runs if "service" in run["parameters"])

    def emit(self, event: str, resource: str, payload: Mapping[str, Any], event_id: str) -> None:
        """Tell Prefect's automations that something has happened. event_id: a UUID; an event is heeded once."""
        body = {
            "id": event_id,
            "event": event,
            "occurred": datetime.now(UTC).isoformat(),
            "resource": {"prefect.resource.id": resource},
            "payload": dict(payload),
        }
        self._call("POST", "/events", [body])

    def ensure_automation(self, wanted: Mapping[str, Any]) -> bool:
        """Make an automation, or make the one of its name so; returns whether anything had to change.

        `wanted["description"]` tells two editions apart. One that a person has switched off stays off.
        """
        named = {"automations": {"name": {"any_": [wanted["name"]]}}}
        found = self._call("POST", "/automations/filter", named) or []
        if not found:
            self._call("POST", "/automations/", dict(wanted))
            return True
        if found[0]["description"] == wanted["description"]:
            return False
        self._call("PUT", f"/automations/{found[0]['id']}", {**wanted, "enabled": found[0]["enabled"]})
        return True

    def logs(self, run_id: str, offset: int) -> list[LogLine]:
        """What a run and its tasks logged, from line `offset` on."""
        wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC", "offset": offset, "limit": 200}
        lines = self._call("POST", "/logs/filter", wanted) or []
        return [LogLine(line["timestamp"], line["level"], line["message"]) for line in lines]

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; it puts back what it has changed."""
        self._call("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})

    def secret(self, block: str) -> str:
        """What a Secret block holds; raises ConfigError when there is no such block."""
        path = f"/block_types/slug/secret/block_documents/name/{block}"
        found = self._call("GET", f"{path}?include_secrets=true", fine=(404,))
        if found is None:
            raise ConfigError(f"Prefect at {self._url} has no Secret block {block}")
        value = found["data"].get("value", "")
        return value if isinstance(value, str) else " ".join(map(str, value))

    def page(self, run_id: str) -> str:
        """Where a person sees the run."""
        return f"{self._url}/runs/flow-run/{run_id}"

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(Unreachable),
        stop=lambda tried: tried.attempt_number >= (10 if _is_busy(tried) else 4),
        wait=tenacity.wait_exponential(0.3, max=3),
        reraise=True,
    )  # a busy server on SQLite answers 503, or late, for a while now and then; every call here may be repeated
    def _call(self, method: str, path: str, body: Any = None, fine: tuple[int, ...] = ()) -> Any:
        try:
            answer = self._session.request(method, f"{self._url}/api{path}", json=body, timeout=_TIMEOUT)
        except requests.ReadTimeout as error:
            raise _Busy(f"Prefect at {self._url} took the order and gives no answer: {error}") from error
        except requests.RequestException as error:
            raise Unreachable(f"Prefect does not answer at {self._url}: {error}") from error
        if answer.status_code in fine:
            return None
        if answer.status_code == 422:
            raise ConfigError(f"Prefect at {self._url} refuses {path}: {answer.text[:500]}")
        if not answer.ok:
            raise _Busy(f"Prefect at {self._url}: {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None


class _Busy(Unreachable):
    """It is there, and can't do what is asked just now."""


def _is_busy(tried: tenacity.RetryCallState) -> bool:
    return tried.outcome is not None and isinstance(tried.outcome.exception(), _Busy)


def _flow_run(data: Any) -> FlowRun:
    state = data.get("state") or {}
    return FlowRun(
        id=data["id"],
        name=data.get("name") or "",
        state=state.get("name") or data.get("state_name") or "",
        type=state.get("type") or data.get("state_type") or "",
        message=state.get("message") or "",
    )
