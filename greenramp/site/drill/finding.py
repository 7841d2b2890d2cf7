"""What is found when a drill has ended: in the users' answers, in the record, in the registry, among the processes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from greenramp.clients.envoy.router import Router
from greenramp.clients.registrylook import MlflowRest
from greenramp.drill.expectation import expectation
from greenramp.drill.faults import Fault
from greenramp.drill.places import Place
from greenramp.drill.verdict import Outcome, failed_since, safe_seconds
from greenramp.errors import GreenrampError, NotConfirmed
from greenramp.site.drill.ground import Ground
from greenramp.site.drill.looking import Looking, await_true
from greenramp.site.drill.planting import Planted
from greenramp.site.drill.processes import left_over
from greenramp.site.drill.service import SERVICE
from greenramp.site.drill.users import Seen

_ANSWERS_SECONDS = 60.0
_GONE_SECONDS = 20.0
_LAST_EVENTS = 4


@dataclass(frozen=True)
class Course:
    """How a drill went. run: the release's flow run. hand, message: as in Outcome."""

    fault: Fault
    at: Place | None
    before: str
    candidate: str
    run: str
    seen: Seen
    seconds: float
    planted: Planted | None
    hand: str
    message: str


def find(ground: Ground, looking: Looking, course: Course) -> Outcome:
    """Look at everything once more; processes that are about to end get some seconds for it."""
    site, seen, lines = ground.site, course.seen, looking.lines()
    mlflow, route, live = MlflowRest(site.mlflow_url), Router(site.home).read(SERVICE), ground.live()
    message, registered, state = course.message, None, looking.run()
    try:
        await_true("MLflow answers", lambda: bool(mlflow.look(SERVICE).versions), _ANSWERS_SECONDS)
        registered = mlflow.look(SERVICE)
    except GreenrampError as error:
        message = message or str(error)
    with suppress(NotConfirmed):
        await_true("all is tidy", lambda: not left_over(site.home, course.run, route.live), _GONE_SECONDS)
    failures = seen.failures
    if expectation(course.fault, course.at).outage and course.planted:
        failures = failed_since(course.planted.at, seen.answers, failures)
    raised = next((float(line["ts"]) for line in lines if line["event"] == "share raised"), None)
    struck = course.planted.at if course.planted else raised if course.fault.in_model else None
    gone = course.candidate if live == course.before else None
    return Outcome(
        fault=course.fault,
        at=course.at,
        before=course.before,
        candidate=course.candidate,
        live=live,
        owner=route.owner,
        champion=registered.aliases.get("champion") if registered else None,
        production=tuple(
            version.version for version in (registered.versions if registered else ()) if version.stage == "Production"
        ),
        requests=seen.requests,
        failed=len(failures),
        failures=tuple(words for _, words in failures[:3]),
        orphans=left_over(site.home, course.run, route.live),
        safe_seconds=None if struck is None else safe_seconds(struck, gone, seen.answers, seen.failures),
        seconds=course.seconds,
        run=state.state if state else "not known",
        journal=tuple(str(line["event"]) for line in lines[-_LAST_EVENTS:]),
        hand=course.hand,
        fresh=None,
        message=message,
    )
