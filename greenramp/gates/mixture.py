"""Bets on several alternatives at once, with a part of the stake kept back for harm that begins later."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from greenramp.gates.likelihood import Floats

VERSION = 1


class Mixture:
    """E = held + sum of stakes; each stake grows with its own alternative.

    At the start of a block the part `hazard` of what is held goes onto the alternatives, in the proportions they
    began with. If no single alternative gains on average, neither does E, so it ever exceeds 1/alpha with a chance of
    at most alpha (Ville 1939). It is a mixture over alternatives and over the moment at which the harm begins.

    weights: positive, one per alternative, last axis; they are made to sum to 1. reserve: part held back at first.
    shape: of an array of independent runs, () for one.
    """

    def __init__(self, weights: Floats, reserve: float = 0.0, shape: tuple[int, ...] = ()) -> None:
        if not 0 <= reserve < 1:
            raise ValueError(f"reserve must lie in [0, 1), not {reserve}")
        self._log_weights = np.log(weights / weights.sum())
        self._held = np.full(shape, math.log(reserve) if reserve else -math.inf)
        self._stakes = np.broadcast_to(self._log_weights + math.log1p(-reserve), (*shape, weights.size)).copy()

    def update(self, increments: Floats, hazard: float = 0.0) -> None:
        """Close a block: logs of what each alternative's stake is multiplied by, shape (*shape, alternatives)."""
        self._held, self._stakes = self._after(increments, hazard)

    def update_many(self, increments: Floats, hazards: Floats) -> None:
        """Close several blocks of a single run, one after the other: shapes (blocks, alternatives) and (blocks,).

        The same to the last bit, whether blocks come together or each alone.
        """
        stakes, held, holds = self._stakes.copy(), float(self._held), math.isfinite(float(self._held))
        if not (holds and (hazards > 0).any()):
            self._stakes = np.add.accumulate(np.concatenate([stakes[None], increments]), axis=0)[-1]
            return
        for increment, hazard in zip(increments, hazards.tolist(), strict=True):
            if holds and hazard > 0:
                np.logaddexp(stakes, (math.log(hazard) + held) + self._log_weights, out=stakes)
                held += math.log1p(-hazard)
            np.add(stakes, increment, out=stakes)
        self._held, self._stakes = np.asarray(held), stakes

    def log_value(self, increments: Floats | float = 0.0, hazard: float = 0.0) -> Floats:
        """Natural log of E, as if `increments` were added: for a look into a block that is not full yet."""
        held, stakes = self._after(increments, hazard)
        top = np.maximum(stakes.max(axis=-1), held)
        return np.asarray(top + np.log(np.exp(held - top) + np.exp(stakes - top[..., None]).sum(axis=-1)))

    def _after(self, increments: Floats | float, hazard: float) -> tuple[Floats, Floats]:
        held, stakes = self._held, self._stakes
        if hazard > 0 and np.isfinite(held).any():
            stakes = np.logaddexp(stakes, math.log(hazard) + held[..., None] + self._log_weights)
            held = held + math.log1p(-hazard)
        return held, stakes + increments

    def state(self) -> dict[str, Any]:
        """Plain data that `restore` takes, also after a way through JSON; bit for bit."""
        held = float(self._held)
        return {"v": VERSION, "held": held if math.isfinite(held) else None, "stakes": self._stakes.tolist()}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state of the same alternatives."""
        stakes: Sequence[float] = state["stakes"]
        if state["v"] != VERSION or len(stakes) != self._log_weights.size:
            raise ValueError(f"a state of version {state['v']} with {len(stakes)} alternatives is none of ours")
        self._held = np.asarray(-math.inf if state["held"] is None else state["held"])
        self._stakes = np.asarray(stakes, dtype=np.float64)
        return self
