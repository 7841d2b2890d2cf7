"""From the fault to an end: waits for the release, and orders a recovery as the schedule of each minute would."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from greenramp.clients.envoy.router import Router
from greenramp.errors import GreenrampError, NotConfirmed
from greenramp.site.drill.looking import Looking, await_true
from greenramp.site.drill.processes import of_run
from greenramp.site.drill.service import SERVICE
from greenramp.site.programs import environment
from greenramp.site.recovery import find_dead, recover
from greenramp.site.settings import SiteSettings

_PATIENCE_SECONDS = 240.0
_LOOK_SECONDS = 0.2
_PREFECT_SECONDS = 15.0
"""So long Prefect may take to see that a run has ended; of one whose machine is lost it says so after minutes."""


def await_dead(site: SiteSettings) -> None:
    """Wait until the claim on the service has ended without its owner letting go."""

    def dead() -> bool:
        route = Router(site.home).read(SERVICE)
        return bool(route.owner) and not route.held(time.time())

    await_true("the release is dead", dead, 60)


def begin_recovery(site: SiteSettings) -> psutil.Process:
    """`greenramp recover` as a process of its own, so that it can be struck."""
    return psutil.Popen(
        [sys.executable, "-c", "from greenramp.cli.main import main; main()", "recover"],
        env=environment(site),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def await_end(site: SiteSettings, looking: Looking, run: str, say: Callable[[str], None]) -> str:
    """Wait until nobody holds the service and the run has no process; returns what had to be done for it by hand.

    Raises NotConfirmed when that takes too long.
    """
    deadline, hands, told, over = time.monotonic() + _PATIENCE_SECONDS, 0, "", 0.0
    while True:
        route, now = Router(site.home).read(SERVICE), time.time()
        state = looking.run()
        if route.owner or of_run(site.home, run):
            over = 0.0
        elif (state and state.ended) or time.monotonic() > (over := over or time.monotonic()) + _PREFECT_SECONDS:
            return f"greenramp recover, {hands} times" if hands > 1 else "greenramp recover" if hands else "nothing"
        if route.owner and not route.held(now):
            hands, told = _tried(site, hands, told, say)
        if time.monotonic() > deadline:
            who = f"{route.owner} holds it ({route.step})" if route.owner else "nobody holds it"
            known = state.state if state else "not known"
            raise NotConfirmed(
                f"after {_PATIENCE_SECONDS:g} s it is not over: {who}, the run is {known}"
                f"{', it has a process' if of_run(site.home, run) else ''}{f'; {told}' if told else ''}"
            )
        time.sleep(_LOOK_SECONDS)


def _tried(site: SiteSettings, hands: int, told: str, say: Callable[[str], None]) -> tuple[int, str]:
    """One recovery; what is in its way now may be gone at the next one."""
    try:
        return hands + put_right(site, say), ""
    except GreenrampError as error:
        if str(error) != told:
            say(f"not put right yet: {error}")
        return hands, str(error)


def put_right(site: SiteSettings, say: Callable[[str], None]) -> int:
    """One recovery of the drill's service, if it needs one; returns how many there were."""
    dead = [one for one in find_dead(site) if one.service == SERVICE]
    for one in dead:
        recover(site, one, say)
    return len(dead)


def end_recovery(process: psutil.Process | None) -> None:
    """See the recovery's process end."""
    if process is None:
        return
    with suppress(psutil.Error):
        process.wait(timeout=120)
