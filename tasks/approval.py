"""Stand still where people want it: while one holds the release, or until one has approved what comes next."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial

from prefect import get_run_logger, task
from prefect.runtime import flow_run

from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import OrderBook, Steering
from greenramp.clients.prefectapi import PrefectApi
from greenramp.clients.registry import Registry
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.config import Approval, Service
from greenramp.errors import Overruled
from greenramp.lifecycle.orders import Order, Word, may_go_on, people_tags
from greenramp.lifecycle.plan import Candidate, Exposure
from greenramp.lifecycle.watched import StepClock, Watched
from greenramp.reporting.progress import Now
from greenramp.site.settings import SiteSettings
from tasks.approvalform import Answer, form_on_page
from tasks.canary import LOOK_SECONDS, looks_at
from tasks.freeze import Freezes
from tasks.page import live_page
from tasks.policy import STEP, WAY_BACK
from tasks.traffic import require_owner


@task(**STEP, task_run_name="held before: {place}")
def hold(site: SiteSettings, service: str, plan: Service, release: str, exposure: Exposure, place: str) -> None:
    """Wait until no person and no freeze window holds the release; its gates go on judging, and may take it back."""
    steering, freezes = Steering(site.home, release, get_run_logger().warning), Freezes(site, service, plan, release)
    where = f"pause before {place}"
    _judge_while(site, service, plan, release, exposure, where, lambda: _held(steering) or freezes.look())


@task(**STEP, task_run_name="approval: {approval.place}")
def await_approval(
    site: SiteSettings,
    service: str,
    plan: Service,
    release: str,
    exposure: Exposure,
    candidate: Candidate,
    approval: Approval,
) -> None:
    """Wait until somebody approves; the gates go on judging, and one that fails takes the release back.

    The question stands on the run's page and can be answered there or from the command line; the first answer counts.
    Raises Overruled when it is a no, or when there is none in time and the configuration does not say to go on. A
    repeated wait goes on where it was.
    """
    journal, question = Journal(site.home, release), _Question(site, release, exposure, approval)
    text = _asked(service, candidate, exposure, approval, journal)
    get_run_logger().warning(
        "waiting for approval of %s: press Resume on this page, or greenramp approve %s", approval.place, service
    )
    with question.form(text):
        try:
            _judge_while(site, service, plan, release, exposure, f"approval of {approval.place}", question.waits_for)
        finally:
            journal.add("approval ended", place=approval.place, outcome=question.outcome)


@task(**WAY_BACK, timeout_seconds=60, task_run_name="tag what people did")
def tag_people(site: SiteSettings, plan: Service, candidate: Candidate, record: ReleaseRecord, release: str) -> None:
    """Who approved, rejected, paused, advanced or aborted, on the version and on the record. Safe to repeat."""
    if tags := people_tags(Journal(site.home, release).read()):
        Registry(site.mlflow_url).set_tags(plan.model, candidate.version, tags)
        record.tag(tags)


class _Question:
    """One question, from its first look to its answer. outcome: how it came out so far, in words."""

    def __init__(self, site: SiteSettings, release: str, exposure: Exposure, approval: Approval) -> None:
        self._approval, self._generation = approval, exposure.generation
        self._book, self._logger = OrderBook(site.home, release), get_run_logger()
        self._steering = Steering(site.home, release, self._logger.warning)
        self._clock, self._before, self._expired = StepClock(), 0.0, False
        self.outcome = "not answered"
        journal = Journal(site.home, release)
        for line in journal.read():
            if line["event"] == "approval asked" and line["place"] == approval.place:
                self._before = time.time() - float(line["ts"])
                break
        rest = max(0.0, approval.expires_seconds - self._before)
        facts = {"seconds": round(rest, 1), "on_expiry": approval.on_expiry, "page": _page(site)}
        journal.add("approval asked", place=approval.place, **facts)

    def form(self, text: str) -> AbstractContextManager[None]:
        """The question on the run's page."""
        if flow_run.id is None:
            return nullcontext()
        title = f"waits for approval of {self._approval.place}"
        return form_on_page(str(flow_run.id), title, text, self._take, self._logger)

    def waits_for(self) -> str:
        """What has to happen before the release goes on, in words, empty for nothing; raises Overruled on a no."""
        standing, approval = self._steering.look(), self._approval
        seconds = self._before + self._clock.look(time.monotonic(), held=standing.paused is not None)
        answer = standing.answers.get(approval.place)
        if answer is None:
            if seconds >= approval.expires_seconds and not self._expired:
                self._expired = True  # as an order: an answer that came just before it stands first in the file
                self._order(Word.EXPIRE, "the clock", f"after {approval.expires_seconds:g} s", "configuration")
            return f"waiting for approval of {approval.place}"
        self.outcome = str(answer)
        if answer.word is Word.REJECT:
            raise Overruled(str(answer))
        if answer.word is Word.EXPIRE and approval.on_expiry == "back":
            raise Overruled(f"nobody approved {approval.place} within {approval.expires_seconds:g} s")
        return str(standing.paused or "")

    def _take(self, answer: Answer) -> None:
        self._order(Word(answer.decision), answer.name.strip(), answer.note.strip(), "the run's page in Prefect")

    def _order(self, word: Word, who: str, note: str, by: str) -> None:
        order = Order(uuid.uuid4().hex, time.time(), word, who, note, by, self._approval.place, self._generation)
        self._book.add(order)


