"""The numbers of a step, brought into the release's MLflow run while the step goes on."""

from __future__ import annotations

from prefect import get_run_logger

from greenramp.clients.background import Background
from greenramp.clients.journal import Journal
from greenramp.clients.releaserecord import open_record
from greenramp.reporting.points import points
from greenramp.site.settings import SiteSettings

_EVERY_SECONDS = 30.0


def live_curves(site: SiteSettings, service: str, release: str) -> Background[float]:
    """While the body of `with` runs, what `show` says is new in the journal comes into the record, too.

    What MLflow does not take for now, and the rest at the end, is left to the record of the phase: a look keeps the
    time at which it was made.
    """
    logger = get_run_logger()

    def write(_: float) -> None:
        open_record(site.mlflow_url, service, release, {}).points(points(Journal(site.home, release).read()))

    def tell(why: str) -> None:
        logger.warning("the release's MLflow run is not up to date: %s", why)

    return Background(write, tell, _EVERY_SECONDS, _EVERY_SECONDS, wait_seconds=0, to_the_end=False)
