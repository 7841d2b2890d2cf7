"""What dead releases left, and what was changed by hand, is put right or told, each minute; else it does nothing."""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.states import Completed, Failed, State

from greenramp.clients.driftfile import mark_told
from greenramp.errors import GreenrampError
from greenramp.lifecycle.recovery import Recovery, Way
from greenramp.news import Kind
from greenramp.site.drifting import look_for_drift, put_right_all
from greenramp.site.recovery import find_dead
from greenramp.site.recovery import recover as put_right
from greenramp.site.resuming import order_resume
from greenramp.site.settings import SiteSettings, this_site
from tasks.notify import announce, tell_recovered, tell_what_is_left
from tasks.policy import ONCE


@flow(name="recover", flow_run_name="recover")
def recover() -> State:
    """Find releases whose run is gone: let them go on where their service wants that, else finish or take them back."""
    site = this_site()
    tell_what_is_left(site)
    try:
        dead = find_dead(site, resuming=True)
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
    left += tell_drift(site)
    if left:
        return Failed(name="NotRecovered", message="; ".join(left))
    if not dead:
        return Completed(name="NothingToDo", message="no release has died")
    return Completed(name="Recovered", message="; ".join(map(str, dead)))


def tell_drift(site: SiteSettings) -> list[str]:
    """Tell once what somebody changed by hand, and put right what policy says; returns what could not be."""
    try:
        drifts = look_for_drift(site)
    except GreenrampError as error:
        return [str(error)]
    for drift in drifts:
        if not drift.told:
            about = f"{drift.what.value} since {drift.since:.0f}"
            announce(site, Kind.DRIFTED, drift.service, drift.service, drift.sentence, about=about)
    mark_told(site.home, drifts)
    return put_right_all(site, drifts, get_run_logger().warning)


@task(**ONCE, task_run_name="recover {recovery.service}")
def recover_service(site: SiteSettings, recovery: Recovery) -> None:
    """Put one service right; the next run goes on from where this one stops."""
    if recovery.way is Way.RESUME:
        get_run_logger().warning("%s: %s", recovery, order_resume(site, recovery))
        return
    put_right(site, recovery, get_run_logger().warning)
    tell_recovered(site, recovery)
