"""Plays an example: starts a site, releases one version after another under traffic, and says what became of them."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from examples.example import Example
from examples.show import Told, console, follow, step, summary
from examples.site import require_started, start_site
from examples.traffic import Counts, Traffic
from greenramp.clients.prefectapi import PrefectApi
from greenramp.errors import GreenrampError
from greenramp.home import Home
from greenramp.site.programs import client_environment
from greenramp.site.settings import HOME_VARIABLE, SiteSettings, this_site
from greenramp.site.stop import end_processes

_IN_WORDS = {3: "three", 4: "four"}


def play(example: Example, description: str | None) -> int:
    """Play it as the command line says; the exit code is 0 only if everything came out as promised."""
    arguments = _arguments(description)
    home = Home(Path(arguments.home).absolute())
    os.environ[HOME_VARIABLE] = str(home.root)
    code = 1
    try:
        code = _play(example, home, arguments.port_base)
    except GreenrampError as error:
        console.print(f"[red]error[/red]: {error}")
    except KeyboardInterrupt:
        console.print("\ninterrupted; putting everything away")
        code = 130
    finally:
        if arguments.keep and code == 0:
            console.print(f"The site runs on; stop it with: greenramp --home {arguments.home} down")
        else:
            with step("stopping the site"):
                end_processes(home)
    return code


def _play(example: Example, home: Home, port_base: int | None) -> int:
    with step("putting an earlier demo away"):
        end_processes(home)
        shutil.rmtree(home.root, ignore_errors=True)
    models = _IN_WORDS.get(len(example.versions), len(example.versions))
    with step(f"starting Envoy, MLflow and Prefect, training {models} models meanwhile"):
        starting = start_site(example.configs, port_base)
        trained = example.train()
        require_started(starting)
    site = this_site()
    os.environ.update(client_environment(site))
    with step("registering them in MLflow"):
        from examples.registering import register

        numbers = register(example, trained)

    titles = [version.title for version in example.versions]
    releases = [_release(site, example.service, numbers[0], titles[0], None)]
    with Traffic(site.router_url, site.outcomes_url, example) as traffic:
        for number, title in zip(numbers[1:], titles[1:], strict=True):
            releases.append(_release(site, example.service, number, title, traffic))
    console.print()
    for part in summary(site, releases, traffic.counts):
        console.print(part)
    return _judge(site, example, numbers, releases, traffic.counts)


def _release(site: SiteSettings, service: str, version: str, title: str, traffic: Traffic | None) -> Told:
    """Point the alias at the version, as a data scientist would, and ask for its release."""
    from mlflow import MlflowClient

    MlflowClient().set_registered_model_alias(service, "challenger", version)
    run = PrefectApi(site.prefect_url).run("release/greenramp", {"service": service, "candidate": "challenger"})
    return follow(site, run, f"{title} ({version})", lambda: traffic.counts if traffic else None)


def _judge(site: SiteSettings, example: Example, numbers: list[str], releases: list[Told], counts: Counts) -> int:
    """Whether the example showed what it promises."""
    from greenramp.clients.registry import Registry

    versions = list(zip(example.versions, numbers, strict=True))
    states = [told.run.state for told in releases]
    champion = Registry(site.mlflow_url).alias(example.service, "champion")
    best = [number for version, number in versions if version.ends == "Promoted"][-1]
    wrong = []
    if states != [version.ends for version in example.versions]:
        wrong.append(f"the releases ended {states}")
    wrong += [
        f"{counts.by_version[number]} users met version {number}"
        for version, number in versions
        if not version.met and counts.by_version[number]
    ]
    if champion != best:
        wrong.append(f"the champion is {champion}, not {best}")
    if counts.failed:
        wrong.append(f"users saw failures: {counts.failures}")
    for what in wrong:
        console.print(f"[red]not as promised[/red]: {what}")
    return 1 if wrong else 0


def _arguments(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--keep", action="store_true", help="leave the site running")
    parser.add_argument("--home", default=".greenramp-demo", help="folder of the demo's site")
    parser.add_argument("--port-base", type=int, help="take ports from here on")
    return parser.parse_args(sys.argv[1:])
