"""The ground of a drill: its models, a first version that serves, and how all of it goes away again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from greenramp.clients.envoy.router import Router
from greenramp.clients.prefectapi import FlowRun, PrefectApi
from greenramp.clients.registrylook import MlflowRest
from greenramp.drill.faults import Fault
from greenramp.errors import GreenrampError, ReleaseUnderWay
from greenramp.site.drill.looking import await_true
from greenramp.site.drill.metrics import Metrics
from greenramp.site.drill.service import SERVICE, forget_service, require_own, write_service
from greenramp.site.environments import provider_of
from greenramp.site.programs import client_environment
from greenramp.site.settings import SiteSettings
from greenramp.traffic.split import Side

Say = Callable[[str], None]

_RELEASE_SECONDS = 240.0
_REGISTER_SECONDS = 240.0


@dataclass(frozen=True)
class Ground:
    """Where drills take place. sound: versions without a fault. planted: the version with each fault."""

    site: SiteSettings
    sound: tuple[str, ...]
    planted: dict[Fault, str] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)

    def live(self) -> str | None:
        """The version that has all traffic."""
        router = Router(self.site.home)
        route = router.read(SERVICE)
        upstream = router.upstream(SERVICE, route.live) if route.live else None
        return upstream.version if upstream and not route.percent else None

    def other_sound(self) -> str:
        """A sound version that does not serve now."""
        return next(version for version in self.sound if version != self.live())

    def start(self, version: str) -> FlowRun:
        """Ask for a release."""
        prefect = PrefectApi(self.site.prefect_url)
        return prefect.run("release/greenramp", {"service": SERVICE, "candidate": version})

    def release(self, version: str, fault: Fault | None = None) -> FlowRun:
        """A release without a fault, to its end, of a service on which `fault` can be planted; None for a plain one."""
        write_service(self.site, fault, None, self.metrics.url)
        prefect, run = PrefectApi(self.site.prefect_url), self.start(version)
        await_true(f"release of version {version} is over", lambda: prefect.flow_run(run.id).ended, _RELEASE_SECONDS)
        return prefect.flow_run(run.id)


@contextmanager
def ground(site: SiteSettings, faults: Sequence[Fault], say: Say) -> Iterator[Ground]:
    """Make it for these faults, and take all of it away when the block ends: service, models, files.

    What releases wrote down stays: their journals, and their records in MLflow. Raises ConfigError when the name is
    taken, ReleaseUnderWay while another drill goes on.
    """
    require_own(site)
    held = Router(site.home).read(SERVICE)
    if held.held(time.time()):
        raise ReleaseUnderWay(f"another drill is under way: {held.owner} ({held.step}); wait for its end")
    clean(site)
    bad = [fault for fault in dict.fromkeys(faults) if fault.in_model]
    try:
        say("registering the drill's models")
        one, two, *others = _register(site, ["", "", *(fault.value for fault in bad)])
        made = Ground(site, (one, two), dict(zip(bad, others, strict=True)))
        say("releasing a first version")
        first = made.release(one)
        if first.state != "Promoted":
            raise GreenrampError(f"the drill's first version is not promoted ({first.state}: {first.message})")
        try:
            yield made
        finally:
            made.metrics.end()
    finally:
        say("putting the drill's service away")
        clean(site)


def clean(site: SiteSettings) -> None:
    """Stop the drill's environments and forget its service, models and files. Safe to repeat."""
    router = Router(site.home)
    router.change(SERVICE, lambda r: replace(r, live=None, percent=0.0, mirror=0.0, fallback=False, owner="", until=0))
    for side in Side:
        provider_of(site).stop(SERVICE, side)
        router.remove_upstream(SERVICE, side)
    router.forget(SERVICE)
    MlflowRest(site.mlflow_url).forget_model(SERVICE)
    shutil.rmtree(site.home.models / SERVICE, ignore_errors=True)
    for folder in (site.home.predictions, site.home.outcomes, site.home.wishes):
        for path in folder.glob(f"{SERVICE}.*"):
            path.unlink(missing_ok=True)
    forget_service(site)


def _register(site: SiteSettings, faults: Sequence[str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "greenramp.site.drill.registering", SERVICE, *faults],
        env={**os.environ, **client_environment(site), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=_REGISTER_SECONDS,
        check=False,
    )
    if done.returncode:
        raise GreenrampError(f"the drill's models can't be registered: {done.stderr.strip()[-500:]}")
    return [str(version) for version in json.loads(done.stdout.strip().splitlines()[-1])]
