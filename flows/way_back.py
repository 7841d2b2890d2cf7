"""From anywhere on a release's way all the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prefect import get_run_logger

from greenramp.clients.stops import forget_stop
from greenramp.errors import Fenced, PutBackFailed
from greenramp.lifecycle.phases import Event, Phase, advance
from greenramp.news import Kind
from tasks.approval import tag_people
from tasks.report import close_release_record
from tasks.rollback import put_back_environment, put_back_registry, put_back_traffic
from tasks.traffic import let_go

if TYPE_CHECKING:
    from flows.way import Way


def go_back(way: Way, error: BaseException) -> None:
    """Traffic, registry, environment, record, in this order; each is tried whatever became of the others."""
    site, service, plan, release_id = way.site, way.service, way.plan, way.release_id
    reason, told_to_end = way.reason(error), not isinstance(error, Exception)
    forget_stop(way.site.home, way.release_id)  # from here on the only way is back
    get_run_logger().error("putting back: %s", reason)
    failures: list[str] = []
    fenced = False
    try:
        put_back_traffic(site, service, release_id, way.before)
    except Fenced:
        fenced = True  # somebody else has taken over: traffic and registry are theirs
    except Exception as failure:  # noqa: BLE001  (the registry is put back all the same)
        failures.append(f"traffic is not confirmed: {failure}")
    steps: list[Callable[[], object]] = []
    if not fenced:
        moved = way.phase in (Phase.SWITCHED, Phase.PROMOTED)
        steps.append(lambda: put_back_registry(site, plan, way.version, way.before, release_id, reason, moved=moved))
    if not failures:  # never stop what may still have traffic
        steps.append(lambda: put_back_environment(site, service, plan, way.before.idle, release_id))
    if way.record is not None:
        ended = advance(way.phase, Event.PUT_BACK)
        steps.append(lambda: tag_people(site, plan, way.version, way.record, release_id))
        steps.append(lambda: close_release_record(site, plan, way.record, release_id, ended, reason))
    failures += each_tried(steps)
    if failures:  # the claim is left standing: the next release or rollback finds it and finishes
        failed = PutBackFailed(
            f"not all is back as it was: {'; '.join(failures)}; once that is cured, finish with: "
            f"greenramp rollback {service} (why it went back: {reason})"
        )
        way.tell(Kind.PUT_BACK_FAILED, str(failed), last=told_to_end)
        raise failed from error
    let_go(site, service, release_id)
    if not fenced:  # else whoever took over tells it
        way.tell(Kind.ROLLED_BACK, reason, last=told_to_end)


def each_tried(steps: Iterable[Callable[[], object]]) -> list[str]:
    """Take every step, whatever becomes of the others; returns what went wrong."""
    failures = []
    for step in steps:
        try:
            step()
        except Exception as failure:  # noqa: BLE001  (the next step must be tried all the same)
            failures.append(str(failure))
    return failures
