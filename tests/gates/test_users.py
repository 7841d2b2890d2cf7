"""A set of users' numbers is a set, however it is asked and filled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.gates.users import Users, first_of_each

NUMBERS = st.lists(st.lists(st.one_of(st.integers(0, 30), st.integers(0, 2**64 - 1)), max_size=60), max_size=8)


def array(numbers):
    return np.array(numbers, dtype=np.uint64)


@given(NUMBERS)
def test_it_is_a_set_without_nobody(batches):
    users, known = Users(), set()
    for batch in batches:
        assert users.have(array(batch)).tolist() == [n in known for n in batch]
        first = []
        for n in batch:
            first.append(n == 0 or n not in known)
            known |= {n} - {0}
        assert users.first(array(batch)).tolist() == first
        assert len(users) == len(known)


@given(NUMBERS)
def test_its_state_tells_who_is_in_it_and_nothing_else(batches):
    one, other = Users(), Users()
    for batch in batches:
        one.add(array(batch))
    for batch in reversed(batches):
        other.first(array(batch))
    assert one.state() == other.state() == Users().restore(one.state()).state()


@pytest.mark.parametrize("different", [1, 1000, 400_000], ids=["one", "some", "more than there are slots"])
def test_the_first_of_each_are_those_that_come_first(different):
    draw = np.random.default_rng(2)
    many = draw.integers(1, 2**64, different, dtype=np.uint64)[draw.integers(0, different, 300_000)]
    _, places = np.unique(many, return_index=True)
    assert np.flatnonzero(first_of_each(many)).tolist() == sorted(places.tolist())


def test_a_million_users_take_little_memory_and_are_all_known():
    draw, users = np.random.default_rng(1), Users()
    many = draw.integers(1, 2**64, 1_000_000, dtype=np.uint64)
    for part in np.array_split(many, 50):
        users.first(part)
    assert users.have(many).all()
    assert not users.have(draw.integers(1, 2**64, 100_000, dtype=np.uint64)).any()
    assert users._table.nbytes <= 23 * len(users)
