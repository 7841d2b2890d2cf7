"""How often the candidate answers one class where the champion answers another; bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_CLASSES = 50
OTHERS = "(others)"


@dataclass
class Confusion:
    """Rows by both sides' classes; classes beyond the first MOST_CLASSES are counted together.

    cells: champion's class -> candidate's class -> rows.
    """

    names: dict[str, None] = field(default_factory=dict)
    cells: dict[str, dict[str, int]] = field(default_factory=dict)

    def update(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take in a batch of rows: the champion's class, the candidate's."""
        for (live, candidate), count in Counter(rows).items():
            cells = self.cells.setdefault(self._name(live), {})
            name = self._name(candidate)
            cells[name] = cells.get(name, 0) + count

    def _name(self, name: str) -> str:
        if name not in self.names:
            if len(self.names) >= MOST_CLASSES:
                return OTHERS
            self.names[name] = None
        return name

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.of_live.values())

    @property
    def of_live(self) -> dict[str, int]:
        """Rows of each class by the champion."""
        return {name: sum(cells.values()) for name, cells in self.cells.items()}

    @property
    def of_candidate(self) -> dict[str, int]:
        """Rows of each class by the candidate."""
        rows: Counter[str] = Counter()
        for cells in self.cells.values():
            rows.update(cells)
        return dict(rows)

    @property
    def classes(self) -> list[str]:
        """All classes, numbers by size and before names."""
        found = {*self.of_live, *self.of_candidate}
        return sorted(found, key=lambda name: (name == OTHERS, *_order(name)))


def _order(name: str) -> tuple[int, float, str]:
    try:
        return 0, float(name.removeprefix("class ")), name
    except ValueError:
        return 1, 0.0, name
