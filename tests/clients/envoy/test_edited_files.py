"""A file that somebody edits under Envoy's hands is noticed, and what Envoy took last comes back when asked for."""

import json

import pytest

from greenramp.clients.atomicfile import read_json, write_text

FILES = ["rds.json", "cds.json"]


def test_what_envoy_took_is_not_taken_for_edited(site, blue):
    assert not site.router.edited()
    before = [(site.home.xds / name).stat() for name in FILES]
    site.router.restore()
    assert [(site.home.xds / name).stat() for name in FILES] == before


def test_an_edited_route_file_is_noticed_and_put_back(site, blue):
    path = site.home.xds / "rds.json"
    before = read_json(path)
    file = read_json(path)
    file["resources"][0]["virtual_hosts"][0]["routes"].pop(0)
    write_text(path, json.dumps(file))
    assert site.router.edited()
    site.router.restore()
    after = read_json(path)
    assert not site.router.edited()
    assert after["resources"] == before["resources"]
    assert int(after["version_info"]) > int(before["version_info"])
    assert site.admin.accepted_routes().version == after["version_info"]


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_not_taken_for_an_edited_one(site, blue, name):
    path = site.home.xds / name
    whole = path.read_text()
    path.write_text(whole[:-40])
    assert not site.router.edited()
    write_text(path, whole)
