"""A router's log of any length, written quickly: the lines are Envoy's, their values drawn by numpy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

_LINE = (
    '{{{before}"id":"{id:I>36}","sent":"digits.{side}-{role} digits.split 5 25 1 {side}","status":{status},'
    '"ts":"{ts:T>17}","upstream_us":{us:S>4},"us":5448,"user":"{user:U>16}","v":"2"{after}}}\n'
)
_WHY = (
    '"bytes_in":353,"bytes_out":91,"details":"via_upstream","flags":"-","host":"127.0.0.1:19100",',
    ',"version":"2"',
)
"""What Envoy adds to the line of a request that failed."""

_AT_ONCE = 100_000


def write_log(path: Path, rows: int, users: int, *, candidate_slower: float = 1.0, seed: int = 1) -> None:
    """Write a log of one service that gives its candidate a quarter of the requests, a thousand a second.

    users: each with one side for good; each fails half a percent of the time.
    """
    with path.open("wb") as file:
        for part in _parts(rows, users, candidate_slower, np.random.default_rng(seed)):
            file.write(part)


def _parts(rows: int, users: int, slower: float, draw: np.random.Generator) -> Iterator[bytes]:
    texts = [_text(side, status) for side in ("blue", "green") for status in (200, 500)]
    width = max(map(len, texts))
    table = np.zeros((4, width), dtype=np.uint8)
    for row, text in zip(table, texts, strict=True):
        row[: len(text)] = np.frombuffer(text, dtype=np.uint8)
    for start in range(0, rows, _AT_ONCE):
        count = min(_AT_ONCE, rows - start)
        who = draw.integers(0, users, count).astype(np.uint64)
        key = (who + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mine = key >> np.uint64(62) == 0
        kind = 2 * mine.astype(np.int64) + (draw.random(count) < 0.005)
        lines = table[kind]
        columns = {
            b"I" * 8: _hex(draw.integers(0, 2**63, (count, 2)).astype(np.uint64)),
            b"T" * 8: _moments(1_795_438_069_000_000 + 1000 * (start + np.arange(count))),
            b"S" * 4: _digits((draw.integers(1000, 6000, count) * np.where(mine, slower, 1.0)).astype(np.int64), 4),
            b"U" * 8: _hex(key[:, None]),
        }
        for number, text in enumerate(texts):
            of_it = np.flatnonzero(kind == number)
            for mark, values in columns.items():
                at = text.index(mark)
                lines[of_it, at : at + values.shape[1]] = values[of_it]
        yield lines[lines != 0].tobytes()


def _text(side: str, status: int) -> bytes:
    role = "backed" if side == "blue" else "fallback"
    before, after = ("", "") if status < 400 else _WHY
    values = {"side": side, "role": role, "status": status, "before": before, "after": after}
    return _LINE.format(**values, id="", ts="", us="", user="").encode()


def _digits(values: Any, count: int) -> Any:
    return (values[:, None] // 10 ** np.arange(count - 1, -1, -1) % 10 + ord("0")).astype(np.uint8)


def _hex(values: Any) -> Any:
    nibbles = (values[:, :, None] >> np.arange(60, -4, -4).astype(np.uint64)) & np.uint64(15)
    return np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[nibbles.reshape(len(values), -1).astype(np.intp)]


def _moments(micros: Any) -> Any:
    digits = _digits(micros, 16)
    return np.insert(digits, 10, ord("."), axis=1)
