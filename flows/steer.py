"""Give an order to a running release from Prefect's pages."""

from __future__ import annotations

from typing import Annotated, Literal

from prefect import flow
from prefect.states import Completed, Failed, State
from pydantic import Field

from greenramp.clients.configfiles import read_service
from greenramp.clients.ordering import give, what_became
from greenramp.errors import GreenrampError
from greenramp.lifecycle.orders import Word
from greenramp.site.settings import this_site


@flow(name="steer", flow_run_name="{service}: {order}")
def steer(
    service: str,
    order: Literal["pause", "continue", "advance", "abort", "approve", "reject"],
    name: Annotated[str, Field(min_length=1, pattern=r"\S")],
    note: str = "",
) -> State:
    """Pause, continue, advance or abort the release of a service that is under way, or answer what it asks.

    Args:
        service: The service, as its file in configs/services/ is called.
        order: pause: hold the share; gates go on. continue: end a pause. advance: end the waiting of this step; a gate
            that fails still goes back. abort: put everything back. approve, reject: answer what it waits for.
        name: Who you are; it stands in the release's record.
        note: Why; it stands in the release's record.
    """
    site = this_site()
    try:
        read_service(site.configs, service)
        given = give(site.home, service, Word(order), name, note, "a run of steer in Prefect")
        return Completed(name="Ordered", message=what_became(site.home, given))
    except GreenrampError as error:
        return Failed(name="Refused", message=str(error))
