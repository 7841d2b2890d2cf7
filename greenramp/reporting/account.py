"""A release's account: what its journal says of how it went, for whoever asks later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Line = Mapping[str, Any]
"""A line of a journal: `ts` (epoch seconds), `event`, and facts."""

UNDER_WAY, DIED, LET_GO, PUT_RIGHT = "under way", "did not come to its end", "nothing to do", "put right"
"""Outcomes beside those that a journal names at its end."""

_STEPS = {"claimed": "provision, smoke", "copies begun": "shadow", "traffic switched": "promote, bake"}


class Kind(StrEnum):
    """What the journal is of."""

    RELEASE = "release"
    ROLLBACK = "rollback"
    RECOVERY = "recovery"
    SHADOW = "shadow test"


_NAMED = {"rollback": Kind.ROLLBACK, "recover": Kind.RECOVERY}
"""What stands in an id in place of the version."""


@dataclass(frozen=True)
class Step:
    """One part of the way. asked: the candidate's share, percent. served: its requests and all."""

    name: str
    start: float
    end: float
    asked: float | None = None
    served: tuple[int, int] | None = None

    @property
    def served_percent(self) -> float | None:
        """The share that was read; None when nothing was."""
        return 100 * self.served[0] / self.served[1] if self.served and self.served[1] else None


@dataclass(frozen=True)
class Order:
    """What a person told the release. what: the order, and where; late: why it changed nothing, empty when it did."""

    ts: float
    what: str
    who: str
    note: str = ""
    late: str = ""

    def __str__(self) -> str:
        late = f" (too late: {self.late})" if self.late else ""
        return f"{self.what} by {self.who or 'nobody named'}{f': {self.note}' if self.note else ''}{late}"


@dataclass(frozen=True)
class Account:
    """How a release went. Times are epoch seconds.

    model: as MLflow calls it, empty where the journal does not say. before: version that served when it began, empty
    for none. outcome: as the journal names it, or UNDER_WAY, DIED, LET_GO, PUT_RIGHT. exposed: requests of users that
    the candidate was given until `exposed_until`; None when no look says. decided: the verdict that failed, as the
    journal has it, with `where` and `ts`. back: when traffic was back. verdicts: each gate's last one, likewise.
    """

    release: str
    service: str
    kind: Kind
    model: str
    version: str
    before: str
    begun: float
    ended: float | None
    outcome: str
    reason: str
    exposed: int | None
    exposed_until: float | None
    decided: Line | None
    back: float | None
    steps: tuple[Step, ...]
    verdicts: tuple[Line, ...]
    orders: tuple[Order, ...]
    shadow: str = ""
    notes: tuple[tuple[float, str], ...] = field(default=())

    @property
    def back_seconds(self) -> float | None:
        """From the verdict that failed until all traffic was back; None without either."""
        return None if self.back is None or self.decided is None else max(0.0, self.back - self.decided["ts"])

    @property
    def well(self) -> bool:
        """Whether it came to be what was wanted."""
        return self.outcome in ("live", "shadowed", "rolled back", PUT_RIGHT)


def parts_of(release: str) -> tuple[str, str]:
    """The service and the version that an id names; of a rollback or a recovery the word in place of the version.

    Raises ValueError for a text that is no id.
    """
    service, version, _ = release.rsplit("-", 2)
    return service, version


def account_of(release: str, lines: Sequence[Line], *, held: bool = False) -> Account:
    """What the journal of `release` says. held: the release still holds its service, so it is under way.

    lines: in the order they were written; looks may be missing but for the last one.
    """
    service, named = parts_of(release)
    first: Line = next((line for line in lines if line["event"] == "claimed"), {})
    ended = _last(lines, "ended") or _last(lines, "recovered") or _last(lines, "let go")
    looks = [line for line in lines if line["event"] == "verdicts"]
    exposed = next((line for line in reversed(looks) if "exposed" in line), None)
    outcome, reason = _outcome(lines, ended, held)
    back = _last(lines, "traffic put back") or _last(lines, "lease ended") or _last(lines, "traffic taken back")
    return Account(
        release=release,
        service=service,
        kind=_kind(named, outcome),
        model=str(first.get("model") or ""),
        version=str(first.get("candidate") or _promoted(lines) or ("" if named in _NAMED else named)),
        before=str(first.get("version") or ""),
        begun=lines[0]["ts"] if lines else 0.0,
        ended=ended["ts"] if ended else None,
        outcome=outcome,
        reason=reason,
        exposed=exposed["exposed"] if exposed else None,
        exposed_until=exposed["ts"] if exposed else None,
        decided=next(_failures(looks), None),
        back=back["ts"] if back else None,
        steps=tuple(_steps(lines)),
        verdicts=tuple(_latest(looks).values()),
        orders=tuple(_order(line) for line in lines if line["event"] == "order"),
        shadow=str((_last(lines, "shadow") or {}).get("headline", "")),
        notes=tuple((line["ts"], str(line["note"])) for line in lines if line["event"] == "source"),
    )


