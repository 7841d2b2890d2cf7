"""People hear of a release through a block of Prefect's; a freeze window holds it unless somebody says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from mlflow import MlflowClient

from greenramp.clients.outbox import Outbox

pytestmark = pytest.mark.e2e
MAKE_BLOCK = "import sys; from prefect.blocks.system import Secret; Secret(value=sys.argv[1]).save('greenramp-notify')"


@pytest.fixture
def told(site, receiver):
    """Have the site tell this receiver."""
    around = {**os.environ, "PREFECT_API_URL": f"http://127.0.0.1:{site.ports + 2}/api"}
    target = f"json://user:s3cr3t@{receiver.address}/T0KEN"
    subprocess.run([sys.executable, "-c", MAKE_BLOCK, target], env=around, check=True, timeout=120)
    file = site.configs / "sites" / "local.yaml"
    before = file.read_text()
    file.write_text("kind: local\nnotifications: {block: greenramp-notify}\n")
    yield receiver
    file.write_text(before)


def test_a_release_in_a_freeze_window_is_refused_and_with_a_reason_goes_on_and_people_hear_each_once(
    site, told, eventually
):
    now = datetime.now(UTC)
    window = {
        "from": (now - timedelta(hours=1)).isoformat(),
        "until": (now + timedelta(hours=3)).isoformat(),
        "reason": "trade fair",
    }
    service = site.add_service("frozen", freeze=[window])
    version = site.register(service, "good")
    refused = site.run("release", service, version)
    assert refused.code == 1
    assert "frozen until" in refused.text
    assert "by frozen: trade fair; override with: greenramp release frozen 1 --override-freeze" in refused.text
    released = site.run("release", service, version, "--override-freeze", "the champion leaks data")
    assert released.code == 0, released.text
    eventually(lambda: len(told.got) == 3 and not Outbox(site.home).names(), "the news", 60)
    assert told.titles == [
        "frozen: refused, nothing was touched",
        "frozen version 1: release started",
        "frozen version 1: promoted",
    ]
    assert "freeze overridden: the champion leaks data" in told.got[1][0]["message"]
    tags = MlflowClient(site.mlflow_url).get_model_version(service, version).tags
    assert tags["greenramp.freeze_overridden"] == "the champion leaks data"
    for path in (*site.home.logs.glob("*.log"), *site.home.journals.rglob("*.*")):
        assert "s3cr3t" not in path.read_text(errors="replace"), path
        assert "T0KEN" not in path.read_text(errors="replace"), path
