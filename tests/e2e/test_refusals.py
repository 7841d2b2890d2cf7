"""Bad input and missing servers: one clear message, an exit code, traffic untouched, no process left."""

from __future__ import annotations

import pytest

from greenramp.clients.supervisor import Supervisor

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def steady(site):
    """A service with one version serving."""
    service = site.add_service("steady")
    assert site.run("release", service, site.register(service, "good")).code == 0
    return service


@pytest.fixture
def unchanged(site, steady):
    """Whatever the test does: the same traffic and the same model processes afterwards, and nobody in charge."""

    def look():
        serving = sorted(p.pid for p in site.processes() if "greenramp.serving" in " ".join(p.cmdline()))
        route = site.router.read(steady)
        return serving, route.split, route.live, route.owner

    before = look()
    yield
    assert look() == before
    assert site.live_version(steady) == "1"


def refused(done, *words: str) -> None:
    assert done.code in (1, 2), done.text
    for word in words:
        assert word in done.text, done.text
    assert "Traceback" not in done.text


def test_an_unknown_service_is_named_with_those_there_are(site, unchanged):
    refused(site.run("release", "nosuch", "1"), "no service 'nosuch'", "services: ", "steady")


def test_an_unknown_version_is_named_with_those_there_are(site, steady, unchanged):
    refused(site.run("release", steady, "77"), "has no version 77", "versions: 1")


def test_an_alias_that_is_not_set_is_named(site, steady, unchanged):
    refused(site.run("release", steady), "has no alias challenger", "aliases: champion -> 1")


def test_a_moving_name_is_refused_before_anything_runs(site, steady, unchanged):
    refused(site.run("release", steady, "latest"), "'latest' changes while one looks")


def test_a_version_without_signature_is_refused_and_the_way_to_allow_it_named(site, steady, unchanged):
    version = site.register(steady, "good", signature=False)
    refused(site.run("release", steady, version), "has no signature", "allow_missing_signature: true")


def test_a_model_that_does_not_load_is_taken_back_with_its_own_words(site, steady, unchanged):
    preamble = "if os.environ.get('SUPERVISOR_ENABLED'): raise RuntimeError('no weights on this machine')"
    version = site.register(steady, "good", preamble=preamble)
    refused(site.run("release", steady, version), "RolledBack", "does not load", "no weights on this machine")


def test_a_model_that_fails_its_smoke_test_meets_no_user(site, steady, unchanged):
    version = site.register(steady, "x", body="raise ValueError('not today')")
    refused(site.run("release", steady, version), "RolledBack", "smoke/answers is fail", "0 of 10 requests")


def test_broken_yaml_is_named_with_its_line(site, unchanged):
    file = site.configs / "services" / "crooked.yaml"
    file.write_text("model: [unclosed\ngates: }\n")
    try:
        refused(site.run("release", "crooked", "1"), "crooked.yaml", "line 2")
    finally:
        file.unlink()


def test_every_fault_of_a_file_is_named_with_key_value_and_what_was_wanted(site, unchanged):
    file = site.configs / "services" / "faulty.yaml"
    file.write_text("model: m\nlader: [5, 100]\nladder: [5, 400]\ngates: [{name: e, metric: errors, margin: -1}]\n")
    try:
        done = site.run("check", "--configs", str(site.configs))
        refused(done, "faulty.yaml: lader: no such key", "ladder.1", "400", "gates.0.margin", "-1")
        refused(site.run("release", "faulty", "1"), "faulty.yaml: lader")
    finally:
        file.unlink()


def test_with_mlflow_away_a_release_is_refused_and_traffic_goes_on(site, steady, users, unchanged):
    supervisor = Supervisor(site.home.supervisor_socket)
    supervisor.ensure_stopped("mlflow")
    try:
        with users(steady) as seen:
            refused(site.run("release", steady, "1"), "Refused", f"MLflow at {site.mlflow_url} does not answer")
        assert seen.failures == []
        assert seen.requests > 0
    finally:
        assert site.run("up", "--configs", str(site.configs), "--port-base", str(site.ports)).code == 0


def test_a_label_file_with_a_broken_line_adds_nothing(site, steady, tmp_path, unchanged):
    file = tmp_path / "labels.jsonl"
    file.write_text('{"id": "a", "label": 1}\n{"id": "b"}\n')
    refused(site.run("outcomes", steady, str(file)), "labels.jsonl: line 2")
    assert not (site.home.outcomes / f"{steady}.jsonl").exists() or "a" not in (
        site.home.outcomes / f"{steady}.jsonl"
    ).read_text().split('"')
