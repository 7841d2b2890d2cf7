"""check and schema, as they are typed."""

import json
import sqlite3
from contextlib import closing

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.config import Suite

SERVICE = """
model: fraud
sources:
  orders: {kind: sql, url_env: ORDERS_URL, counts: "select side, total, bad from orders"}
gates:
  - {name: refunds, metric: counts, source: orders, margin: 0.2, unit: request}
"""


@pytest.fixture
def configs(tmp_path):
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "fraud.yaml").write_text(SERVICE)
    return tmp_path


def check(configs, *words):
    return CliRunner().invoke(app, ["check", "--configs", str(configs), *words])


def test_check_asks_sources_only_when_told_to(configs, tmp_path, monkeypatch):
    monkeypatch.delenv("ORDERS_URL", raising=False)
    assert check(configs).exit_code == 0
    done = check(configs, "--live")
    assert done.exit_code == 2
    assert "fraud.yaml: sources.orders: url_env: the environment has no ORDERS_URL" in done.output
    monkeypatch.setenv("ORDERS_URL", f"sqlite:///{tmp_path}/orders.db")
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection, connection:
        connection.execute("create table orders as select 'blue' as side, 5 as total, 1 as bad")
    done = check(configs, "--live")
    assert (done.exit_code, done.output.splitlines()[-1].split(": ", 1)[1]) == (0, "sources.orders: counts of blue")


def test_the_schema_explains_every_source():
    schema = json.loads(CliRunner().invoke(app, ["schema", "service"]).output)
    (sources,) = schema["properties"]["sources"]["patternProperties"].values()
    assert set(sources["discriminator"]["mapping"]) == {"prometheus", "sql"}
    assert "description" in schema["$defs"]["PrometheusSource"]["properties"]["buckets"]


@pytest.mark.parametrize(
    ("expected", "faults"),
    [
        pytest.param({"expect_column_to_exist": {"column": "a"}}, 0, id="short"),
        pytest.param({"type": "expect_column_to_exist", "kwargs": {"column": "a"}}, 0, id="as it is exported"),
        pytest.param({"expect_column_to_exist": {}, "expect_column_values_to_be_unique": {}}, 1, id="two in one"),
        pytest.param({"should_exist": {"column": "a"}}, 1, id="another word"),
        pytest.param({"type": "expect_column_to_exist", "column": "a"}, 1, id="an argument elsewhere"),
    ],
)
def test_the_schema_of_a_suite_takes_what_a_suite_may_say(expected, faults):
    schema = json.loads(CliRunner().invoke(app, ["schema", "suite"]).output)
    suite = {"expectations": [expected]}
    assert len(list(Draft202012Validator(schema).iter_errors(suite))) == faults
    assert bool(faults) == _refused(suite)


def _refused(suite):
    try:
        Suite.model_validate(suite)
    except ValidationError:
        return True
    return False
