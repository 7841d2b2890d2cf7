"""Whatever a power loss makes of a file: everything that reads it says so in a sentence, and traffic stays allowed."""

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.clients.envoy.routes import records_of, route_file
from greenramp.clients.journal import Journal
from greenramp.errors import ConfigError, GreenrampError
from greenramp.home import Home
from greenramp.providers.local import LocalProvider
from greenramp.site.programfiles import is_whole, set_aside_damaged
from greenramp.site.start import write_files

_spec = importlib.util.spec_from_file_location("damaged", Path(__file__).with_name("damaged.py"))
state = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(state)

FILES = [
    "site.json",
    "envoy/xds/rds.json",
    "envoy/xds/cds.json",
    "envoy/good/rds.json",
    "envoy/good/cds.json",
    "envoy/bootstrap-a.json",
    "envoy/bootstrap-b.json",
    "envoy/user.key",
    "run/takeover.json",
    "supervisor/supervisord.conf",
    "supervisor/programs/fraud.green.conf",
    "environments/fraud.green.json",
    "secrets/webhook",
    "secrets/mlflow-encryption",
    "wishes/fraud.json",
    "wishes/since/since.json",
    "wishes/deliveries/taken.json",
    "releases/fraud-8-aaaaaaaa.jsonl",
    "releases/fraud-8-aaaaaaaa.orders.jsonl",
    "releases/fraud-8-aaaaaaaa.evidence.json",
    "releases/fraud-8-aaaaaaaa.shadow.json",
    "releases/fraud-8-aaaaaaaa.stop.json",
    "drift.json",
    "releases/outbox/{news}.json",
    "releases/outbox/{news}.t1.mark",
    "requests/requests.jsonl",
    "predictions/fraud.green.0.jsonl",
    "outcomes/fraud.jsonl",
]

CUT = st.builds(lambda at: ("cut", at), st.floats(0, 0.999))
ZEROS = st.builds(lambda at: ("zeros", at), st.floats(0, 0.999))
NOISE = st.builds(lambda at, noise: ("noise", at, noise), st.floats(0, 0.999), st.binary(min_size=1, max_size=4))
OTHER = st.sampled_from([("other", text) for text in (b"[]", b"null", b"{}", b"3", b'"x"', b"[{}]", b"[" * 5000)])
HURT = st.one_of(CUT, CUT, ZEROS, NOISE, OTHER)


def hurt(data: bytes, how: tuple) -> bytes:
    """What a disk may make of a file: cut short, zeros from a byte on, other bytes, or something else altogether."""
    if how[0] == "other":
        return how[1]
    at = int(how[1] * len(data))
    if how[0] == "noise":
        return data[:at] + how[2] + data[at + len(how[2]) :]
    return data[:at] + (b"\0" * (len(data) - at) if how[0] == "zeros" else b"")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("site"))
    state.write_everything(home)
    return home


@pytest.fixture
def home(template, tmp_path):
    return copied(template, tmp_path / "copy")


def copied(template, to):
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(template.root, to, symlinks=True)
    return Home(to)


def test_every_kind_of_file_is_tried(template):
    assert state.state_files(template) == sorted(name.format(news=state.NEWS.name) for name in FILES)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=5, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(how=HURT)
@example(how=("cut", 0.0))
def test_a_damaged_file_is_named_or_done_without_and_traffic_stays_allowed(template, tmp_path, name, how):
    home = copied(template, tmp_path / "copy")
    path = home.root / name.format(news=state.NEWS.name)
    allowed = [read_json(folder / "rds.json") for folder in (home.xds, home.xds.parent / "good")]
    clusters = read_json(home.xds / "cds.json")
    path.write_bytes(hurt(path.read_bytes(), how))
    said = {}
    for reader, read in state.READERS.items():
        try:
            read(home)
        except GreenrampError as error:
            said[reader] = str(error)
    assert all(path.name in sentence for sentence in said.values()), said
    if not name.startswith("envoy/") or how[0] != "noise":  # a changed digit can't be told from a written one
        assert_allowed(home, allowed, clusters)


def assert_allowed(home, allowed, clusters):
    """Envoy would read one of the files that were written, or one that is no JSON and that it does not take."""
    for path, written in ((home.xds / "rds.json", allowed), (home.xds / "cds.json", [clusters])):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        assert found in written or not isinstance(found, dict) or "resources" not in found


