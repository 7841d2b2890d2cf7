"""Tensors: which shapes and number types take all that others took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from greenramp.preflight.change import Change, breaking, widening
from greenramp.preflight.types import shown

_NUMBERS = "iuf"
_PARQUET = "JSON and CSV are converted, but MLflow refuses typed values of Parquet requests"


def tensor_changes(where: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """What a tensor made for `was` meets where `now` is wanted."""
    before, after = was["tensor-spec"], now["tensor-spec"]
    if before["dtype"] != after["dtype"]:
        if _fits(before["dtype"], after["dtype"]):
            yield widening(f"{where} takes a wider number", shown(was), shown(now), caveat=_PARQUET)
        else:
            yield breaking(f"{where} has another type", shown(was), shown(now))
    if list(before["shape"]) != list(after["shape"]):
        if _takes(before["shape"], after["shape"]):
            yield widening(f"{where} takes more shapes", shown(was), shown(now))
        else:
            yield breaking(f"{where} has another shape", shown(was), shown(now))


def _fits(was: str, now: str) -> bool:
    before, after = np.dtype(was), np.dtype(now)
    return before.kind in _NUMBERS and after.kind in _NUMBERS and np.can_cast(before, after, "safe")


def _takes(was: Sequence[int], now: Sequence[int]) -> bool:
    """Whether every input of one shape has the other; MLflow takes tables only for (-1, fixed, fixed...)."""
    if len(was) != len(now) or any(b not in (-1, a) for a, b in zip(was, now, strict=True)):
        return False
    as_table = was[0] == -1 and -1 not in was[1:]
    return not as_table or -1 not in now[1:]
