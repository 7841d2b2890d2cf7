"""Is the candidate slower than the champion? Bets on whose an answer is, by its rank among those before.

A weight that rises with the time, times one of the two sides' shares of it, is a fair bet while the candidate's times
are no longer than the champion's at any quantile (stochastic order), whatever their distribution, its drift, and bursts
that both sides share: only the draw of the side has to be independent of the time. Four families of weights see a
shift of all (rank), of the slow ones (tail), and of what lies above the champion's 99 % and 99.9 % quantiles.
Sources: Shekhar & Ramdas 2023 (arXiv 2112.09162); Zampieri 2025 (arXiv 2512.04366).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.histogram import BINS, Ints, bin_of, counted, mid_ranks, quantile
from greenramp.gates.likelihood import Floats
from greenramp.gates.mixture import Mixture
from greenramp.gates.rate_gate import RESERVE, Counts, RateGate, log_bets

_THETAS = np.geomspace(0.25, 4.0, 12)
_TAILS = np.linspace(0.05, 0.8, 6)
_LOG_NORMS = np.log(np.sinh(_THETAS / 2) / (_THETAS / 2))
_LOG_TAILS = np.log1p(-_TAILS)
_EXCEED_MARGIN = 0.25
_QUANTILES = ((0.99, 200), (0.999, 1000))  # of the champion, and how many of its answers have to be known
_KNOWN = 50
VERSION = 2


class RankGate:
    """Compares two streams of times; vectorised over a block, O(1) memory.

    margin: relative slowdown that "not slower" may hide, for the proof of safety; None proves nothing.
    """

    def __init__(self, margin: float | None = None, reserve: float = RESERVE) -> None:
        self._margin = margin
        self._exceed = RateGate(_EXCEED_MARGIN).harmful
        exceeding = np.full(self._exceed.size, 1 / self._exceed.size)
        rank, tail = np.full(_THETAS.size, 1 / _THETAS.size), np.full(_TAILS.size, 1 / _TAILS.size)
        self._against = Mixture(np.concatenate([rank, tail, exceeding, exceeding]), reserve)
        self._for = Mixture(rank, 0.0)
        self.candidate: Ints = np.zeros(BINS, dtype=np.int64)
        self.champion: Ints = np.zeros(BINS, dtype=np.int64)

    def update(self, share: float, mine: Floats, theirs: Floats, hazard: float = 0.0) -> None:
        """Take in a block of times: the candidate's and the champion's, all of one share, none negative."""
        self._against.update(self._harm_bets(share, mine, theirs), hazard)
        self._for.update(self._safe_bets(share, mine, theirs))
        self.candidate += counted(mine)
        self.champion += counted(theirs)

    def log_against(self, share: float, mine: Floats, theirs: Floats, hazard: float = 0.0) -> float:
        """Evidence (natural log) that the candidate is slower, with a block that is looked at and not taken in."""
        return float(self._against.log_value(self._harm_bets(share, mine, theirs), hazard))

    def log_for(self, share: float, mine: Floats, theirs: Floats) -> float:
        """Evidence (natural log) that the candidate, made faster by the margin, would be faster."""
        return float(self._for.log_value(self._safe_bets(share, mine, theirs)))

    def _harm_bets(self, share: float, mine: Floats, theirs: Floats) -> Floats:
        if not 0 < share < 1:
            return np.zeros(_THETAS.size + _TAILS.size + 2 * self._exceed.size)
        bets = [_ranked(_harm_weights, self._ranks(), share, mine, theirs)]
        for part, known in _QUANTILES:
            if self.champion.sum() < known:
                bets.append(np.zeros(self._exceed.size))
                continue
            limit = quantile(self.champion, part)
            bad1, bad0 = int((mine > limit).sum()), int((theirs > limit).sum())
            bets.append(log_bets(self._exceed, 0.0, Counts(share, mine.size, theirs.size, bad1, bad0)))
        return np.concatenate(bets)

    def _safe_bets(self, share: float, mine: Floats, theirs: Floats) -> Floats:
        if self._margin is None or not 0 < share < 1:
            return np.zeros(_THETAS.size)
        return _ranked(_safe_weights, self._ranks(), share, mine / (1 + self._margin), theirs)

    def _ranks(self) -> Floats | None:
        past = self.candidate + self.champion
        return mid_ranks(past) if past.sum() >= _KNOWN else None

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "against": self._against.state(),
            "for": self._for.state(),
            "candidate": _sparse(self.candidate),
            "champion": _sparse(self.champion),
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a gate that was made alike."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this gate")
        self._against.restore(state["against"])
        self._for.restore(state["for"])
        self.candidate, self.champion = _dense(state["candidate"]), _dense(state["champion"])
        return self


def _harm_weights(ranks: Floats) -> Floats:
    """Logs of weights that rise with the rank, 1 on average over evenly spread ranks; a column per alternative."""
    rank = np.outer(ranks - 0.5, _THETAS) - _LOG_NORMS
    tail = _LOG_TAILS - np.outer(np.log1p(-ranks), _TAILS)
    return np.concatenate([rank, tail], axis=1)


def _safe_weights(ranks: Floats) -> Floats:
    """Logs of weights that fall with the rank."""
    return np.outer(0.5 - ranks, _THETAS) - _LOG_NORMS


def _ranked(weights: Any, ranks: Floats | None, share: float, mine: Floats, theirs: Floats) -> Floats:
    """Log of what stakes on the weights are worth after a block; nothing while no ranks are known."""
    if ranks is None:
        return np.zeros(weights(np.array([0.5])).shape[1])
    logs = weights(ranks[bin_of(np.concatenate([mine, theirs]))])
    fair = np.log1p(share * np.expm1(logs))
    return np.asarray(logs[: mine.size].sum(axis=0) - fair.sum(axis=0))


def _sparse(counts: Ints) -> list[list[int]]:
    return [[int(i), int(counts[i])] for i in np.flatnonzero(counts)]


def _dense(sparse: list[list[int]]) -> Ints:
    counts = np.zeros(BINS, dtype=np.int64)
    for index, count in sparse:
        counts[index] = count
    return counts
