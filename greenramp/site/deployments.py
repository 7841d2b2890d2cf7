"""The deployments of prefect.yaml on the site's Prefect server."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from greenramp.clients.atomicfile import write_text
from greenramp.errors import ConfigError
from greenramp.site.programs import environment
from greenramp.site.settings import SiteSettings


def ensure_deployments(site: SiteSettings) -> bool:
    """Deploy prefect.yaml when it, or a flow it names, has changed since; returns whether it had to."""
    mark = site.home.prefect / "deployed"
    wanted = _fingerprint(site.project)
    if mark.exists() and mark.read_text() == wanted:
        return False
    done = subprocess.run(
        [str(Path(sys.executable).parent / "prefect"), "--no-prompt", "deploy", "--all"],
        env=environment(site),
        cwd=site.project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode:
        raise ConfigError(f"prefect.yaml can't be deployed: {' '.join((done.stdout + done.stderr).split())[-800:]}")
    write_text(mark, wanted)
    return True


def _fingerprint(project: Path) -> str:
    files = [project / "prefect.yaml", *sorted((project / "flows").glob("*.py"))]
    content = b"".join(str(file.name).encode() + file.read_bytes() for file in files)
    return hashlib.sha256(str(project).encode() + content).hexdigest()
