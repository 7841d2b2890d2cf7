"""What dead releases left is put right, each minute; does nothing where nothing died."""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.states import Completed, Failed, State

from greenramp.errors import GreenrampError
from greenramp.news import Kind
from greenramp.recovery import Recovery
from greenramp.site.recovery import find_dead
from greenramp.site.recovery import recover as put_right
from greenramp.site.settings import SiteSettings, this_site
from tasks.notify import announce, tell_recovered, tell_what_is_left
from tasks.policy import ONCE


@flow(name="recover", flow_run_name="recover")
def recover() -> State:
    """Find releases whose run is gone, and finish them: forward where only bookkeeping is left, else back."""
    site = this_site()
    tell_what_is_left(site)
    try:
        dead = find_dead(site)
    except GreenrampError as error:
        return Failed(name="NotLooked", message=str(error))
    left = []
    for recovery in dead:
        try:
            recover_service(site, recovery)
        except Exception as error:  # noqa: BLE001  (one service that can't be put right keeps no other)
            left.append(f"{recovery.service}: {error}")
            told = f"{recovery}; that did not succeed: {error}"
            announce(site, Kind.PUT_BACK_FAILED, recovery.service, recovery.owner, told, about="recovery")
    if left:
        return Failed(name="NotRecovered", message="; ".join(left))
    if not dead:
        return Completed(name="NothingToDo", message="no release has died")
    return Completed(name="Recovered", message="; ".join(map(str, dead)))


@task(**ONCE, task_run_name="recover {recovery.service}")
def recover_service(site: SiteSettings, recovery: Recovery) -> None:
    """Put one service right; the next run goes on from where this one stops."""
    put_right(site, recovery, get_run_logger().warning)
    tell_recovered(site, recovery)
