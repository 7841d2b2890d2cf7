"""A run's page is never a reason for a release to stop."""

import logging
import threading
import time
import uuid

import pytest
from prefect.logging import disable_run_logger
from prefect.settings import PREFECT_API_URL, temporary_settings

from greenramp.home import Home
from greenramp.lifecycle.phases import Phase
from greenramp.reporting.progress import Now
from tasks.page import live_page, show_end, show_phase

NOWHERE = "http://127.0.0.1:1/api"


@pytest.fixture
def prefect_away(monkeypatch):
    """A run whose Prefect server does not answer."""
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", str(uuid.uuid4()))
    with temporary_settings({PREFECT_API_URL: NOWHERE}):
        yield


def test_with_prefect_away_the_release_goes_on_and_the_log_says_so(prefect_away, caplog):
    with caplog.at_level(logging.WARNING):
        show_phase("fraud-4-abcd1234", Phase.CANARY, 5.0)
        show_end("fraud-4-abcd1234", Phase.LIVE, "# report", "it is champion")
    assert sum("the run's page is not up to date" in record.getMessage() for record in caplog.records) == 3


def test_looks_are_shown_without_waiting_for_prefect(prefect_away, tmp_path):
    with disable_run_logger(), live_page(Home(tmp_path), "fraud", "fraud-4-abcd1234") as page:
        began = time.monotonic()
        for n in range(100):
            page.show(Now("5 %", 5.0, (n, 100)), urgent=True)
        assert time.monotonic() - began < 1


def test_outside_of_a_run_there_is_no_page(caplog):
    me = threading.get_ident()  # the page of the test before may still be trying in its own thread
    with temporary_settings({PREFECT_API_URL: NOWHERE}), caplog.at_level(logging.WARNING):
        show_phase("fraud-4-abcd1234", Phase.CANARY, 5.0)
    assert not [record for record in caplog.records if record.thread == me]
