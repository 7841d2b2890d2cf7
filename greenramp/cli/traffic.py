"""traffic."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenramp.cli.completing import service_names
from greenramp.errors import ConfigError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from greenramp.clients.envoy.sidetraffic import ServiceTraffic
    from greenramp.home import Home

_LOOK_SECONDS = 1.0


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        epilog="Examples: greenramp traffic fraud; greenramp traffic fraud --seconds 60 --json; "
        "greenramp traffic fraud --watch"
    )(traffic)


def traffic(
    service: Annotated[str, typer.Argument(help="The service.", autocompletion=service_names)],
    seconds: Annotated[
        float, typer.Option(min=0, max=3600, help="Count requests for so long; 0: all since Envoy's start.")
    ] = 5,
    watch: Annotated[bool, typer.Option("--watch", help="Look every second until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs; one line for each look.")] = False,
) -> None:
    """What becomes of a service's requests on each side: shares, failures, times, copies."""
    from greenramp.clients.envoy.router import Router
    from greenramp.site.settings import this_home

    home = this_home()
    services = sorted(Router(home).read_all())
    if service not in services:
        raise ConfigError(f"no service {service!r} has traffic here; services: {', '.join(services) or 'none yet'}")
    try:
        if watch:
            _show_on(home, service, seconds, as_json)
        else:
            seen = _look_once(home, service, seconds)
            _say(json.dumps(_plain(home, service, seen)) if as_json else _table(home, service, seen))
    except KeyboardInterrupt:
        raise typer.Exit(0 if watch else 130) from None


def _look_once(home: Home, service: str, seconds: float) -> ServiceTraffic:
    from greenramp.clients.envoy.sidetraffic import read_traffic

    before = read_traffic(home, service)
    if not seconds:
        return before
    time.sleep(seconds)
    return read_traffic(home, service) - before


def _looks(home: Home, service: str, seconds: float) -> Iterator[ServiceTraffic | str]:
    """Every second, what came in the last `seconds`; in words when Envoy does not answer."""
    from greenramp.clients.envoy.sidetraffic import read_traffic

    kept: deque[ServiceTraffic] = deque()
    while True:
        try:
            now = read_traffic(home, service)
            kept.append(now)
            while len(kept) > 2 and now.at - kept[1].at >= seconds:
                kept.popleft()
            yield now - kept[0] if seconds else now
        except Unreachable as error:
            yield str(error)
        time.sleep(_LOOK_SECONDS)


def _show_on(home: Home, service: str, seconds: float, as_json: bool) -> None:
    if as_json:
        for seen in _looks(home, service, seconds):
            _say(json.dumps({"error": seen} if isinstance(seen, str) else _plain(home, service, seen)))
        return
    from rich.live import Live

    with Live(refresh_per_second=4) as live:
        for seen in _looks(home, service, seconds):
            live.update(seen if isinstance(seen, str) else _table(home, service, seen))


def _say(what: str | Table) -> None:
    if isinstance(what, str):
        typer.echo(what)
        return
    from rich.console import Console

    Console().print(what)


def _plain(home: Home, service: str, seen: ServiceTraffic) -> dict[str, Any]:
    """As plain data. Percentages are None where there was no request; so are times, in milliseconds."""
    from dataclasses import asdict

    from greenramp.clients.envoy.router import Router
    from greenramp.traffic.route import lapse

    router = Router(home)
    route, sides = lapse(router.read(service), time.time()), []
    for side, had in seen.sides.items():
        upstream = router.upstream(service, side)
        if upstream is None and not had.chosen:
            continue
        sides.append(
            {
                "side": side.value,
                "live": side is route.live,
                "version": upstream.version if upstream else None,
                "asked_percent": route.split.percent(side) if route.split else 0.0,
                "served_percent": _percent(had.chosen, seen.chosen),
                "requests": had.chosen,
                "requests_per_second": round(had.chosen / seen.seconds, 2) if seen.seconds else None,
                "first_tries_failed": had.failed_first,
                "first_tries_failed_percent": _percent(had.failed_first, had.chosen),
                "answered_5xx": had.answered_5xx,
                "answered_5xx_percent": _percent(had.answered_5xx, had.chosen),
                "open": had.open,
                "p50_ms": had.milliseconds(0.5),
                "p95_ms": had.milliseconds(0.95),
                "p99_ms": had.milliseconds(0.99),
                "copies": asdict(had.copies),
            }
        )
    return {"service": service, "seconds": round(seen.seconds, 2), "mirror_percent": route.mirror, "sides": sides}


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _table(home: Home, service: str, seen: ServiceTraffic) -> Table:
    from rich.table import Table

    data = _plain(home, service, seen)
    copied = any(side["copies"]["sent"] or side["copies"]["dropped"] for side in data["sides"])
    columns = ["side", "version", "asked %", "served %", "requests/s", "first tries failed %", "5xx %"]
    columns += ["p50 ms", "p95 ms", "p99 ms"] + (["copies sent/answered/failed/dropped"] if copied else [])
    table = Table(*columns, title=f"{service}, {data['seconds']:g} s")
    for side in data["sides"]:
        names = ("served_percent", "requests_per_second", "first_tries_failed_percent", "answered_5xx_percent")
        table.add_row(
            side["side"] + (" (live)" if side["live"] else ""),
            side["version"] or "",
            f"{side['asked_percent']:g}",
            *[_number(side[name]) for name in (*names, "p50_ms", "p95_ms", "p99_ms")],
            *(["/".join(str(count) for count in side["copies"].values())] if copied else []),
        )
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
