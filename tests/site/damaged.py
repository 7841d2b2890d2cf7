"""A site's files of state as they lie on disk in the middle of a canary, and everything that reads them."""

import json
import os
import time

from greenramp.cli.status import _gates
from greenramp.clients.atomicfile import write_json, write_text
from greenramp.clients.driftfile import change_drift, mark_told, read_drift
from greenramp.clients.envoy.clusters import Upstream, cluster_file
from greenramp.clients.envoy.router import Router
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.evidence_sources import append_labels, marks
from greenramp.clients.journal import Journal, read_stories
from greenramp.clients.orderbook import OrderBook, Steering
from greenramp.clients.outbox import Outbox
from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.clients.shadowkept import KeptShadow
from greenramp.clients.stops import keep_stop, read_stop
from greenramp.clients.supervisor import Program
from greenramp.clients.takendeliveries import take_once
from greenramp.clients.wishbook import Book, change_book, ensure_since, read_book, read_world
from greenramp.config import Service
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.lifecycle.drift import Drift, What
from greenramp.lifecycle.orders import Order, Word
from greenramp.lifecycle.phases import Phase
from greenramp.lifecycle.plan import Before, Candidate, Exposure
from greenramp.lifecycle.resuming import Stop
from greenramp.news import Kind, News
from greenramp.providers.local import LocalProvider
from greenramp.reporting import account_of
from greenramp.reporting.history import served_over_time
from greenramp.site.keys import encryption_key, webhook_secret
from greenramp.site.recovery import find_dead
from greenramp.site.settings import SiteSettings, read_settings
from greenramp.site.start import write_files
from greenramp.site.status import read_status
from greenramp.site.takeover import Takeover, note_takeover, read_takeover
from greenramp.traffic.handling import Edge
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side
from greenramp.triggers.signs import Seen
from greenramp.triggers.wishes import Wish

SERVICE, RELEASE = "fraud", "fraud-8-aaaaaaaa"
PLAN = Service.model_validate({"model": "fraud", "gates": [{"name": "errors", "metric": "errors", "margin": 0.2}]})
UPSTREAMS = [
    Upstream(SERVICE, Side.BLUE, (("127.0.0.1", 47101),), "7"),
    Upstream(SERVICE, Side.GREEN, (("127.0.0.1", 47102),), "8"),
]
BEFORE = Route(SERVICE, Side.BLUE, generation=3)
STOP = Stop(
    RELEASE,
    Phase.CANARY,
    PLAN,
    Candidate("fraud", "8", "sha256:1", "/models/fraud-8", "run"),
    Before(Side.BLUE, "7", "7", "6", "None", ("7",)),
    Exposure(Side.GREEN, 20.0, 5, {"requests": [1, 5]}),
    ("1", "2"),
)
NEWS = News(Kind.PROMOTED, SERVICE, RELEASE, "all gates passed", seconds=time.time())


def settings(home: Home) -> SiteSettings:
    """Of a site that does not run."""
    return SiteSettings(home, "local", home.root, home.root / "configs", 47001, 47002, 47003, 47004, 47100)


def canary() -> Route:
    """The record that Envoy does not run with yet: its copy of what it took is of before."""
    return Route(SERVICE, Side.BLUE, 20.0, generation=4, owner=RELEASE, until=time.time() + 600, step="canary 20 %")


def write_everything(home: Home) -> None:
    """Write each kind of file once, by what writes it in a site where that needs no server."""
    site = settings(home)
    write_files(site, print)
    _write_router(home)
    note_takeover(home, Takeover("b", Edge()))
    write_json(home.slot_bootstrap("b"), {"node": {}})
    _write_environment(home)
    _write_release(home)
    wish = Wish(f"{SERVICE}-8-1", "8", 1.0, 1.0, ("alias",))
    change_book(home, SERVICE, lambda _: Book((wish,), Seen(1.0, 8, {"alias": {"challenger": "8"}})))
    take_once(home, "delivery-1", time.time(), lambda: None)
    outbox = Outbox(home)
    outbox.put(NEWS, ["t1"])
    outbox.deliver("t1", _away)


def _away(_news: News) -> None:
    raise Unreachable("it is away")


def _write_router(home: Home) -> None:
    for name, good, newest in (
        ("rds.json", route_file([BEFORE], 6), route_file([canary()], 7)),
        ("cds.json", cluster_file(UPSTREAMS, 6), cluster_file(UPSTREAMS, 6)),
    ):
        write_json(home.xds.parent / "good" / name, good)
        write_json(home.xds / name, newest)


