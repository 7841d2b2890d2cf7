"""Counting that takes requests as rows, too."""

from collections.abc import Callable, Iterable

import pytest

from greenramp.config import Gate
from greenramp.measures.counting import Counting
from greenramp.measures.requestcolumns import Requests, requests_of
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side

STEP = 5


class Sums(Counting):
    """The same, also for requests one by one."""

    def add_requests(self, requests: Requests | Iterable[SeenRequest]) -> None:
        super().add_requests(requests if isinstance(requests, Requests) else requests_of(list(requests)))


@pytest.fixture(scope="session")
def counting() -> Callable[..., Sums]:
    """Begin to count for some gates, the candidate on green, in step 5."""

    def begin(*gates: Gate, **more: float) -> Sums:
        return Sums(gates, Side.GREEN, STEP, **more)

    return begin


@pytest.fixture(scope="session")
def counted(counting):
    """Count requests for one gate; give its evidence and how many belong to this step."""

    def count(gate: Gate, *requests: SeenRequest):
        sums = counting(gate)
        sums.add_requests(requests)
        return sums.evidence[gate.name], sums.this_step[gate.name]

    return count
