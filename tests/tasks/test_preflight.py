"""What is said of a version before anything is started."""

import json
import shutil
import sqlite3
import time
from contextlib import closing

import pytest
from prefect.logging import disable_run_logger

from greenramp.config import Service
from greenramp.errors import ConfigError
from greenramp.preflight import Severity, refusal
from tasks.preflight import all_findings
from tasks.registration import resolve_candidate

A, B = {"a": "double"}, {"b": "long"}


@pytest.fixture
def said(site, model):
    """All findings about a version, as a release would have them."""

    def findings(version, **more):
        gate = {"name": "errors", "metric": "errors", "margin": 0.05, "role": "require", **more.pop("gate", {})}
        plan = Service.model_validate({"model": model, "gates": [gate], **more})
        with disable_run_logger():
            return all_findings(site, "fraud", plan, resolve_candidate.fn(site, "fraud", plan, version))

    return findings


def one(findings, check):
    return next(finding for finding in findings if finding.check == check)


def one_request_a_second(home):
    home.request_log.parent.mkdir(parents=True)
    with home.request_log.open("w") as log:
        for ago in range(600, 0, -1):
            status = 500 if ago % 100 == 0 else 200
            row = {"ts": time.time() - ago, "cluster": "fraud.blue-live", "status": status, "attempts": 1}
            log.write(json.dumps(row) + "\n")


# against the champion


def test_a_dropped_column_is_let_through_and_named(register, serving, said):
    serving(register({**A, **B}))
    found = said(register(A))
    assert refusal(found) == ""
    assert "column b is not used any more" in one(found, "inputs").sentence
    assert refusal(said("2", preflight={"signature": "compatible"}))


def test_a_new_required_column_is_refused(register, serving, said):
    serving(register(A))
    why = refusal(said(register({**A, **B})))
    assert "column b is new, required (breaking): long" in why or "a bare list of values" in why


def test_a_retyped_column_is_refused(register, serving, said):
    serving(register({**A, **B}))
    assert "column b has another type (breaking): long -> string" in refusal(said(register({**A, "b": "string"})))


def test_a_harmless_widening_goes_on(register, serving, said):
    serving(register({**A, "b": "integer"}))
    found = said(register({**A, **B}, optional=("b",)))
    assert refusal(found) == ""
    assert {f.severity for f in found if f.check == "inputs"} == {Severity.NOTE}


def test_the_champions_copy_on_this_machine_is_used_when_mlflow_has_lost_it(register, serving, said, lose):
    champion = register({**A, **B})
    said(champion)
    serving(champion)
    lose(champion)
    assert one(said(register(A)), "inputs").severity is Severity.WARNING


def test_a_champion_whose_files_are_gone_is_a_warning(register, serving, said, lose):
    champion = register({**A, **B})
    serving(champion)
    lose(champion)
    found = said(register({**A, "b": "string"}))
    assert one(found, "champion").severity is Severity.WARNING
    assert "its files are gone" in one(found, "champion").sentence
    assert refusal(found) == ""


def test_a_champion_nobody_knows_the_version_of_is_a_warning(site, register, serving, said):
    serving("1")
    (site.home.xds / "cds.json").unlink()
    assert one(said(register(A)), "champion").severity is Severity.WARNING


def test_the_first_version_has_nobody_to_be_compared_with(register, said):
    found = said(register(A))
    assert refusal(found) == ""
    assert "first version" in one(found, "champion").sentence
    assert "first version" in one(found, "gates").sentence


# its own files


def test_what_the_files_hold_is_told(register, said):
    found = said(register(A))
    assert one(found, "code").candidate == "code"
    assert one(found, "example").severity is Severity.WARNING
    assert one(found, "digest").candidate.startswith("sha256:")
    assert one(found, "environment").severity is Severity.OK  # mlflow, which is installed here


