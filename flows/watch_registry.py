"""See in the registry which releases are asked for, and start them: what webhooks lose, and what they never tell."""

from __future__ import annotations

from prefect import flow
from prefect.states import Completed, Failed, State

from greenramp.errors import GreenrampError
from greenramp.site.settings import this_site
from tasks.wishes import see_wishes


@flow(name="watch-registry", flow_run_name="look")
def watch_registry() -> State:
    """Look once at the aliases, stages and tags of every service's model; the schedule does so each 30 seconds."""
    try:
        looked = see_wishes(this_site())
    except GreenrampError as error:
        return Failed(name="NotLooked", message=str(error))
    if looked.failed:
        return Failed(name="NotLooked", message="; ".join(looked.failed))
    return Completed(name="Started" if looked.begun else "NothingNew", message="; ".join(looked.begun) or None)