def _page(site: SiteSettings) -> str:
    """Where a person sees the form; empty outside of a run."""
    return PrefectApi(site.prefect_url).page(str(flow_run.id)) if flow_run.id else ""


def _held(steering: Steering) -> str:
    return str(steering.look().paused or "")


def _judge_while(
    site: SiteSettings,
    service: str,
    plan: Service,
    release: str,
    exposure: Exposure,
    where: str,
    waits_for: Callable[[], str],
) -> None:
    """Look at the gates until nothing is waited for; before anybody meets the candidate there are none to look at."""
    if not exposure.percent:
        with live_page(site.home, service, release) as page:
            shown = ""
            while waiting := waits_for():
                require_owner(site, service, release)
                page.show(Now(where, waiting=waiting), urgent=waiting != shown)
                shown = waiting
                time.sleep(LOOK_SECONDS)
        return
    since, generation, percent = exposure.since, exposure.generation, exposure.percent
    with looks_at(site, service, plan, release, exposure.side, since, generation, where, percent) as looks:
        while True:
            require_owner(site, service, release)
            waiting = waits_for()
            over = partial(may_go_on, long_enough=True, paused=bool(waiting), advanced=True)
            decided, verdicts = looks.look(over, waiting, 0)
            if decided:
                Watched(verdicts, where, "a person").require()
                return
            time.sleep(LOOK_SECONDS)


def _asked(service: str, candidate: Candidate, exposure: Exposure, approval: Approval, journal: Journal) -> str:
    """The question as the page shows it, in Markdown: what is asked, what stands now, what the gates said last."""
    wanted = {"shadow": "get copies of live requests", "promotion": "get all traffic"}
    next_step = wanted.get(approval.place, f"get {approval.place} of the traffic")
    now = f"It has {exposure.percent:g} % now." if exposure.percent else "No user meets it yet."
    lines = [f"May **{candidate}** of **{service}** {next_step}? {now}"]
    verdicts = [line["verdicts"] for line in journal.read() if line["event"] == "verdicts"]
    lines += [f"- {v['gate']} is {v['outcome']}: {v['sentence']}" for v in (verdicts[-1] if verdicts else [])]
    expiry = "everything goes back" if approval.on_expiry == "back" else "it goes on"
    until = datetime.fromtimestamp(time.time() + approval.expires_seconds, UTC)
    lines.append(f"Without an answer until {until:%B %d, %H:%M} UTC {expiry}.")
    return "\n\n".join([lines[0], "\n".join(lines[1:-1]), lines[-1]]) if len(lines) > 2 else "\n\n".join(lines)
