"""Watch one step: look at the gates until each has decided, time is up, or a person ends the waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from prefect import get_run_logger, task

from greenramp.clients.envoy.router import Router
from greenramp.clients.evidence_sources import marks
from greenramp.clients.orderbook import Steering
from greenramp.clients.outside import polled_sources
from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.clients.stepsuites import StepRows, StepSuites
from greenramp.config import Service, Steps
from greenramp.errors import NoEvidence
from greenramp.lifecycle.orders import may_go_on
from greenramp.lifecycle.watched import StepClock, Watched
from greenramp.site.settings import SiteSettings
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome
from tasks.curves import live_curves
from tasks.freeze import Freezes
from tasks.looking import Looks
from tasks.page import live_page
from tasks.policy import ONCE, STEP
from tasks.traffic import require_owner

LOOK_SECONDS = 0.25


@task(**ONCE, task_run_name="mark where the evidence begins")
def take_marks(site: SiteSettings, service: str) -> dict[str, list[int]]:
    """Where the logs end now; all evidence of this release lies behind that."""
    return marks(site.home, service)


@task(**STEP, task_run_name="watch: {where}")
def watch(
    site: SiteSettings,
    service: str,
    plan: Service,
    release: str,
    side: Side,
    since: dict[str, list[int]],
    generation: int,
    where: str,
    steps: Steps,
    percent: float,
) -> Watched:
    """Look until every gate passes (after the step's shortest time), one fails, or the deadline comes.

    A repeated watch goes on from what was kept, or reads all evidence anew from `since` on, and comes to the same
    numbers. Requests that come within `plan.step.settle_seconds` after a change of traffic count for errors alone.
    People or a freeze window may hold the step, which stops its clock; people may end its waiting, which goes over
    unsure gates alone.
    Raises NoEvidence at the deadline, and before it when a source is silent or its numbers stay invalid; Overruled
    when a person aborts; Fenced when the service belongs to somebody else.
    """
    steering, clock = Steering(site.home, release, get_run_logger().warning), StepClock()
    freezes = Freezes(site, service, plan, release)
    with looks_at(site, service, plan, release, side, since, generation, where, percent) as looks:
        while True:
            require_owner(site, service, release)  # a verdict on a service that somebody took over decides nothing
            standing = steering.look()
            held = str(standing.paused or "") or freezes.look()
            seconds = clock.look(time.monotonic(), held=bool(held))
            advanced = standing.advances.get(generation)
            over = partial(
                may_go_on,
                long_enough=seconds >= steps.min_seconds,
                paused=bool(held),
                advanced=advanced is not None,
            )
            decided, verdicts = looks.look(over, held, steps.min_seconds - seconds, steps.deadline_seconds - seconds)
            if decided:
                return Watched(verdicts, where, str(advanced or ""))
            if seconds >= steps.deadline_seconds:
                waiting = "; ".join(str(v) for v in verdicts if v.outcome is not Outcome.PASS)
                raise NoEvidence(f"{where}: not decided after {steps.deadline_seconds:g} s: {waiting}")
            time.sleep(LOOK_SECONDS)


@contextmanager
def looks_at(
    site: SiteSettings,
    service: str,
    plan: Service,
    release: str,
    side: Side,
    since: Mapping[str, Sequence[int]],
    generation: int,
    where: str,
    percent: float,
) -> Iterator[Looks]:
    """The gates of a step, with all that they read opened until the end of the block. For the arguments see watch."""
    suites = StepSuites(plan, StepRows(site.home, service, side, since, generation, where))
    with polled_sources(plan, service, side, _versions(site, service, side)) as others:
        evidence = ReleaseEvidence(site.home, service, plan, release, side, since, generation, others)
        with live_page(site.home, service, release) as page, live_curves(site, service, release) as curves:
            yield Looks(site, service, plan, release, evidence, suites, where, percent, page, curves)


def _versions(site: SiteSettings, service: str, side: Side) -> tuple[int, int]:
    """Which versions the candidate's side and the other one serve; 0 for none."""
    upstreams = (Router(site.home).upstream(service, one) for one in (side, side.other))
    candidate, champion = (int(upstream.version) if upstream else 0 for upstream in upstreams)
    return candidate, champion
