"""Known ways in which a candidate's classes go wrong, read off the confusion of both sides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from greenramp.gates.wording import percent
from greenramp.shadow.confusion import OTHERS, Confusion

_MOSTLY, _OFTEN = 0.9, 0.3
_FEW = 20
_FEW_CASES = 5


def class_diagnoses(confusion: Confusion) -> Iterator[tuple[str, float]]:
    """Sentences with their importance."""
    total, live, candidate = confusion.total, confusion.of_live, confusion.of_candidate
    if total < _FEW:
        return
    differing = sum(n for a, cells in confusion.cells.items() for b, n in cells.items() if a != b)
    if len(candidate) == 1 and len(live) > 1:
        yield f"the candidate answers {next(iter(candidate))} to everything", 2 + differing / total
        return
    shift, starts_over = _shift(confusion, total)
    if shift:
        end = " (the last start over)" if starts_over else ""
        yield f"the candidate's labels are the champion's {shift:+g}{end}: shifted by {abs(shift):g}", 3.0
        return
    if moved := _renamed(confusion):
        pairs = ", ".join(f"{b} for {a}" for a, b in sorted(moved.items())[:4])
        yield f"the candidate's classes are the champion's under other names: {pairs}", 2.5
        return
    missing = [name for name, n in live.items() if n >= _FEW_CASES and n / total >= 0.005 and not candidate.get(name)]
    if missing and OTHERS not in candidate:
        cases = sum(live[name] for name in missing)
        names = ", ".join(sorted(missing)[:6])
        yield (
            f"the candidate never answers {names}, the champion does in {percent(cases / total)} of cases",
            1.5 + cases / total,
        )
    yield from _confused(confusion, live, differing, total)


def _confused(confusion: Confusion, live: dict[str, int], differing: int, total: int) -> Iterator[tuple[str, float]]:
    """The pair of classes that is confused most, if it is much of all differences and of its class."""
    cells = [(n, a, b) for a, row in confusion.cells.items() for b, n in row.items() if a != b]
    if not cells:
        return
    n, a, b = max(cells)
    if n >= _FEW_CASES and n >= _OFTEN * differing / 2 and n >= 0.1 * live[a]:
        yield f"the candidate answers {a} as {b} in {n:,} of {live[a]:,} cases", 0.6 + n / total


def _shift(confusion: Confusion, total: int) -> tuple[float, bool]:
    """By how much nearly all labels are shifted, and whether the last start over; 0 if not, or they are no numbers."""
    cells = [(a, b, n) for a, row in confusion.cells.items() for b, n in row.items()]
    try:
        by = Counter[float]()
        for a, b, n in cells:
            by[float(b) - float(a)] += n
        labels = {float(name) for a, b, _ in cells for name in (a, b)}
    except ValueError:
        return 0.0, False
    distance, direct = by.most_common(1)[0]
    if len(confusion.cells) < 2:
        return 0.0, False
    around = max(labels) - min(labels) + 1
    round_the_end = by[distance - math.copysign(around, distance)] if len(labels) > 2 else 0
    return (distance, round_the_end > 0) if direct + round_the_end >= _MOSTLY * total else (0.0, False)


def _renamed(confusion: Confusion) -> dict[str, str]:
    """Champion's class -> candidate's, when the candidate tells the same classes apart and names them otherwise."""
    names = {}
    for a, row in confusion.cells.items():
        b = max(row, key=lambda key: row[key])
        if row[b] < _MOSTLY * sum(row.values()):
            return {}
        names[a] = b
    one_to_one = len(set(names.values())) == len(names) > 1
    return {a: b for a, b in names.items() if a != b} if one_to_one else {}
