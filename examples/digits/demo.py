"""The demo: one service, four versions, steady users. A good one is promoted, two bad ones are taken back.

One is found before any user meets it, by comparing answers to copied requests; the other by its first users' labels.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from examples.digits.show import Told, console, follow, step, summary
from greenramp.clients.prefectapi import PrefectApi
from greenramp.errors import GreenrampError
from greenramp.home import Home
from greenramp.site.programs import client_environment
from greenramp.site.settings import HOME_VARIABLE, SiteSettings, this_site
from greenramp.site.stop import end_processes

SERVICE = "digits"
_REQUESTS_PER_SECOND = 60.0


def main() -> int:
    """Run it; the exit code is 0 only if everything came out as promised."""
    arguments = _arguments()
    home = Home(Path(arguments.home).absolute())
    os.environ[HOME_VARIABLE] = str(home.root)
    code = 1
    try:
        code = _demo(home, arguments.port_base)
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


def _demo(home: Home, port_base: int | None) -> int:
    with step("putting an earlier demo away"):
        end_processes(home)
        shutil.rmtree(home.root, ignore_errors=True)
    with step("starting Envoy, MLflow and Prefect, training four models meanwhile"):
        starting = _start_site(port_base)
        from examples.digits import models

        digits = models.load()
        trained = [models.linear(digits), models.support_vectors(digits), models.half_read(digits)]
        trained.append(models.first_hundred(digits))
        _require_started(starting)
    site = this_site()
    os.environ.update(client_environment(site))
    with step("registering them in MLflow"):
        texts = ["logistic regression", "support vectors", "support vectors, trained on a broken export"]
        texts.append("support vectors, trained on a hundred images")
        with _quiet():
            versions = [models.register(m, digits, SERVICE, t) for m, t in zip(trained, texts, strict=True)]

    from examples.digits.traffic import Traffic

    first = _release(site, versions[0], "first version", None)
    with Traffic(site.router_url, site.outcomes_url, SERVICE, digits, _REQUESTS_PER_SECOND) as traffic:
        good = _release(site, versions[1], "a better version", traffic)
        bad = _release(site, versions[2], "a bad version, which passes its smoke test", traffic)
        worse = _release(site, versions[3], "a worse version, which labels alone can tell", traffic)
    releases = [first, good, bad, worse]
    console.print()
    for part in summary(site, releases, traffic.counts):
        console.print(part)
    return _judge(site, releases, traffic.counts, versions)


def _release(site: SiteSettings, version: str, title: str, traffic: object) -> Told:
    """Point the alias at the version, as a data scientist would, and ask for its release."""
    from mlflow import MlflowClient

    MlflowClient().set_registered_model_alias(SERVICE, "challenger", version)
    run = PrefectApi(site.prefect_url).run("release/greenramp", {"service": SERVICE, "candidate": "challenger"})
    return follow(site, run, f"{title} ({version})", lambda: getattr(traffic, "counts", None))


def _judge(site: SiteSettings, releases: list[Told], counts: object, versions: list[str]) -> int:
    """Whether the demo showed what it promises."""
    from greenramp.clients.registry import Registry

    states = [told.run.state for told in releases]
    champion = Registry(site.mlflow_url).alias(SERVICE, "champion")
    wrong = []
    if states != ["Promoted", "Promoted", "RolledBack", "RolledBack"]:
        wrong.append(f"the releases ended {states}")
    if met := getattr(counts, "by_version", {}).get(versions[2]):
        wrong.append(f"{met} users met version {versions[2]}")
    if champion != versions[1]:
        wrong.append(f"the champion is {champion}, not {versions[1]}")
    if getattr(counts, "failed", 1):
        wrong.append(f"users saw failures: {getattr(counts, 'failures', [])}")
    for what in wrong:
        console.print(f"[red]not as promised[/red]: {what}")
    return 1 if wrong else 0


def _start_site(port_base: int | None) -> subprocess.Popen[str]:
    base = port_base if port_base is not None else _free_base()
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "greenramp"), "up", *(["--port-base", str(base)] if base else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _require_started(starting: subprocess.Popen[str]) -> None:
    said, _ = starting.communicate()
    if starting.returncode:
        raise GreenrampError(f"the site does not start: {said.strip()}")


def _free_base() -> int | None:
    """None when the configured ports are free; else the first free three from there on."""
    from greenramp.clients.configfiles import read_site

    ports = read_site(Path("configs"), "local").ports
    if all(map(_free, (ports.router, ports.mlflow, ports.prefect))):
        return None
    return next(base for base in range(20_000, 60_000, 200) if all(map(_free, range(base, base + 3))))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """MLflow talks much while it registers; the demo says the same in one line."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="mlflow")
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the site running")
    parser.add_argument("--home", default=".greenramp-demo", help="folder of the demo's site")
    parser.add_argument("--port-base", type=int, help="take ports from here on")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
