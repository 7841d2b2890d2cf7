"""Users' keys as the router logs them into numbers, many at a time."""

from __future__ import annotations

from binascii import unhexlify
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from greenramp.clients.requestrows import texts_of
from greenramp.measures.requestcolumns import user_number
from greenramp.measures.traffic_log import text_of

if TYPE_CHECKING:
    import pyarrow as pa

_KEY_LETTERS = 16
_CASE, _CAPITAL = 0x60, 0x40


def user_numbers(users: pa.StringArray | pa.BinaryArray) -> npt.NDArray[np.uint64]:
    """As user_number says; the keys the router writes are read all at once."""
    lengths = _lengths(users)
    numbers = np.zeros(len(users), dtype=np.uint64)
    keys = lengths == _KEY_LETTERS
    read = _keys(users if keys.all() else users.filter(keys)) if keys.any() else None
    if read is None:
        keys[:] = False
    else:
        numbers[keys] = read
    others = (lengths > 0) & ~keys
    if others.any():
        numbers[others] = [user_number(text_of(text)) for text in texts_of(users.filter(others))]
    return numbers


def _lengths(texts: pa.Array) -> npt.NDArray[np.int32]:
    import pyarrow.compute as pc

    return np.asarray(pc.binary_length(texts).fill_null(0).to_numpy())


def _keys(users: pa.Array) -> npt.NDArray[np.uint64] | None:
    """Keys of 16 letters each; None if one is not a number in small hexadecimal digits."""
    start = int(np.frombuffer(users.buffers()[1], dtype=np.int32)[users.offset])
    letters = np.frombuffer(users.buffers()[2], dtype=np.uint8)[start : start + _KEY_LETTERS * len(users)]
    if ((letters & _CASE) == _CAPITAL).any():
        return None
    try:
        return np.maximum(np.frombuffer(unhexlify(letters.data), dtype=">u8").astype(np.uint64), np.uint64(1))
    except ValueError:
        return None
