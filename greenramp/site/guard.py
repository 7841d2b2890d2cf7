"""The guard: when a release dies, it writes down what Envoy does already, that all traffic is on the live side.

Users are safe without it, since Envoy itself looks at the lease of every request; the guard keeps the record true.
After a crash of Envoy it lets orders go to the one that stood by. It also puts a damaged or refused file of Envoy's
right before Envoy's next start would read it, and keeps Envoy's request log from filling the disk. It needs neither
MLflow nor Prefect, and little memory.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from contextlib import suppress

from greenramp.clients.envoy.logrotation import ensure_log_bounded
from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.errors import GreenrampError, Unreachable
from greenramp.home import Home
from greenramp.site.heartbeat import beat
from greenramp.site.settings import this_home
from greenramp.site.standbywatch import StandbyWatch
from greenramp.traffic.route import lapse

_LOOK_SECONDS = 0.5

logger = logging.getLogger("greenramp.guard")


def look(home: Home) -> list[str]:
    """Put back the record of every service whose lease has ended; returns their names. Safe to repeat."""
    router, put_back = Router(home), []
    for service, seen in router.read_all().items():
        if lapse(seen, time.time()) == seen:
            continue
        try:
            route = router.change(service, lambda r: lapse(r, time.time()))
        except Unreachable:
            route = router.read(service)  # written; Envoy comes back with it
        if not route.leased:
            put_back.append(service)
            Journal(home, route.owner or service).add("lease ended", service=service, live=route.live, step=route.step)
    return put_back


def mend(home: Home) -> None:
    """Put back what Envoy runs with where a file on disk is another; before its next start, which would read that."""
    with suppress(Unreachable):  # it is being started again
        for wrong in Router(home).mend():
            logger.error("%s", wrong)


def tend_log(home: Home) -> str:
    """Keep the request log bounded; returns what is wrong with it: never a reason not to look at leases."""
    try:
        if ensure_log_bounded(home):
            logger.info("the request log was rotated")
    except (OSError, GreenrampError) as error:
        return f"the request log can't be rotated, the next look tries again: {error}"
    return ""


def tend_envoys(watch: StandbyWatch) -> str:
    """After a crash, speak with the Envoy that has the users; returns what is wrong, never a reason not to look on."""
    try:
        return watch.look()
    except Exception as error:  # noqa: BLE001  (a guard that dies of one thing guards nothing)
        return str(error) or repr(error)


def main() -> None:
    """Look twice a second until told to end."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    ended, home, told = threading.Event(), this_home(), ""
    watch = StandbyWatch(home)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    logger.info("watching %s", home.root)
    while not ended.wait(_LOOK_SECONDS):
        standby = tend_envoys(watch)
        try:
            mend(home)
            for service in look(home):
                logger.warning("%s: the lease has ended; the record says so now", service)
            beat(home)
            wrong = ""
        except Exception as error:  # noqa: BLE001  (Envoy turns it down, a damaged file, a full disk: tried again)
            wrong = str(error) or repr(error)
        wrong = wrong or tend_log(home) or standby
        if wrong and wrong != told:  # said once, not at every look
            logger.error("%s", wrong)
        told = wrong


if __name__ == "__main__":
    main()
