"""The record of a release: one MLflow run in the experiment releases/<service>."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from greenramp.errors import Unreachable
from greenramp.reporting.points import Point

RELEASE_TAG = "greenramp.release"
_UNTIL_TAG = "greenramp.metrics_until"
_MOST_METRICS = 1000
"""MLflow takes no more in one call."""


@dataclass(frozen=True)
class ReleaseRecord:
    """One release's MLflow run."""

    uri: str
    run_id: str
    experiment_id: str

    @property
    def page(self) -> str:
        """Where a person finds it."""
        return f"{self.uri}/#/experiments/{self.experiment_id}/runs/{self.run_id}"

    def tag(self, tags: Mapping[str, str]) -> None:
        """Set tags; the phase and the outcome are tags."""
        with _speaking(self.uri):
            self._client.log_batch(self.run_id, tags=[RunTag(k, v[:5000]) for k, v in tags.items()])

    def params(self, params: Mapping[str, str]) -> None:
        """Fix what does not change any more: the versions, the sides."""
        with _speaking(self.uri):
            self._client.log_batch(self.run_id, params=[Param(k, v[:6000]) for k, v in params.items()])

    def metrics(self, values: Mapping[str, float]) -> None:
        """Add one point in time to each of these metrics."""
        now = int(time.time() * 1000)
        with _speaking(self.uri):
            self._client.log_batch(self.run_id, metrics=[Metric(k, v, now, 0) for k, v in values.items()])

    def points(self, points: Sequence[Point]) -> None:
        """Add those points in time that the record has not got yet. Safe to repeat.

        points: in the order of their times. A tag of the run says until when it has them.
        """
        with _speaking(self.uri):
            until = float(self._client.get_run(self.run_id).data.tags.get(_UNTIL_TAG, "-inf"))
            new = [Metric(p.key, p.value, int(p.ts * 1000), p.step) for p in points if p.ts > until]
            for start in range(0, len(new), _MOST_METRICS):
                self._client.log_batch(self.run_id, metrics=new[start : start + _MOST_METRICS])
            if new:
                self._client.set_tag(self.run_id, _UNTIL_TAG, repr(points[-1].ts))

    def text(self, name: str, text: str) -> None:
        """Write an artifact, replacing the one before."""
        with _speaking(self.uri):
            self._client.log_text(self.run_id, text, name)

    def file(self, name: str, content: bytes) -> None:
        """Write an artifact that is no text, replacing the one before."""
        with _speaking(self.uri), tempfile.TemporaryDirectory(prefix="greenramp-") as folder:
            path = Path(folder, Path(name).name)
            path.write_bytes(content)
            self._client.log_artifact(self.run_id, str(path), _folder_of(name))

    def picture(self, name: str) -> bytes | None:
        """A picture that was written before; None when there is none."""
        with _speaking(self.uri), tempfile.TemporaryDirectory(prefix="greenramp-") as folder:
            if name not in {file.path for file in self._client.list_artifacts(self.run_id, _folder_of(name))}:
                return None
            return Path(self._client.download_artifacts(self.run_id, name, folder)).read_bytes()

    def close(self, well: bool) -> None:
        """End the run: FINISHED for a promoted release, FAILED for one that was taken back."""
        with _speaking(self.uri):
            self._client.set_terminated(self.run_id, "FINISHED" if well else "FAILED")

    @property
    def _client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.uri)


def open_record(uri: str, service: str, release_id: str, tags: Mapping[str, str]) -> ReleaseRecord:
    """The record of a release, opened when there is none yet. Safe to repeat."""
    client = MlflowClient(tracking_uri=uri)
    name = f"releases/{service}"
    with _speaking(uri):
        experiment = client.get_experiment_by_name(name)
        experiment_id = experiment.experiment_id if experiment else client.create_experiment(name)
        known = client.search_runs([experiment_id], f"tags.`{RELEASE_TAG}` = '{release_id}'", max_results=1)
        run = (
            known[0]
            if known
            else client.create_run(experiment_id, run_name=release_id, tags={**tags, RELEASE_TAG: release_id})
        )
    return ReleaseRecord(uri, run.info.run_id, experiment_id)


def close_others(uri: str, service: str, keep: str, reason: str, stays: str | None = None) -> tuple[str, ...]:
    """End the records that are still open though their release is dead; returns their versions. Safe to repeat.

    keep: the release that holds the service now, whose record stays open. stays: a version that had come to all
    traffic for good: its record ends as live, every other as rolled back.
    """
    client = MlflowClient(tracking_uri=uri)
    with _speaking(uri):
        experiment = client.get_experiment_by_name(f"releases/{service}")
        if experiment is None:
            return ()
        still_open = client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
        dead = [run for run in still_open if run.data.tags.get(RELEASE_TAG) != keep]
        for run in dead:
            through = stays is not None and run.data.params.get("candidate") == stays
            client.set_tag(run.info.run_id, "greenramp.phase", "live" if through else "rolled-back")
            client.set_tag(run.info.run_id, "greenramp.reason", reason)
            client.set_terminated(run.info.run_id, "FINISHED" if through else "KILLED")
    return tuple(run.data.params["candidate"] for run in dead if "candidate" in run.data.params)


def _folder_of(name: str) -> str | None:
    return str(Path(name).parent).removesuffix(".") or None


@contextmanager
def _speaking(uri: str) -> Iterator[None]:
    try:
        yield
    except (MlflowException, OSError) as error:
        raise Unreachable(f"MLflow at {uri} does not take the release record: {str(error)[:300]}") from error
