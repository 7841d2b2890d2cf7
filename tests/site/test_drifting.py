"""What a look has found is kept, and a damaged file of it stops nobody."""

import pytest

from greenramp.clients.driftfile import change_drift, mark_told, read_drift
from greenramp.home import Home
from greenramp.lifecycle.drift import Drift, What

ALIAS = Drift("fraud", What.ALIAS, "moved", acts=False, since=1.0)
ROUTE = Drift("fraud", What.ROUTE, "edited", acts=True, since=2.0)


def test_what_has_been_told_is_marked_and_nothing_else(tmp_path):
    home = Home(tmp_path)
    assert read_drift(home) == ()
    change_drift(home, lambda _: (ALIAS, ROUTE))
    mark_told(home, [ALIAS])
    assert [(one.what, one.told) for one in read_drift(home)] == [(What.ALIAS, True), (What.ROUTE, False)]


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"format": 2, "found": []}', '{"format": 1, "found": [{}]}'])
def test_a_damaged_file_is_as_none(tmp_path, text):
    home = Home(tmp_path)
    home.drift.write_text(text)
    assert read_drift(home) == ()
    mark_told(home, [ALIAS])
