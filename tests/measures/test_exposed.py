"""How many requests the candidate was given, in all and in this step."""

import json

import numpy as np

from greenramp.measures.exposed import Exposed


def batch(*rows):
    """Give rows of (candidate's, generation) as two columns."""
    return np.array([mine for mine, _ in rows], bool), np.array([generation for _, generation in rows], np.int64)


def test_all_are_counted_and_those_of_this_step_beside_the_champions():
    met = Exposed(5)
    met.add(*batch((True, 4), (False, 4), (True, 5), (False, 5), (False, 6)))
    met.add(*batch((True, 5)))
    assert (met.requests, met.step) == (3, (2, 4))


def test_kept_and_gone_on_with_the_step_goes_on_and_a_new_one_begins_at_nothing():
    met = Exposed(5)
    met.add(*batch((True, 5), (False, 5)))
    kept = json.loads(json.dumps(met.state()))
    same, later = Exposed(5), Exposed(6)
    same.restore(kept)
    later.restore(kept)
    assert (same.requests, same.step) == (1, (1, 2))
    assert (later.requests, later.step) == (1, (0, 0))
