"""Whom a series has met: a set of users' numbers that is asked for, and grows by, many at a time."""

from __future__ import annotations

import base64
from typing import Self

import numpy as np

from greenramp.gates.events import Bools, Ints, Numbers

_SPREAD, _FOLD = np.uint64(0xFF51AFD7ED558CCD), np.uint64(33)
_SMALLEST, _FULLEST = 6, 0.7
_AT_ONCE = 1 << 18
_SLOT_BITS = 17


class Users:
    """A set of 64-bit numbers, 11 to 23 bytes each; 0 is nobody and never in it.

    An open table with linear probing. The places depend on the order of what came, the set does not.
    """

    def __init__(self) -> None:
        self._bits = _SMALLEST
        self._table: Numbers = np.zeros(1 << self._bits, dtype=np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def have(self, users: Numbers) -> Bools:
        """Which of these are in the set."""
        if not self._count:
            return np.zeros(users.size, dtype=bool)
        places = self._places(users)
        held = self._table[places]
        found: Bools = held == users
        somebody = (users != 0) & (held != 0)
        looking = np.flatnonzero(somebody > found)
        found &= somebody
        places = places[looking]
        while looking.size:
            places = (places + 1) & (self._table.size - 1)
            held = self._table[places]
            found[looking] = held == users[looking]
            on = (held != 0) & (held != users[looking])
            looking, places = looking[on], places[on]
        return found

    def add(self, users: Numbers) -> None:
        """Take these in; nobody, and who is in it already, changes nothing."""
        self._take_in(np.unique(users[(users != 0) & ~self.have(users)]))

    def first(self, users: Numbers) -> Bools:
        """Which of these come for the first time, here included; nobody always does. Takes them in."""
        first = ~self.have(users)
        unknown = np.flatnonzero(first & (users != 0))
        of_them = first_of_each(users[unknown])
        first[unknown] = of_them
        self._take_in(users[unknown[of_them]])
        return first

    def state(self) -> str:
        """The set as text: little-endian numbers, rising, in base64."""
        return base64.b64encode(np.sort(self._table[self._table != 0]).astype("<u8").tobytes()).decode("ascii")

    def restore(self, state: str) -> Self:
        """Become the set that a state is of."""
        self.__init__()  # type: ignore[misc]
        self._take_in(np.frombuffer(base64.b64decode(state), dtype="<u8").astype(np.uint64))
        return self

    def _take_in(self, new: Numbers) -> None:
        """Take in numbers that are all different, above 0 and not in it."""
        self._count += new.size
        if self._count > _FULLEST * self._table.size:
            parts = np.array_split(self._table, 1 + self._table.size // _AT_ONCE)
            held = [part[part != 0] for part in parts]
            del parts
            while self._count > _FULLEST * (1 << self._bits):
                self._bits += 1
            self._table = np.zeros(1 << self._bits, dtype=np.uint64)
            while held:  # from the last place on: room is given back while the new table comes to be used
                self._put(held.pop())
        self._put(new)

    def _put(self, new: Numbers) -> None:
        for start in range(0, new.size, _AT_ONCE):
            left = new[start : start + _AT_ONCE]
            places = self._places(left)
            while left.size:
                free = self._table[places] == 0
                self._table[places[free]] = left[free]  # of several for one place the last stays
                on = self._table[places] != left
                left, places = left[on], (places[on] + 1) & (self._table.size - 1)

    def _places(self, users: Numbers) -> Ints:
        return _spread(users, self._bits)


def first_of_each(users: Numbers) -> Bools:
    """Which of these numbers have not come before among them; those that share a slot with others are sorted."""
    slots, order = _spread(users, _SLOT_BITS), np.arange(users.size, dtype=np.int32)
    firsts = np.empty(1 << _SLOT_BITS, dtype=np.int32)
    firsts[slots[::-1]] = order[::-1]  # of several for one slot the last stays: the first of them
    in_slot = firsts[slots]
    first: Bools = in_slot == order
    behind = np.flatnonzero(users != users[in_slot])
    _, places = np.unique(users[behind], return_index=True)
    first[behind[places]] = True
    return first


def _spread(users: Numbers, bits: int) -> Ints:
    spread = users >> _FOLD
    spread ^= users
    spread *= _SPREAD
    spread >>= np.uint64(64 - bits)
    return spread.view(np.int64)
