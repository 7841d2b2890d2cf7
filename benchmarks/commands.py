"""How long the quick commands take, against the half second that is allowed, and beside a bare Python.

Run: python benchmarks/commands.py [--home FOLDER OF A RUNNING SITE]
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT_SECONDS = 0.5
ROUNDS = 9


def main() -> None:
    """Time each command in turn, round by round, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default=".greenramp")
    home = parser.parse_args().home
    greenramp = str(Path(sys.executable).parent / "greenramp")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "greenramp --help": [greenramp, "--help"],
        "greenramp status": [greenramp, "--home", home, "status"],
        "greenramp status --json": [greenramp, "--home", home, "status", "--json"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, capture_output=True, check=False)
            seconds[name].append(time.perf_counter() - started)
    bare = statistics.median(seconds["python -c pass"][1:])
    sys.stdout.write(f"{'command':26} {'median s':>9} {'of limit':>9} {'x bare':>7}\n")
    for name, all_of_them in seconds.items():
        median = statistics.median(all_of_them[1:])  # the first round warms the disk
        sys.stdout.write(f"{name:26} {median:9.3f} {median / LIMIT_SECONDS:9.2f} {median / bare:7.1f}\n")


if __name__ == "__main__":
    main()