def test_a_model_rewritten_in_mlflow_is_refused_though_the_copy_is_good(register, said, stored):
    version, other = register(A), register(A)
    assert one(said(version), "artifact").severity is Severity.OK
    shutil.copy(stored(other) / "MLmodel", stored(version) / "MLmodel")
    assert "was rewritten in MLflow since it was copied" in refusal(said(version))


def test_an_artifact_that_mlflow_has_lost_is_a_warning(register, said, lose):
    version = register(A)
    said(version)
    lose(version)
    found = said(version)
    assert one(found, "artifact").severity is Severity.WARNING
    assert refusal(found) == ""


def test_a_version_without_signature_is_refused(register, said):
    assert "no signature" in refusal(said(register({})))


def test_a_signature_that_cannot_be_read_is_refused_by_name(register, said, stored):
    version = register(A)
    file = stored(version) / "MLmodel"
    file.write_text(file.read_text().replace("'[{", "'[{{", 1))
    with pytest.raises(ConfigError, match="MLmodel: signature can't be read"):
        said(version)


# gates


def test_a_required_gate_that_cannot_decide_in_time_is_refused(site, register, serving, said):
    version = register(A)
    serving(version)
    one_request_a_second(site.home)
    why = refusal(said(version))
    for words in ("go back undecided: errors is required", "at 5 %", "takes about", "allow_undecidable: true"):
        assert words in why


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        pytest.param({"allow_undecidable": True}, "warning", id="the service allows it"),
        pytest.param({"gate": {"role": "guard"}}, "note", id="nothing is required"),
        pytest.param({"gate": {"margin": None, "max_rate": 0.2}}, "ok", id="it can"),
    ],
)
def test_others_go_on(site, register, serving, said, more, severity):
    version = register(A)
    serving(version)
    one_request_a_second(site.home)
    found = said(version, **more)
    assert refusal(found) == ""
    assert one(found, "gates").severity == severity


def test_without_traffic_nothing_can_be_said_and_it_goes_on(register, serving, said):
    version = register(A)
    serving(version)
    found = said(version)
    assert refusal(found) == ""
    assert one(found, "gates").severity is Severity.WARNING


# sources outside

ORDERS = {
    "sources": {"orders": {"kind": "sql", "url_env": "ORDERS_URL", "counts": "select side, total, bad from orders"}},
    "gate": {"metric": "counts", "source": "orders", "unit": "request"},
}


def test_sources_that_give_the_live_sides_counts_are_told(register, serving, said, tmp_path, monkeypatch):
    monkeypatch.setenv("ORDERS_URL", f"sqlite:///{tmp_path}/orders.db")
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection, connection:
        connection.execute("create table orders as select 'blue' as side, 5 as total, 1 as bad")
    serving(version := register(A))
    found = one(said(version, **ORDERS), "sources")
    assert (found.severity, found.sentence) == (Severity.OK, "orders: counts of blue")


@pytest.mark.parametrize(
    ("url", "rows", "words"),
    [
        pytest.param("", 1, "the environment has no ORDERS_URL", id="variable missing"),
        pytest.param("sqlite:///{}/nowhere.db", 1, "there is no file", id="database away"),
        pytest.param("sqlite:///{}/orders.db", 0, "nothing of the live side, blue", id="nothing of the live side"),
    ],
)
def test_a_source_that_gives_nothing_refuses(url, rows, words, register, serving, said, tmp_path, monkeypatch):
    monkeypatch.setenv("ORDERS_URL", url.format(tmp_path))
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection, connection:
        connection.execute("create table orders (side, total, bad)")
        connection.executemany("insert into orders values ('blue', 5, 1)", [()] * rows)
    serving(version := register(A))
    assert words in refusal(said(version, **ORDERS))
    assert one(said(version, **ORDERS), "sources").severity is Severity.REFUSE


def test_the_first_version_asks_no_source(register, said):
    assert not [finding for finding in said(register(A), **ORDERS) if finding.check == "sources"]