def _write_environment(home: Home) -> None:
    record = {"version": "8", "digest": "sha256:0", "release": RELEASE, "ports": [47102], "env_manager": "local"}
    write_json(home.environments / f"{SERVICE}.green.json", {**record, "logs": [], "format": 2})
    name = f"{SERVICE}.green.0"
    program = Program(name, ["python", "-m", "greenramp.serving"], home.logs / "x.log", {"PYTHONPATH": "/x"})
    write_text(
        home.programs / f"{SERVICE}.green.conf", f"[group:{SERVICE}.green]\nprograms={name}\n\n{program.section()}"
    )


def _write_release(home: Home) -> None:
    row = {"attempts": 1, "cluster": "fraud.green-fallback", "environment": "green", "generation": "4", "id": "a1"}
    row |= {"percent": "20", "route": "fraud.split", "status": 200, "ts": "1795438069.5", "upstream_us": 3000}
    home.request_log.write_text(json.dumps({**row, "user": "00", "v": "1"}) + "\n")
    (home.predictions / f"{SERVICE}.green.0.jsonl").write_text('{"v": 1, "id": "a1", "predictions": [1]}\n')
    append_labels(home, SERVICE, [("a1", 1)])
    journal = Journal(home, RELEASE)
    journal.add("claimed", model="fraud", version="7", candidate="8", lease_seconds=15)
    journal.add("share raised", percent=20)
    verdict = {"gate": "errors", "outcome": "unsure", "sentence": "too few", "numbers": {"requests": 3.0}}
    journal.add("verdicts", where="canary 20 %", percent=20, served=[1, 5], verdicts=[verdict], exposed=1)
    OrderBook(home, RELEASE).add(Order("o1", time.time(), Word.PAUSE, "Ada"))
    found = ReleaseEvidence(home, SERVICE, PLAN, RELEASE, Side.GREEN, {}, 4)
    found.read()
    found.save(surely=True)
    KeptShadow(home, SERVICE, Side.GREEN, RELEASE).begin()
    keep_stop(home, STOP)
    change_drift(home, lambda _: (Drift(SERVICE, What.ALIAS, "the alias champion is 6", acts=False, since=1.0),))


def state_files(home: Home) -> list[str]:
    """Every file that is not a mere lock, below the home."""
    found = (path for path in home.root.rglob("*") if path.is_file() and not path.name.endswith((".lock", ".taking")))
    return sorted(os.path.relpath(path, home.root) for path in found)


READERS = {
    "status": lambda home: [_gates(s.watching) for s in read_status(home).services if s.watching],
    "recover": lambda home: find_dead(settings(home)),
    "history": lambda home: [
        (served_over_time(stories, RELEASE), [account_of(r, lines) for r, lines in stories.items()])
        for stories in [read_stories(home, SERVICE)]
    ],
    "the settings": lambda home: read_settings(home),
    "a restart": lambda home: read_takeover(home),
    "wishes": lambda home: (read_book(home, SERVICE), read_world(home, SERVICE, ["8"])),
    "the date of wishes": lambda home: ensure_since(home, 5.0),
    "a webhook": lambda home: take_once(home, "delivery-2", time.time(), lambda: None),
    "orders": lambda home: Steering(home, RELEASE, lambda _: None).look(),
    "messages": lambda home: (Outbox(home).address(["t1"]), Outbox(home).deliver("t1", _away, early=True)),
    "evidence": lambda home: ReleaseEvidence(home, SERVICE, PLAN, RELEASE, Side.GREEN, {}, 4).read(),
    "marks": lambda home: marks(home, SERVICE),
    "a resumed run": lambda home: read_stop(home, RELEASE),
    "drift": lambda home: (read_drift(home), mark_told(home, [])),
    "a shadow test": lambda home: KeptShadow(home, SERVICE, Side.GREEN, RELEASE).copied(),
    "an environment": lambda home: LocalProvider(home, 47100).read(SERVICE, Side.GREEN),
    "ports": lambda home: LocalProvider(home, 47100).free_ports(1),
    "secrets": lambda home: (webhook_secret(home), encryption_key(home)),
    "up": lambda home: write_files(settings(home), lambda _: None),
    "the router after it": lambda home: (Router(home).read_all(), Router(home).upstreams()),
}
"""What reads the files, in the order of a day: `up` mends, so it comes late."""
