"""The examples' releases on a real site, under their own traffic: good versions serve, bad ones go back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from site_driver import PROJECT, Site

from examples.clicks.run import EXAMPLE as CLICKS
from examples.digits.demo import EXAMPLE as DIGITS
from examples.example import Example
from examples.prices.run import EXAMPLE as PRICES
from examples.traffic import Counts, Traffic
from greenramp.clients.prefectapi import FlowRun
from greenramp.site.settings import read_settings

pytestmark = [pytest.mark.examples, pytest.mark.timeout(1200)]

EXAMPLES = {"digits": DIGITS, "prices": PRICES, "clicks": CLICKS}
REGISTER = """
import json
from examples.clicks.run import EXAMPLE as clicks
from examples.digits.demo import EXAMPLE as digits
from examples.prices.run import EXAMPLE as prices
from examples.registering import register
print(json.dumps({e.service: register(e, e.train()) for e in (digits, prices, clicks)}))
"""


@dataclass(frozen=True)
class Played:
    """What became of an example: its versions' numbers and releases in order, what users saw, what serves now."""

    numbers: list[str]
    runs: list[FlowRun]
    counts: Counts
    serving: str | None


def registered(site: Site) -> dict[str, list[str]]:
    """Train and register all versions, in a process of its own: MLflow warns, and warnings are errors here."""
    done = subprocess.run(
        [sys.executable, "-c", REGISTER],
        cwd=PROJECT, env={**site.environment, "MLFLOW_TRACKING_URI": site.mlflow_url},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def configure(site: Site, example: Example) -> None:
    """The example's own file, as it is."""
    shutil.copy(PROJECT / example.configs / "services" / f"{example.service}.yaml", site.configs / "services")


def play(site: Site, example: Example, numbers: list[str]) -> Played:
    """Release one version after another, the first one before there are users."""
    service = example.service
    runs = [site.ended(site.start(service, numbers[0]))]
    settings = read_settings(site.home)
    with Traffic(settings.router_url, settings.outcomes_url, example) as traffic:
        runs += [site.ended(site.start(service, number)) for number in numbers[1:]]
    return Played(numbers, runs, traffic.counts, site.live_version(service))


@pytest.fixture(scope="module")
def played(site):
    """Two examples at a time, each with one release after another."""
    for example in EXAMPLES.values():
        configure(site, example)
    numbers = registered(site)
    with ThreadPoolExecutor(2) as pool:
        outcomes: dict[str, Future[Played]] = {
            name: pool.submit(play, site, one, numbers[name]) for name, one in EXAMPLES.items()
        }
    return outcomes


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_release_ends_as_the_example_promises(played, name):
    done = played[name].result()
    ended = [run.state for run in done.runs]
    assert ended == [version.ends for version in EXAMPLES[name].versions], [run.message for run in done.runs]
    best = [number for number, state in zip(done.numbers, ended, strict=True) if state == "Promoted"][-1]
    assert done.serving == best


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("digits", 2, "shadow/agreement is fail at shadow: "),
        ("digits", 3, "accuracy is fail at "),
        ("prices", 2, "error-size is fail at "),
        ("clicks", 2, "clicks is fail at "),
    ],
    ids=["broken export", "a hundred images", "learnt by heart", "slipped export"],
)
def test_a_bad_version_is_taken_back_by_the_gate_that_is_meant(played, name, place, words):
    assert words in played[name].result().runs[place].message


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_request_fails_and_users_meet_only_who_may_be_met(played, name):
    done = played[name].result()
    assert done.counts.failures == []
    assert done.counts.requests > 0
    for version, number in zip(EXAMPLES[name].versions[1:], done.numbers[1:], strict=True):
        assert (done.counts.by_version[number] > 0) == version.met
