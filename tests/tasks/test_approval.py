"""A release that stands still for people, before any user meets the candidate; no Prefect server is there."""

import threading
import time
import uuid

import pytest
from prefect.logging import disable_run_logger

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import OrderBook
from greenramp.config import Service
from greenramp.errors import Fenced, Overruled
from greenramp.lifecycle.orders import Order, Word
from greenramp.lifecycle.plan import Candidate, Exposure
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side
from tasks.approval import await_approval, hold

GATE = {"name": "errors", "metric": "errors", "margin": 0.2}
CANDIDATE = Candidate("fraud", "8", "sha256:0", "/nowhere", "")


@pytest.fixture
def owned(site):
    """A site where the release r1 holds the service; called with another owner, that one does."""

    def by(owner):
        route = Route("fraud", Side.BLUE, owner=owner, until=time.time() + 3600)
        write_json(site.home.xds / "rds.json", route_file([route], 1))

    by("r1")
    return by


@pytest.fixture
def give(site, owned):
    """Write an order to the release."""

    def order(word, who="ann", place="25 %"):
        OrderBook(site.home, "r1").add(Order(uuid.uuid4().hex, time.time(), Word(word), who, "why", "a test", place))

    return order


@pytest.fixture
def ask(site, owned):
    """Wait for approval before 25 %."""

    def wait(**approval):
        plan = Service.model_validate({"model": "fraud", "gates": [GATE], "approvals": [{"before": 25, **approval}]})
        with disable_run_logger():
            await_approval.fn(site, "fraud", plan, "r1", Exposure(Side.GREEN), CANDIDATE, plan.approvals[0])

    return wait


def outcomes(site):
    return [line["outcome"] for line in Journal(site.home, "r1").read() if line["event"] == "approval ended"]


def test_an_approved_release_goes_on(ask, give, site):
    give("approve")
    ask()
    assert outcomes(site) == ["approved by ann at 25 %: why"]


def test_the_answer_may_come_while_it_waits(ask, give, site, eventually):
    waiting = threading.Thread(target=ask)
    waiting.start()
    eventually(lambda: Journal(site.home, "r1").read(), "the question is asked")
    assert outcomes(site) == []
    give("approve")
    waiting.join(timeout=30)
    assert outcomes(site) == ["approved by ann at 25 %: why"]


def test_a_rejected_release_goes_back_also_while_it_is_paused(ask, give, site):
    give("pause")
    give("reject")
    with pytest.raises(Overruled, match="rejected by ann at 25 %: why"):
        ask()
    assert outcomes(site) == ["rejected by ann at 25 %: why"]


def test_an_answer_for_another_place_is_none(ask, give, site):
    give("approve", place="50 %")
    with pytest.raises(Overruled, match=r"nobody approved 25 % within 0\.1 s"):
        ask(expires_seconds=0.1)
    assert outcomes(site) == ["expired by the clock at 25 %: after 0.1 s"]


def test_without_an_answer_it_goes_on_where_the_service_says_so(ask):
    ask(expires_seconds=0.1, on_expiry="continue")


def test_an_answer_after_the_time_is_over_comes_too_late(ask, give, site):
    ask(expires_seconds=0.1, on_expiry="continue")
    give("reject")
    ask(expires_seconds=0.1, on_expiry="continue")
    orders = [(line["order"], line["taken"]) for line in Journal(site.home, "r1").read() if line["event"] == "order"]
    assert orders == [("expire", True), ("reject", False)]


def test_no_time_runs_out_while_a_person_holds_the_release(ask, give, site, eventually):
    give("pause")
    waiting = threading.Thread(target=ask, kwargs={"expires_seconds": 0.5, "on_expiry": "continue"})
    waiting.start()
    waiting.join(timeout=1.5)
    assert waiting.is_alive()
    assert outcomes(site) == []
    give("continue")
    waiting.join(timeout=30)
    assert outcomes(site) == ["expired by the clock at 25 %: after 0.5 s"]


def test_an_approved_release_that_is_paused_waits_until_it_is_continued(ask, give, site, eventually):
    give("approve")
    give("pause")
    waiting = threading.Thread(target=ask)
    waiting.start()
    eventually(lambda: len([x for x in Journal(site.home, "r1").read() if x["event"] == "order"]) == 2, "both are read")
    assert outcomes(site) == []
    give("continue")
    waiting.join(timeout=30)
    assert outcomes(site) == ["approved by ann at 25 %: why"]


@pytest.mark.parametrize(("word", "error"), [("abort", Overruled), ("continue", None)])
def test_a_held_release_is_aborted_or_goes_on(word, error, site, give):
    give("pause")
    plan = Service.model_validate({"model": "fraud", "gates": [GATE]})
    failed = []

    def wait():
        try:
            with disable_run_logger():
                hold.fn(site, "fraud", plan, "r1", Exposure(Side.GREEN), "25 %")
        except Overruled as raised:
            failed.append(type(raised))

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join(timeout=0.5)
    assert waiting.is_alive()
    give(word)
    waiting.join(timeout=30)
    assert failed == ([error] if error else [])


def test_a_release_that_was_taken_over_waits_for_nobody(ask, owned):
    owned("r2")
    with pytest.raises(Fenced, match="taken over by r2"):
        ask()
