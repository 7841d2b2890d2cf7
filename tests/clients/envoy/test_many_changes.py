"""No request is lost while traffic changes again and again, by the real Envoy under load."""

import contextlib
import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from greenramp.clients.envoy.clusters import cluster_name
from greenramp.route import leave, settle, shift, switch
from greenramp.split import Side

CHANGES = 300
ROUNDS = 20
CLIENTS = 4
PAUSE_SECONDS = 0.002
"""Between two requests of a client; without it the clients would keep the one who changes traffic waiting."""


class Load:
    """Clients that ask again and again, each over one connection that is kept."""

    def __init__(self, site) -> None:
        self.answered: Counter[str] = Counter()
        self.lost: list[str] = []
        self._site = site
        self._ended = threading.Event()

    def ask(self, client: int) -> None:
        """Ask until told to end; write down who answered, and what did not go as it should."""
        with self._site.connected() as ask:
            for number in itertools.count():
                if self._ended.wait(PAUSE_SECONDS):
                    return
                try:
                    answer = ask("/fraud/invocations", f"user-{client}-{number % 500}", "POST", "payload")
                except (OSError, http.client.HTTPException) as error:
                    self.lost.append(repr(error))
                    continue
                self.answered[answer.name] += 1
                if answer.status != 200:
                    self.lost.append(f"{answer.status} {answer.text}")
                if answer.headers.get("connection", "") == "close":
                    self.lost.append("the connection was closed")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Keep asking while the body runs."""
        threads = [threading.Thread(target=self.ask, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join(60)


@pytest.fixture
def load(site):
    return Load(site)


def drained(site, side):
    """Whether no request is open on a side, three looks in a row."""
    names = [cluster_name("fraud", side, role) for role in ("live", "candidate")]
    return all(sum(map(site.admin.active_requests, names)) == 0 for _ in range(3))


def test_hundreds_of_changes_of_the_split_lose_no_request(site, green, load):
    site.claim("fraud", lease_seconds=300)
    with load.running():
        for percent in itertools.islice(itertools.cycle([5.0, 25.0, 50.0, 100.0, 0.0]), CHANGES):
            step = f"canary {percent:g} %"
            site.router.change("fraud", lambda r, p=percent, s=step: shift(r, "r1", time.time(), p, s))
    assert load.lost == []
    assert set(load.answered) == {"blue", "green"}
    assert load.answered.total() > CHANGES
    assert site.router.read("fraud").percent == 0.0


def test_release_after_release_loses_no_request_though_each_old_version_dies(site, blue, load, new_server):
    change, old, live = site.router.change, blue, Side.BLUE
    with load.running():
        for number in range(ROUNDS):
            owner, new = f"release-{number}", new_server(f"version-{number}")
            site.claim("fraud", owner)
            site.add("fraud", live.other, new)
            change("fraud", lambda r, o=owner: shift(r, o, time.time(), 50.0, "canary 50 %"))
            change("fraud", lambda r, o=owner, to=live.other: switch(r, o, time.time(), to, "switched"))
            site.eventually(lambda name=new.name: load.answered[name], "the new version answers")
            change("fraud", lambda r, o=owner: settle(r, o))
            change("fraud", lambda r, o=owner: leave(r, o))
            site.eventually(lambda side=live: drained(site, side), "nobody waits for the old version")
            site.router.remove_upstream("fraud", live)
            old.die()
            old, live = new, live.other
    assert load.lost == []
    assert set(load.answered) == {"blue", *(f"version-{number}" for number in range(ROUNDS))}
    assert site.router.upstreams() == (site.router.upstream("fraud", live),)
