"""Looks at models in MLflow over its REST interface, since MLflow's own client takes seconds to import."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import requests
import tenacity

from greenramp.errors import ConfigError, Unreachable
from greenramp.triggers.signs import Look, Registered

_TIMEOUT = (3.05, 20)  # connect, read, seconds
_NEWEST = 500
"""So many versions of a model are looked at, the newest; nobody asks for older ones."""


class MlflowRest:
    """One MLflow server, at its root address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def look(self, model: str) -> Look:
        """A model's aliases, and its versions with their stages and tags; empty for one that is not registered."""
        began = time.time()
        found = self._call("GET", "registered-models/get", {"name": model}, missing_is_fine=True)
        if found is None:
            return Look(began, {}, ())
        listed = found["registered_model"].get("aliases", [])
        quoted = model.replace("'", "''")
        order = {"filter": f"name='{quoted}'", "max_results": _NEWEST, "order_by": "version_number DESC"}
        versions = (self._call("GET", "model-versions/search", order) or {}).get("model_versions", [])
        return Look(began, {a["alias"]: str(a["version"]) for a in listed}, tuple(map(_registered, versions)))

    def readable(self, model: str, version: str) -> bool:
        """Whether the files of a version can be read, as its MLmodel shows; raises Unreachable for no answer at all."""
        url, wanted = f"{self._url}/model-versions/get-artifact", {"name": model, "version": version, "path": "MLmodel"}
        try:
            return self._session.get(url, params=wanted, timeout=_TIMEOUT).ok
        except requests.RequestException as error:
            raise Unreachable(f"MLflow does not answer at {self._url}: {error}") from error

    def set_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Set a tag on a version."""
        body = {"name": model, "version": version, "key": key, "value": value[:5000]}
        self._call("POST", "model-versions/set-tag", body)

    def forget_model(self, model: str) -> None:
        """Delete a registered model with its versions; what is already gone is fine."""
        self._call("DELETE", "registered-models/delete", {"name": model}, missing_is_fine=True)

    def ensure_webhook(self, name: str, url: str, events: tuple[tuple[str, str], ...], secret: str) -> bool:
        """Have MLflow tell `url` of these events (entity, action); returns whether the webhook is new.

        MLflow does not give the secret back, so it is written every time. A webhook that a person has switched off
        stays off. Safe to repeat.
        """
        wanted = {
            "name": name,
            "description": "Tells Greenramp of aliases, tags and new versions.",
            "url": url,
            "events": [{"entity": entity, "action": action} for entity, action in events],
            "secret": secret,
        }
        listed = (self._call("GET", "webhooks", {"max_results": 100}) or {}).get("webhooks", [])
        mine = [webhook for webhook in listed if webhook["name"] == name]
        for webhook in mine[:1]:
            self._call("PATCH", f"webhooks/{webhook['webhook_id']}", wanted)
        for double in mine[1:]:
            self._call("DELETE", f"webhooks/{double['webhook_id']}", {})
        if not mine:
            self._call("POST", "webhooks", {**wanted, "status": "ACTIVE"})
        return not mine

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(Unreachable),
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_exponential(0.3, max=2),
        reraise=True,
    )
    def _call(self, method: str, path: str, data: Mapping[str, Any], missing_is_fine: bool = False) -> Any:
        sent: dict[str, Any] = {"params": data} if method == "GET" else {"json": data}
        try:
            answer = self._session.request(method, f"{self._url}/api/2.0/mlflow/{path}", timeout=_TIMEOUT, **sent)
        except requests.RequestException as error:
            raise Unreachable(f"MLflow does not answer at {self._url}: {error}") from error
        if answer.status_code == 404 and missing_is_fine:
            return None
        if answer.status_code in (400, 403, 404):
            raise ConfigError(f"MLflow at {self._url} refuses {path}: {answer.text[:300]}")
        if not answer.ok:
            raise Unreachable(f"MLflow at {self._url}: {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None


def _registered(row: Mapping[str, Any]) -> Registered:
    tags = {tag["key"]: tag.get("value", "") for tag in row.get("tags", [])}
    stage = row.get("current_stage", "None")
    return Registered(str(row["version"]), stage, tags, int(row["creation_timestamp"]) / 1000)
