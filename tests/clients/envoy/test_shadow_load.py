"""Copies under load, by the real Envoy and real serving processes: every one is paired, or it is known why not."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from serving_process import ServingProcess, requests_of, save_linear, save_planted
from steady_load import SteadyLoad

from greenramp.clients.envoy.admin import Copies
from greenramp.clients.shadowkept import KeptShadow
from greenramp.clients.shadowlogs import ShadowLogs
from greenramp.config import Service
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.configured import rules_of
from greenramp.traffic.route import copy
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome

pytestmark = pytest.mark.load

RATE = 300
SECONDS = 15
LOOK_SECONDS = 0.5
ROWS = 30
"""So many that a log of 1 MB is rotated every few seconds."""

LAST_LINES_SECONDS = 2.0
LOST_SECONDS = 1.0
"""A process that is killed takes with it what it has not written: of a tenth of a second, more where it is held up."""

PLAN = Service.model_validate({"model": "fraud", "gates": [{"name": "errors", "metric": "errors", "margin": 0.2}]})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Save a model that costs next to nothing."""
    return save_linear(tmp_path_factory.mktemp("linear") / "model")


@pytest.fixture(scope="module")
def slow_model(tmp_path_factory):
    """Save a model that can't answer as many requests as come."""
    return save_planted(tmp_path_factory.mktemp("slow") / "model", sliced=False, ms=200.0)


@pytest.fixture
def models(model, request):
    """Give the models of blue and green; a test names another one for green."""
    return model, request.getfixturevalue(getattr(request, "param", "model"))


@pytest.fixture
def sides(site, models):
    """Serve fraud from one process of each side, whose prediction logs are as small as can be."""
    site.home.predictions.mkdir(parents=True, exist_ok=True)
    logs = [site.home.predictions / f"fraud.{side.value}.0.jsonl" for side in Side]
    small = ["--log-megabytes", "1"]
    servers = [ServingProcess(*one, small) for one in zip(models, ["fraud"] * 2, Side, logs, strict=True)]
    try:
        for side, server in zip(Side, servers, strict=True):
            server.wait()
            site.add("fraud", side, server)
        site.serve("fraud", Side.BLUE)
        site.claim("fraud", lease_seconds=300)
        yield SimpleNamespace(live=servers[0], candidate=servers[1])
    finally:
        for server in servers:
            server.kill()
        for log in site.home.predictions.glob("fraud.*"):
            log.unlink()


@pytest.fixture
def shadowed(site, sides):
    """Copy users' requests for a while and compare, as the shadow step does; something may happen meanwhile."""

    def run(happening=lambda: None, seconds=0.0, rate=RATE):
        logs, comparison = ShadowLogs(site.home, "fraud", Side.BLUE, {}), ShadowComparison(rules_of(PLAN))
        before, kept = site.admin.copies("fraud.green-shadow"), KeptShadow(site.home, "fraud", Side.GREEN, "r1")
        kept.begin()
        site.router.change("fraud", lambda r: copy(r, "r1", time.time(), 100.0, 1024, "shadow"))
        load = SteadyLoad(site.port, "/fraud/invocations", rate, bodies=requests_of(200, ROWS))
        with load, ThreadPoolExecutor(1) as beside:
            until, happens = time.monotonic() + seconds, beside.submit(happening)
            while time.monotonic() < until or not happens.done():
                look(logs, comparison, kept)
                time.sleep(LOOK_SECONDS)
        happens.result()
        site.eventually(lambda: site.admin.active_requests("fraud.green-shadow") == 0, "no copy is open")
        time.sleep(LAST_LINES_SECONDS)
        look(logs, comparison, kept)
        comparison.finish()
        assert (logs.gaps, logs.lost) == (0, 0)
        after = site.admin.copies("fraud.green-shadow")
        copies = Copies(**{name: value - getattr(before, name) for name, value in vars(after).items()})
        return Shadowed(load, copies, comparison)

    return run


class Shadowed:
    """What users saw, what Envoy counted, and what was found in the logs."""

    def __init__(self, load, copies, comparison):
        self.load, self.copies, counts = load, copies, comparison.pairing.counts
        self.pairs, (self.only_live, self.only_candidate) = counts.pairs, counts.alone
        self.verdicts = {verdict.gate: verdict for verdict in comparison.verdicts()}
        self.said = {gate: verdict.outcome for gate, verdict in self.verdicts.items()}
        assert (counts.asked, counts.dropped) == (copies.asked, copies.dropped)
        assert self.requests == copies.answered + copies.failed + copies.dropped
        for read, alone, again in zip(counts.read, counts.alone, counts.duplicates, strict=True):
            assert read == counts.pairs + alone + again

    @property
    def requests(self):
        """How many requests users made, each of which was copied."""
        return len(self.load.sent)


def look(logs, comparison, kept):
    """Take in what is new, and judge."""
    comparison.note(kept.copied())
    news = logs.news()
    comparison.take(news.live, news.candidate, news.features, news.labels)
    comparison.verdicts()


def restart_both_ways(server):
    """Stop a server and start it again, then kill it and start it again."""
    for end in (server.stop, server.kill):
        time.sleep(LOOK_SECONDS)
        end()
        server.launch()
        server.wait()
    time.sleep(LOOK_SECONDS)


def test_every_copy_is_paired_but_those_that_envoy_dropped_through_rotations_of_both_logs(site, shadowed):
    found = shadowed(seconds=SECONDS)
    assert found.load.failed == []
    assert found.copies.failed == 0
    assert (found.pairs, found.only_live, found.only_candidate) == (found.copies.answered, found.copies.dropped, 0)
    assert {path.name for path in site.home.predictions.glob("*.1")} == {f"fraud.{s}.0.jsonl.1" for s in Side}
    assert found.said["shadow/agreement"] is Outcome.PASS


@pytest.mark.parametrize("models", ["slow_model"], indirect=True)
def test_a_candidate_so_slow_that_its_copies_are_dropped_is_found_to_be_slow(shadowed):
    found = shadowed(seconds=SECONDS, rate=RATE / 3)
    assert found.load.failed == []
    assert found.copies.dropped > 300
    assert (found.pairs, found.only_live) == (found.copies.answered, found.copies.dropped)
    assert found.said["shadow/latency"] is Outcome.FAIL
    assert "were dropped, since the candidate had too many open" in found.verdicts["shadow/pairs"].sentence


def test_a_candidate_that_is_stopped_and_killed_costs_no_user_anything_and_no_pair_but_its_own(shadowed, sides):
    found = shadowed(lambda: restart_both_ways(sides.candidate))
    assert found.load.failed == []
    assert found.copies.failed > 0
    assert (found.pairs + found.only_live, found.only_candidate) == (found.requests, 0)
    lost = found.copies.answered - found.pairs  # answered, but killed before the line was written
    assert lost < LOST_SECONDS * RATE


def test_copies_of_requests_that_a_restarted_champion_did_not_answer_are_known_as_such(shadowed, sides):
    found = shadowed(lambda: restart_both_ways(sides.live))
    assert found.copies.failed == 0
    assert found.pairs + found.only_candidate == found.copies.answered
    assert found.only_live <= found.copies.dropped
    lost = found.requests - len(found.load.failed) - found.pairs - found.only_live
    assert lost < LOST_SECONDS * RATE
