"""Opens the sources that a service names, and tries them before anything depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from greenramp.clients.polling import EVERY_SECONDS, Polled
from greenramp.clients.prometheus import Prometheus
from greenramp.clients.sql import Database
from greenramp.config import Gives, PrometheusSource, Service, SideValues, SqlSource
from greenramp.errors import BadEvidence
from greenramp.measures.cumulative import Sides, grown
from greenramp.traffic.split import Side

OutsideConfig = PrometheusSource | SqlSource


def open_source(
    name: str, config: OutsideConfig, service: str, candidate: Side, versions: tuple[int, int]
) -> Prometheus | Database:
    """A source during a release. candidate: its side. versions: of candidate and champion, in MLflow."""
    sides = Sides(candidate.value, candidate.other.value)
    if config.side_values is SideValues.VERSION:
        sides = Sides(str(versions[0]), str(versions[1]))
    return _opened(name, config, service, sides)


@contextmanager
def polled_sources(plan: Service, service: str, candidate: Side, versions: tuple[int, int]) -> Iterator[list[Polled]]:
    """All sources of a service during one step; their connections are given back at the end. See open_source."""
    opened = [open_source(name, config, service, candidate, versions) for name, config in plan.sources.items()]
    try:
        yield [Polled(source, plan.step.settle_seconds, _every(plan, source.name)) for source in opened]
    finally:
        for source in opened:
            if isinstance(source, Database):
                source.close()


def _every(plan: Service, name: str) -> float:
    """Seconds between two reads: several within the time that a source's gates forgive its silence."""
    return min([EVERY_SECONDS, *(gate.grace_seconds / 4 for gate in plan.measured if gate.source == name)])


def check_source(name: str, config: OutsideConfig, service: str, live: str | None = None) -> str:
    """Ask a source once; what it gave, in words.

    live: what the live side is called there, blue, green or a version's number; its data has to be there. None asks for
    any side's. Raises Unreachable, BadEvidence or ConfigError.
    """
    source = _opened(name, config, service, Sides("candidate", "champion"))
    if isinstance(source, Database):
        try:
            return _check_database(source, name, config, live)
        finally:
            source.close()
    seen = source.check()
    _require_live(name, live, seen)
    return f"{config.gives} of {', '.join(sorted(seen))}"


def _check_database(source: Database, name: str, config: OutsideConfig, live: str | None) -> str:
    if config.gives is Gives.LABELS:
        found = source.read_since(None)
        return f"{len(found.labels):,} labels from the start on" + (", more to come" if found.more else "")
    counts = source.read_counts()
    now = {side: {"total": {"": total}, "bad": {"": bad}} for side, (total, bad) in counts.items()}
    grown(name, None, now, 0.0, ["bad", "total"])
    _require_live(name, live, list(counts))
    return f"counts of {', '.join(sorted(counts))}"


def _require_live(name: str, live: str | None, seen: list[str]) -> None:
    if live is None and not seen:
        raise BadEvidence(f"{name}: nothing of any side; a source must have at least the live side's")
    if live is not None and live not in seen:
        raise BadEvidence(f"{name}: nothing of the live side, {live}; there is {', '.join(sorted(seen)) or 'nothing'}")


def _opened(name: str, config: OutsideConfig, service: str, sides: Sides) -> Prometheus | Database:
    if isinstance(config, PrometheusSource):
        return Prometheus(name, config, sides)
    return Database(name, config, service, sides)
