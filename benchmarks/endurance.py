"""A site under steady load while releases go round: promote, roll back, promote ... What fails, and what grows.

Run: python -m benchmarks.endurance [--rate 500] [--minutes 10] [--port-base 47000]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parent / "driving"))

from serving_process import COLUMNS, PLANTED
from steady_load import SteadyLoad

SERVICE = "endurance"
GREENRAMP = str(Path(sys.executable).parent / "greenramp")
VERSIONS = {"1": ({}, "Promoted"), "2": ({"fault": "retrained"}, "Promoted"), "3": ({"ms": 40}, "RolledBack")}
ROUND = ("2", "3", "1", "3")
CONFIG = {
    "model": SERVICE,
    "shadow": {"enabled": False},
    "ladder": [5, 25, 50, 100],
    "step": {"min_seconds": 5, "deadline_seconds": 120},
    "bake": {"min_seconds": 5, "deadline_seconds": 120},
    "gates": [
        {"name": "errors", "metric": "errors", "margin": 0.5},
        {"name": "slow", "metric": "slow", "slower_than_ms": 30, "margin": 0.5, "floor": 0.05},
    ],
    "triggers": {"alias": None, "stage": None},
}
KINDS = ("envoy", "prefect server", "mlflow", "greenramp.serving", "prefect worker", "greenramp.site.guard")


@dataclass
class Sample:
    """The site at one moment. mb: resident memory by kind of process. files: open descriptors of all of them."""

    minute: float
    mb: Counter[str] = field(default_factory=Counter)
    processes: int = 0
    zombies: int = 0
    files: int = 0
    disk_mb: float = 0.0


def main() -> int:
    """Print a line a minute, and what became of the releases; 1 if a request failed or a release ended otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--port-base", type=int, default=47_000)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gr-"))
    os.environ |= {
        "GREENRAMP_HOME": str(folder / "home"),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{chosen.port_base + 1}",
    }
    try:
        _start(folder, chosen.port_base)
        return _run(folder / "home", chosen)
    finally:
        _greenramp("down", "--force")
        shutil.rmtree(folder)


def _start(folder: Path, port_base: int) -> None:
    (folder / "configs" / "services").mkdir(parents=True)
    (folder / "configs" / "sites").mkdir()
    (folder / "configs" / "sites" / "local.yaml").write_text("kind: local\n")
    (folder / "configs" / "services" / f"{SERVICE}.yaml").write_text(yaml.safe_dump(CONFIG))
    _greenramp("up", "--configs", str(folder / "configs"), "--port-base", str(port_base), needed=True)
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(inputs=Schema([ColSpec("double", name) for name in COLUMNS]))
    for config, _ in VERSIONS.values():
        with mlflow.start_run():
            mlflow.pyfunc.log_model(
                name="model", python_model=str(PLANTED), model_config={"classes": True, **config}, signature=signature,
                registered_model_name=SERVICE, pip_requirements=["mlflow"],
            )  # fmt: skip
    _greenramp("release", SERVICE, "1", needed=True)


def _run(home: Path, chosen: argparse.Namespace) -> int:
    body = json.dumps({"dataframe_split": {"columns": COLUMNS, "data": [[1.0, 2.0, 3.0]]}}).encode()
    ended, samples, wrong, done = threading.Event(), [], [], Counter[str]()
    with SteadyLoad(chosen.port_base, f"/{SERVICE}/invocations", chosen.rate, users=5000, bodies=[body]) as load:
        began = time.monotonic()
        watch = threading.Thread(target=_watch, args=(home, load, began, ended, samples))
        watch.start()
        turn = 0
        while time.monotonic() - began < chosen.minutes * 60:
            version = ROUND[turn % len(ROUND)]
            turn += 1
            told = _greenramp("release", SERVICE, version)
            wanted = VERSIONS[version][1]
            done[wanted if wanted in told else "other"] += 1
            if wanted not in told:
                wrong.append(f"version {version}, which should end {wanted}: {told[-600:]}")
        ended.set()
        watch.join()
    _say(f"{len(load.sent):,} requests at {load.rate:.0f}/s, {len(load.failed)} failed; releases: {dict(done)}")
    for line in [*wrong, *(repr(sent) for sent in load.failed[:5])]:
        _say(line)
    return int(bool(wrong or load.failed))


def _watch(home: Path, load: SteadyLoad, began: float, ended: threading.Event, samples: list[Sample]) -> None:
    kinds = " ".join(f"{kind.split('.')[-1].split()[-1]:>8}" for kind in KINDS)
    _say(
        f"{'minute':>6} {'requests':>9} {'failed':>6} {'p50 ms':>7} {'p99 ms':>7}  MB: {kinds} "
        f"{'processes':>9} {'zombies':>7} {'files':>6} {'disk MB':>7}"
    )
    counted = 0
    while not ended.wait(60):
        sent = load.sent[counted:]
        counted += len(sent)
        ms = sorted((one.ended - one.at) * 1000 for one in sent)
        now = _sample(home, (time.monotonic() - began) / 60)
        samples.append(now)
        memory = " ".join(f"{now.mb[kind]:8.0f}" for kind in KINDS)
        _say(
            f"{now.minute:6.1f} {len(sent):9,} {sum(one.failed for one in sent):6} {statistics.median(ms):7.2f} "
            f"{ms[int(0.99 * len(ms))]:7.1f}      {memory} "
            f"{now.processes:9} {now.zombies:7} {now.files:6} {now.disk_mb:7.0f}"
        )


def _sample(home: Path, minute: float) -> Sample:
    found = Sample(minute)
    for process in psutil.process_iter():
        try:
            if process.environ().get("GREENRAMP_HOME") != str(home) or process.pid == os.getpid():
                continue
            words = " ".join(process.cmdline())
            kind = next((kind for kind in KINDS if kind in words), "other")
            found.mb[kind] += process.memory_info().rss / 2**20
            found.processes += 1
            found.zombies += process.status() == psutil.STATUS_ZOMBIE
            found.files += process.num_fds()
        except psutil.Error:
            continue
    files = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    found.disk_mb = sum(_size(path) for path in files) / 2**20
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # rotated away
        return 0


def _greenramp(*words: str, needed: bool = False) -> str:
    done: Any = subprocess.run([GREENRAMP, *words], capture_output=True, text=True, check=False)
    if needed and done.returncode:
        raise SystemExit(f"greenramp {' '.join(words)}: {done.stdout}{done.stderr}")
    return str(done.stdout + done.stderr)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
