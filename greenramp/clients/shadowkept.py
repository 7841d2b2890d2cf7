"""What of a shadow test no log tells: how many copies were dropped, and when copying ended, with what verdicts."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import cluster_name
from greenramp.clients.formats import UNREADABLE, Damaged, require_known
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.shadow.answers import Copied
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, Verdict

_FORMAT = 1


class KeptShadow:
    """Kept in a file beside the release's journal, so that a watch that is repeated goes on from it.

    until: epoch seconds at which copying was to end; infinity while it goes on. decided: the verdicts that ended it.
    """

    def __init__(self, home: Home, service: str, side: Side, release: str) -> None:
        self._cluster = cluster_name(service, side, "shadow")
        self._sockets = (home.admin_socket, *home.slot_admin_sockets())
        self._path = home.journals / f"{release}.shadow.json"
        try:
            kept = read_json(self._path) or {}
            require_known(self._path, kept.get("format", 1), _FORMAT)
            self._copied = Copied(*map(int, kept.get("copied", ())))
            self._last = {name: Copied(*map(int, counts)) for name, counts in kept.get("last", {}).items()}
            self.until: float = float(kept.get("until", math.inf))
            self.decided = tuple(_verdict_of(**row) for row in kept.get("decided", ()))
        except UNREADABLE as error:
            raise Damaged(
                f"{self._path} is damaged ({type(error).__name__}: {error}), so nobody knows how many copies were "
                "dropped; shadow the version anew"
            ) from error

    def begin(self) -> None:
        """Forget all that was kept: from now on copies count."""
        self._copied, self._last = Copied(), self._read()
        self.until, self.decided = math.inf, ()
        self._save()

    def copied(self) -> Copied:
        """What has become of all copies since it began, until copying was to end.

        A counter that is smaller than before is another Envoy's, or another cluster's. An Envoy that does not answer
        tells its part the next time; what it counted before it died is lost.
        """
        if self.until < math.inf:
            return self._copied
        before, now = self._copied, self._read()
        for name, counts in now.items():
            last = self._last.get(name, Copied())
            self._copied = Copied(*map(_grown, self._copied, last, counts))
        self._last |= now
        if self._copied.dropped != before.dropped:
            self._save()
        return self._copied

    def end(self, until: float, decided: tuple[Verdict, ...]) -> None:
        """Keep that nothing counts from `until` on, and what had been found by then."""
        self.copied()
        self.until, self.decided = until, decided
        self._save()

    def _read(self) -> dict[str, Copied]:
        """The counts of each Envoy that runs; in a planned restart of the router two of them send copies."""
        found = {}
        for socket in {path.resolve() for path in self._sockets}:
            with suppress(Unreachable):
                copies = Admin(socket).copies(self._cluster)
                found[socket.name] = Copied(copies.asked, copies.dropped)
        return found

    def _save(self) -> None:
        ended = {"until": self.until, "decided": [asdict(verdict) for verdict in self.decided]}
        counts = {"format": _FORMAT, "copied": self._copied, "last": self._last}
        write_json(self._path, {**counts, **(ended if self.until < math.inf else {})})


def _grown(count: int, before: int, now: int) -> int:
    return count + (now - before if now >= before else now)


def _verdict_of(gate: str, outcome: str, sentence: str, numbers: dict[str, float]) -> Verdict:
    return Verdict(gate, Outcome(outcome), sentence, numbers)