def _last(lines: Sequence[Line], event: str) -> Line | None:
    return next((line for line in reversed(lines) if line["event"] == event), None)


def _outcome(lines: Sequence[Line], ended: Line | None, held: bool) -> tuple[str, str]:
    if ended is not None and ended["event"] == "ended":
        return str(ended["outcome"]), str(ended.get("reason", ""))
    if ended is not None and ended["event"] == "recovered":
        return PUT_RIGHT, f"{ended['release']} had died; version {ended.get('version') or '?'} serves"
    if ended is not None:
        moved = _last(lines, "traffic taken back") or _last(lines, "traffic switched")
        put_back = _last(lines, "traffic put back")
        if moved and not put_back:
            return "rolled back", f"a person asked for it; version {moved.get('version') or '?'} serves"
        return ("rollback failed", "traffic is where it was") if put_back else (LET_GO, "")
    if held:
        return UNDER_WAY, ""
    lapsed = _last(lines, "lease ended")
    return DIED, f"died at: {lapsed['step']}; its lease ended and Envoy sent all to the live side" if lapsed else ""


def _kind(named: str, outcome: str) -> Kind:
    return _NAMED.get(named, Kind.SHADOW if outcome == "shadowed" else Kind.RELEASE)


def _promoted(lines: Sequence[Line]) -> str:
    moved = _last(lines, "registry moved") or _last(lines, "recovered") or _last(lines, "traffic taken back")
    return str((moved or {}).get("champion") or (moved or {}).get("version") or "")


def _failures(looks: Sequence[Line]) -> Iterator[Line]:
    for look in looks:
        for verdict in look["verdicts"]:
            if verdict["outcome"] == "fail":
                yield {**verdict, "where": look["where"], "ts": look["ts"]}


def _latest(looks: Sequence[Line]) -> dict[str, Line]:
    return {v["gate"]: {**v, "where": look["where"], "ts": look["ts"]} for look in looks for v in look["verdicts"]}


def _order(line: Line) -> Order:
    place = f" at {line['place']}" if line.get("place") else ""
    told = {name: str(line.get(name) or "") for name in ("who", "note")}
    return Order(line.get("given") or line["ts"], f"{line['order']}{place}", **told, late=str(line.get("why") or ""))


def _steps(lines: Sequence[Line]) -> Iterator[Step]:
    marks = [(line, name) for line in lines if (name := _name(line))]
    end = lines[-1]["ts"] if lines else 0.0
    ends = [*(later["ts"] for later, _ in marks), end][1:]
    for (line, name), until in zip(marks, ends, strict=False):
        asked = {"share raised": line.get("percent"), "traffic switched": 100.0}.get(line["event"])
        within = [one for one in lines if line["ts"] <= one["ts"] <= until]
        yield Step(name, line["ts"], until, asked, None if asked is None else _served(within))


def _served(lines: Sequence[Line]) -> tuple[int, int] | None:
    """The candidate's requests and all of a step: by its last look, else by the first reading of the share."""
    for look in reversed(lines):
        if look["event"] == "verdicts" and look.get("served"):
            return look["served"][0], look["served"][1]
    read = next((line for line in lines if line["event"] == "share served"), None)
    return (read["candidate"], read["requests"]) if read else None


def _name(line: Line) -> str:
    if line["event"] == "share raised":
        return f"canary {line['percent']:g} %"
    return _STEPS.get(line["event"], "way back" if line["event"] in ("traffic put back", "traffic taken back") else "")
