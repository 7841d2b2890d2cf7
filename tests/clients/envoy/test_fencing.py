"""A writer that was stopped too long is refused, and of two that come at once one wins; all are processes."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from greenramp.site.guard import look
from greenramp.traffic.route import leave, take_back

ROUNDS = 20
USERS = [f"user-{n}" for n in range(40)]

BEGINNING = """
import sys, time
from pathlib import Path
from greenramp.clients.envoy.router import Router
from greenramp.errors import GreenrampError
from greenramp.home import Home
from greenramp.traffic.route import claim, shift

router = Router(Home(Path(sys.argv[1])))

def say(text):
    print(text, flush=True)

def attempt(change):
    try:
        return router.change("fraud", change).percent
    except GreenrampError as error:
        return f"{type(error).__name__}: {error}"
"""

SHARER = """
lease_seconds = float(sys.argv[2])
router.change("fraud", lambda r: claim(r, "r1", time.time(), lease_seconds))
say(attempt(lambda r: shift(r, "r1", time.time(), 5.0, "canary 5 %")))
sys.stdin.readline()
say(attempt(lambda r: shift(r, "r1", time.time(), 100.0, "canary 100 %")))
"""

SLOW_SHARER = """
def decide(route):
    want = shift(route, "slow", time.time(), 100.0, "canary 100 %")
    say("decided")
    sys.stdin.readline()
    return want

lease_seconds = float(sys.argv[2])
router.change("fraud", lambda r: claim(r, "slow", time.time(), lease_seconds))
say(attempt(decide))
"""

CLAIMER = """
say("ready")
for line in sys.stdin:
    say(attempt(lambda r: claim(r, line.strip(), time.time(), 60)))
"""


@contextlib.contextmanager
def running(script, site, *arguments) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-c", BEGINNING + script, str(site.home.root), *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def tell(process, text=""):
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def heard(process):
    return process.stdout.readline().strip()


def stop(process, site):
    process.send_signal(signal.SIGSTOP)
    site.eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, "the writer is stopped")
    tell(process)


def stop_past_its_lease(process, site):
    stop(process, site)
    site.eventually(lambda: not site.router.read("fraud").held(time.time()), "the lease has ended")


def test_a_writer_that_is_stopped_for_less_than_its_lease_goes_on(site, green):
    with running(SHARER, site, 60) as writer:
        assert heard(writer) == "5.0"
        stop(writer, site)
        assert site.router.read("fraud").percent == 5.0
        writer.send_signal(signal.SIGCONT)
        assert heard(writer) == "100.0"


def test_a_writer_that_is_stopped_past_its_lease_is_refused_though_nobody_has_come(site, green):
    with running(SHARER, site, 1.0) as writer:
        assert heard(writer) == "5.0"
        stop_past_its_lease(writer, site)
        before = site.router.read("fraud")
        writer.send_signal(signal.SIGCONT)
        assert heard(writer).startswith("Fenced: fraud: the lease of r1 ended ")
    assert site.router.read("fraud") == before
    assert set(site.who_answers("fraud", USERS).values()) == {"blue"}


@pytest.mark.parametrize(
    ("come", "owner"),
    [
        pytest.param(lambda site: site.claim("fraud", "r2"), "r2", id="the next release"),
        pytest.param(
            lambda site: site.router.change("fraud", lambda r: take_back(r, "rollback", time.time(), 60)),
            "rollback",
            id="a person",
        ),
    ],
)
def test_a_writer_that_is_stopped_past_its_lease_is_refused_when_somebody_else_has_come(site, green, come, owner):
    with running(SHARER, site, 1.0) as writer:
        assert heard(writer) == "5.0"
        stop_past_its_lease(writer, site)
        come(site)
        before = site.router.read("fraud")
        writer.send_signal(signal.SIGCONT)
        assert heard(writer) == f"Fenced: fraud belongs to {owner} now, not to r1"
    assert site.router.read("fraud") == before
    assert (before.owner, before.percent) == (owner, 0.0)
    assert set(site.who_answers("fraud", USERS).values()) == {"blue"}


def test_a_share_decided_in_time_but_written_too_late_gets_no_traffic(site, green):
    with running(SLOW_SHARER, site, 1.0) as writer:
        assert heard(writer) == "decided"
        stop_past_its_lease(writer, site)
        writer.send_signal(signal.SIGCONT)
        assert heard(writer) == "100.0"
    assert set(site.who_answers("fraud", USERS).values()) == {"blue"}
    assert look(site.home) == ["fraud"]
    assert site.router.read("fraud").percent == 0.0


def test_a_writer_stopped_in_the_middle_of_a_change_holds_nobody_up_and_writes_nothing_later(site, green, monkeypatch):
    monkeypatch.setattr("greenramp.clients.envoy.router.PATIENCE_SECONDS", 0.5)
    with running(SLOW_SHARER, site, 60) as writer:
        assert heard(writer) == "decided"
        stop(writer, site)
        site.router.change("fraud", lambda r: take_back(r, "rollback", time.time(), 60))
        before = site.router.read("fraud")
        writer.send_signal(signal.SIGCONT)
        assert heard(writer).startswith("NotConfirmed: this writer stood still for so long that another one took ")
    assert site.router.read("fraud") == before
    assert (before.owner, before.percent) == ("rollback", 0.0)
    assert site.router.change("fraud", lambda r: leave(r, "rollback")).owner == ""


def test_of_two_that_claim_at_once_exactly_one_wins_every_time(site, blue):
    with running(CLAIMER, site) as one, running(CLAIMER, site) as two:
        assert (heard(one), heard(two)) == ("ready", "ready")
        for number in range(ROUNDS):
            names = {one: f"one-{number}", two: f"two-{number}"}
            for process in (one, two) if number % 2 else (two, one):
                tell(process, names[process])
            said = {names[process]: heard(process) for process in (one, two)}
            won = [name for name, text in said.items() if text == "0.0"]
            refused = [text for text in said.values() if text.startswith("ReleaseUnderWay: fraud: release ")]
            assert (len(won), len(refused)) == (1, 1), said
            assert site.router.read("fraud").owner == won[0]
            assert refused[0].startswith(f"ReleaseUnderWay: fraud: release {won[0]} is under way")
            site.router.change("fraud", lambda r, owner=won[0]: leave(r, owner))