@pytest.mark.parametrize("name", ["rds.json", "cds.json"])
def test_the_next_start_puts_the_last_good_copy_in_place_of_a_damaged_file(home, name):
    good = read_json(home.xds.parent / "good" / name)
    (home.xds / name).write_bytes((home.xds / name).read_bytes()[:-40])
    write_files(state.settings(home), print)
    assert read_json(home.xds / name) == good


def test_a_start_ends_with_a_sentence_when_the_copy_is_damaged_too(home):
    for folder in (home.xds, home.xds.parent / "good"):
        (folder / "rds.json").write_text('{"version_info": "7"')
    with pytest.raises(ConfigError, match=r"rds\.json is damaged.*put a backup back"):
        write_files(state.settings(home), print)


def test_a_port_that_the_router_sends_to_is_never_given_out_whatever_became_of_the_record(home):
    (home.environments / "fraud.green.json").write_text("")
    assert not {47101, 47102} & set(LocalProvider(home, 47100).free_ports(3))


def test_half_a_line_of_a_journal_does_not_swallow_the_next(home):
    journal = Journal(home, state.RELEASE)
    journal.path.write_bytes(journal.path.read_bytes()[:-20])
    journal.add("ended", outcome="rolled-back", reason="it died")
    assert [line["event"] for line in journal.read()] == ["claimed", "share raised", "ended"]


def test_every_cut_of_an_environments_program_is_noticed_and_laid_aside(home):
    path = home.programs / "fraud.green.conf"
    whole = path.read_bytes()
    assert is_whole(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert not is_whole(path), whole[:length]
    said: list[str] = []
    set_aside_damaged(home, said.append)
    assert not path.exists()
    assert "greenramp rollback fraud" in said[0]


NEWER = {
    "site.json": "up",
    "envoy/xds/rds.json": "up",
    "envoy/xds/cds.json": "up",
    "environments/fraud.green.json": "an environment",
    "wishes/fraud.json": "wishes",
    "wishes/since/since.json": "up",
    "wishes/deliveries/taken.json": "a webhook",
    "releases/fraud-8-aaaaaaaa.shadow.json": "a shadow test",
}


@pytest.mark.parametrize(("name", "reader"), NEWER.items())
def test_a_file_of_a_newer_version_is_refused_and_stays_as_it_is(home, name, reader):
    path = home.root / name
    stamp = {"control_plane": {"identifier": "greenramp 99"}} if "envoy" in name else {"format": 99}
    write_json(path, {**read_json(path), **stamp})
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"format 99, this version reads up to \d; a newer version") as refused:
        state.READERS[reader](home)
    assert str(path) in str(refused.value)
    assert path.read_bytes() == before


def test_news_of_a_newer_version_are_left_to_it(home):
    path = home.outbox / f"{state.NEWS.name}.json"
    write_json(path, {**read_json(path), "format": 99})
    before = path.read_bytes()
    state.READERS["messages"](home)
    assert path.read_bytes() == before


def test_files_of_before_there_were_formats_are_read(home):
    record = read_json(home.environments / "fraud.green.json")
    write_json(home.environments / "fraud.green.json", {k: v for k, v in record.items() if k != "logs"} | {"format": 1})
    assert LocalProvider(home, 47100).read("fraud", state.Side.GREEN).version == "8"
    write_json(home.wishes / "since" / "since.json", {"since": 7.5})
    assert state.ensure_since(home, 99.0) == 7.5
    write_json(home.xds / "rds.json", route_file([state.BEFORE], 6))
    assert records_of(read_json(home.xds / "rds.json")) == state.Router(home).read_all() == {"fraud": state.BEFORE}


@pytest.mark.parametrize("name", ["site.json", "envoy/xds/rds.json", "releases/fraud-8-aaaaaaaa.jsonl"])
def test_the_command_status_ends_with_a_sentence(home, name):
    path = home.root / name
    path.write_bytes(path.read_bytes()[:-30])
    command = [Path(sys.executable).parent / "greenramp", "--home", home.root, "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or (done.returncode == 2 and path.name in done.stderr)


def test_a_folder_that_others_can_write_is_refused(home):
    home.environments.chmod(0o777)
    with pytest.raises(ConfigError, match="can be written by other users"):
        write_files(state.settings(home), print)


def test_everything_a_site_writes_is_for_its_owner_alone(template):
    for path in template.root.rglob("*"):
        if path.is_file() and path.parent not in (template.request_log.parent, template.predictions):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert all(stat.S_IMODE(p.stat().st_mode) & 0o077 == 0 for p in template.root.rglob("*") if p.is_dir())


@pytest.fixture(autouse=True)
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)
