"""A release's page in Prefect: a progress bar and one table, both brought up to date in place; at its end a report.

Nothing here raises: a page that can't be written is no reason to take a good version back, or not to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from prefect.runtime import flow_run

from greenramp.clients.background import Background
from greenramp.clients.orderbook import read_held
from greenramp.home import Home
from greenramp.lifecycle.phases import Phase
from greenramp.reporting.progress import Now, in_one_line, percent_done, percent_of, table_rows

_EVERY_SECONDS = 5.0


def live_page(home: Home, service: str, release: str) -> Background[Now]:
    """While the body of `with` runs, the page shows what `show` was given last; of one that is in no run, nothing.

    It also shows which person holds the release, and what it asks them.
    """
    run, logger = flow_run.id, get_run_logger()

    def write(now: Now) -> None:
        _write(release, run, now, read_held(home, release).sentences(service))

    return Background(write, lambda why: logger.warning("the run's page is not up to date: %s", why), _EVERY_SECONDS)


def show_phase(release: str, phase: Phase, asked: float) -> None:
    """The bar alone: how far the release is."""
    _tried(lambda: _bar(flow_run.id, release, percent_done(phase, asked), f"{release}: {phase.value}"))


def show_end(release: str, phase: Phase, report: str, said: str) -> None:
    """The bar's last words, and the report."""
    run = flow_run.id
    _tried(lambda: _put(run, f"report-{release}", "markdown", report, f"{release}: {phase.value}"))
    _tried(lambda: _bar(run, release, percent_done(phase), f"{release}: {phase.value}. {said}"))


def _write(release: str, run: str | None, now: Now, people: Sequence[str]) -> None:
    line = f"{release}: {'; '.join((*people, in_one_line(now)))}"
    if now.asked:  # before anybody meets the candidate the bar stands where its phase has put it
        _bar(run, release, percent_of(now), line)
    _put(run, f"live-{release}", "table", json.dumps(table_rows(now, people)), line)


def _bar(run: str | None, release: str, percent: float, words: str) -> None:
    _put(run, f"progress-{release}", "progress", round(percent, 1), words)


def _put(run: str | None, key: str, kind: str, data: Any, description: str) -> None:
    """Make the run's artifact of this key hold `data`; there is never a second version of it."""
    if run is None:
        return
    client = get_client(sync_client=True)
    if (known := _known(client, key)) is not None:
        client.update_artifact(known, ArtifactUpdate(data=data, description=description))
        return
    new: Mapping[str, Any] = {"key": key, "type": kind, "data": data, "description": description}
    client.create_artifact(ArtifactCreate(**new, flow_run_id=UUID(str(run))))


def _known(client: SyncPrefectClient, key: str) -> UUID | None:
    wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
    found = client.read_latest_artifacts(artifact_filter=wanted)
    return found[0].latest_id if found else None


def _tried(write: Any) -> None:
    try:
        write()
    except Exception as error:  # noqa: BLE001  (see above)
        logging.getLogger("prefect.greenramp").warning("the run's page is not up to date: %s", error)
