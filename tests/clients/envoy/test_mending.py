"""A file that Envoy does not run with is put right before Envoy's next start would read it."""

import contextlib
import json

import pytest

from greenramp.clients.atomicfile import read_json, write_text
from greenramp.errors import Unreachable
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

FILES = ["rds.json", "cds.json"]


def refused_by_envoy(site):
    """What a writer leaves that dies right after it wrote a route to a cluster that is not there."""
    path = site.home.xds / "rds.json"
    file = read_json(path)
    file["version_info"] = str(int(file["version_info"]) + 1)
    file["resources"][0]["virtual_hosts"][0]["routes"][0]["route"]["cluster"] = "nowhere"
    before = site.admin.accepted_routes()
    write_text(path, json.dumps(file))
    site.eventually(lambda: site.admin.accepted_routes().rejected > before.rejected, "Envoy has refused it")


def listening(site):
    with contextlib.suppress(Unreachable, OSError):
        return site.admin.ready() and site.ask("/").status == 404
    return False


def test_with_everything_in_order_nothing_is_touched(site, blue):
    before = [(site.home.xds / name).stat() for name in FILES]
    assert site.router.mend() == []
    assert [(site.home.xds / name).stat() for name in FILES] == before


def test_a_refused_file_of_a_dead_writer_is_replaced_and_kept_aside(site, blue):
    good = (site.home.xds / "rds.json").read_text()
    refused_by_envoy(site)
    (said,) = site.router.mend()
    assert "rds.json was not what Envoy runs with; its last good copy is back, the other is " in said
    assert (site.home.xds / "rds.json").read_text() == good
    assert '"nowhere"' in (site.home.xds.parent / "good" / "rds.json.refused").read_text()
    assert site.router.mend() == []


@pytest.mark.parametrize("name", FILES)
def test_envoy_started_on_a_damaged_file_answers_again_once_it_is_mended(site, blue, name):
    site.kill()
    write_text(site.home.xds / name, "{")
    site.launch()
    site.eventually(lambda: listening(site), "Envoy is there")
    assert site.ask("/fraud/").status == 404
    assert site.router.mend()
    site.eventually(lambda: site.ask("/fraud/").status == 200, "Envoy has taken the good copy")
    assert site.ask("/fraud/").name == "blue"


def test_what_envoy_runs_with_but_nobody_kept_is_left_to_a_person(site, blue):
    (site.home.xds.parent / "good" / "rds.json").unlink()
    refused_by_envoy(site)
    refused = (site.home.xds / "rds.json").read_text()
    assert site.router.mend() == []
    assert (site.home.xds / "rds.json").read_text() == refused


def test_a_service_is_changed_as_ever_after_mending(site, blue):
    refused_by_envoy(site)
    site.router.mend()
    site.router.change("digits", lambda _: Route("digits"))
    assert site.router.read("fraud").live is Side.BLUE
    assert site.router.mend() == []
