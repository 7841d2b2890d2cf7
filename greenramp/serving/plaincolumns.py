"""Builds the DataFrame that MLflow would, from JSON values of plain columns, only faster; or says that it can't.

MLflow lets pandas guess each column's type, casts it to the signature's, and enforces the signature column by column.
For the values taken here those steps are known to end in the same DataFrame: same dtypes, blocks, columns and index.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class NotPlain(Exception):
    """The values need MLflow's own conversion, or its refusal."""


class Kind(NamedTuple):
    """Which JSON values of a column type become which numpy values without doubt."""

    dtype: str
    types: frozenset[type]
    largest_int: int = 0  # beyond it, rounding or wrapping depends on the way taken
    smallest_int: int = 0
    finite: bool = False


_NUMBERS = frozenset({float, int})
KINDS = {
    "double": Kind("float64", _NUMBERS | {type(None)}, 2**53, -(2**53)),
    "float": Kind("float32", _NUMBERS, 2**24, -(2**24), finite=True),
    "long": Kind("int64", frozenset({int}), 2**63 - 1, -(2**63)),
    "integer": Kind("int32", frozenset({int}), 2**31 - 1, -(2**31)),
    "boolean": Kind("bool", frozenset({bool})),
    "string": Kind("str", frozenset({str})),
}

Values = Sequence[Sequence[Any]]


class PlainColumns:
    """Named columns of plain types, in the order of the signature."""

    def __init__(self, types: dict[str, str]) -> None:
        """Take the type of each column, a key of KINDS, by its name."""
        import pandas as pd

        self.names = list(types)
        self.kinds = [KINDS[kind] for kind in types.values()]
        self._index = pd.DataFrame({name: [0] for name in types}).columns
        self._uniform = self.kinds[0] if len(set(self.kinds)) == 1 and "string" not in types.values() else None

    def frame(self, values: Values, index: list[int] | None = None) -> pd.DataFrame:
        """Build the DataFrame of one sequence of values for each column, all of one length. Raises NotPlain."""
        import pandas as pd

        if self._uniform is None:
            arrays = [_array(kind, column) for kind, column in zip(self.kinds, values, strict=True)]
            return pd.DataFrame(dict(zip(self.names, arrays, strict=True)), index=index)
        # One block, as MLflow's has: a column is a row of it. The view keeps a model's renaming from the next request.
        block = _block(self._uniform, values)
        return pd.DataFrame(block.T, columns=self._index.view(), index=index, copy=False)


def _array(kind: Kind, column: Sequence[Any]) -> Sequence[Any] | np.ndarray[Any, Any]:
    if kind.dtype != "str":
        return _block(kind, [column]).ravel()
    if not kind.types.issuperset(map(type, column)):
        raise NotPlain
    return list(column)  # pandas makes the same string type of it that MLflow gets


def _block(kind: Kind, columns: Values) -> np.ndarray[Any, Any]:
    """Convert columns of one kind to an array of shape (columns, rows)."""
    import numpy as np

    seen = set(map(type, chain.from_iterable(columns)))
    if not seen <= kind.types:
        raise NotPlain
    if int in seen:
        whole = [value for value in chain.from_iterable(columns) if type(value) is int]
        if max(whole) > kind.largest_int or min(whole) < kind.smallest_int:
            raise NotPlain
    if not kind.finite:
        return np.array(columns, dtype=kind.dtype)
    exact = np.array(columns, dtype="float64")
    if not (np.abs(exact) < 3.4e38).all():  # the type holds little more, and infinity or NaN would be told otherwise
        raise NotPlain
    return exact.astype(kind.dtype)
