"""Sources outside, and the gates that judge by them: what does not fit is refused where it stands."""

import copy

import pytest

from greenramp.clients.configfiles import check_all
from greenramp.config import Gives, Service
from greenramp.config.sources import TimeUnit

PAYMENTS = {"kind": "prometheus", "url": "http://127.0.0.1:9090", "bad": "refused_total", "total": "paid_total"}
TIMES = {
    "kind": "prometheus",
    "url": "https://prometheus.example/team",
    "buckets": "sum by (environment, le) (upstream_seconds_bucket)",
    "unit": "seconds",
}
OUTCOMES = {
    "kind": "sql",
    "url_env": "WAREHOUSE_URL",
    "labels": "select id, label, seq from outcomes where service = :service and seq > :cursor order by seq",
    "cursor": "seq",
}
ORDERS = {"kind": "sql", "url_env": "ORDERS_URL", "counts": "select side, total, bad from orders"}
REFUSALS = {"name": "refusals", "metric": "counts", "source": "payments", "margin": 0.2, "unit": "request"}
UPSTREAM = {"name": "upstream", "metric": "buckets", "source": "times", "unit": "request"}
REFUNDS = {"name": "refunds", "metric": "counts", "source": "orders", "max_rate": 0.1, "unit": "request"}
WRONG = {"name": "wrong", "metric": "wrong", "margin": 0.2}
WHOLE = {
    "model": "fraud",
    "sources": {"payments": PAYMENTS, "times": TIMES, "outcomes": OUTCOMES, "orders": ORDERS},
    "gates": [REFUSALS, UPSTREAM, REFUNDS, WRONG],
}


def changed(place, **keys):
    """Give the whole with keys set, or taken away where None, at a place such as "sources.payments" or "gates.0"."""
    data = copy.deepcopy(WHOLE)
    at = data
    for part in place.split("."):
        at = at[int(part) if part.isdecimal() else part]
    for key, value in keys.items():
        at[key] = value
        if value is None:
            del at[key]
    return data


def faults(tmp_path, data):
    """Give what `greenramp check` says of a service's file, without the file's name."""
    import yaml

    file = tmp_path / "services" / "fraud.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(data))
    return [str(fault).removeprefix(f"{file}: ") for fault in check_all(tmp_path)[1]]


def test_sources_of_every_kind_load_and_go_through_json(tmp_path):
    assert faults(tmp_path, WHOLE) == []
    service = Service.model_validate(WHOLE)
    assert [source.gives for source in service.sources.values()] == [
        Gives.COUNTS,
        Gives.BUCKETS,
        Gives.LABELS,
        Gives.COUNTS,
    ]
    assert service.sources["times"].unit is TimeUnit.SECONDS
    assert Service.model_validate_json(service.model_dump_json()) == service


@pytest.mark.parametrize(
    ("place", "keys", "said"),
    [
        ("sources.payments", {"kind": "graphite"}, "sources.payments: Input tag 'graphite' found using 'kind'"),
        ("sources.payments", {"urll": "x"}, "sources.payments.urll: no such key here"),
        ("sources.payments", {"url": None}, "sources.payments.url: this key is needed"),
        ("sources.payments", {"url": "127.0.0.1:9090"}, "sources.payments: url must be http://host:port"),
        ("sources.payments", {"url": "http://me:pw@host"}, "sources.payments: url holds a name or password"),
        ("sources.payments", {"token_env": "Bearer abc"}, "sources.payments.token_env: String should match pattern"),
        ("sources.payments", {"bad": None}, "sources.payments: bad and total belong together"),
        ("sources.payments", {"buckets": "x"}, "sources.payments: give bad and total (counters), or buckets"),
        (
            "sources.payments",
            {"unit": "seconds"},
            "sources.payments: unit (seconds or milliseconds) belongs to buckets",
        ),
        ("sources.payments", {"bad": "rate(x[5m])"}, "sources.payments: bad: rate() looks back over a window"),
        ("sources.times", {"unit": None}, "sources.times: unit (seconds or milliseconds) belongs to buckets"),
        ("sources.times", {"unit": "minutes"}, "sources.times.unit: Input should be 'seconds' or 'milliseconds'"),
        ("sources.times", {"buckets": "sum by (le) (x)"}, "sources.times: buckets: sum loses the label environment"),
        ("sources.outcomes", {"cursor": None}, "sources.outcomes: cursor belongs to labels, and labels need it"),
        ("sources.outcomes", {"counts": "select 1"}, "sources.outcomes: give labels or counts, one of them"),
        ("sources.outcomes", {"labels": "select 1"}, "sources.outcomes: labels: it has to go on after :cursor"),
        ("sources.outcomes", {"url_env": "sqlite:///x"}, "sources.outcomes.url_env: String should match pattern"),
        ("sources.orders", {"counts": "delete from x"}, "sources.orders: counts: only a query that reads"),
        ("sources.orders", {"counts": "select 1; drop table x"}, "sources.orders: counts: one query only"),
        ("sources.orders", {"counts": "select :day"}, "sources.orders: counts: :service can be asked for, not :day"),
        ("sources.orders", {"start": 3}, "sources.orders: start is the first cursor of labels"),
        (
            "gates.0",
            {"source": "paymentz"},
            "gates: refusals: no source 'paymentz'; sources: orders, outcomes, payments, times",
        ),
        (
            "gates.0",
            {"source": "times"},
            "gates: refusals: the metric counts needs counts; the source times gives buckets",
        ),
        ("gates.0", {"source": None}, "gates.0: source belongs to counts and buckets, and these need it"),
        ("gates.0", {"unit": None}, "gates.0: unit must be request for counts: counters know no users"),
        ("gates.0", {"margin": None}, "gates.0: give margin (against the champion), max_rate (absolute), or both"),
        ("gates.1", {"role": "require"}, "gates.1: buckets can't be required"),
        ("gates.1", {"margin": 0.2}, "gates.1: margin (0.2) can't be shown from buckets"),
        ("gates.1", {"max_rate": 0.2}, "gates.1: max_rate (0.2) belongs to errors, slow, wrong and counts"),
        ("gates.3", {"source": "orders"}, "gates.3: source belongs to counts and buckets"),
        (
            "gates.3",
            {"metric": "errors"},
            "sources: outcomes: no gate judges by it; it needs one with the metric wrong",
        ),
        (
            "gates.2",
            {"source": "payments"},
            "sources: orders: no gate judges by it; it needs one with the metric counts",
        ),
    ],
)
def test_what_does_not_fit_is_said_where_it_stands(tmp_path, place, keys, said):
    (fault,) = faults(tmp_path, changed(place, **keys))
    assert said in fault


@pytest.mark.parametrize(
    "counts",
    [
        "WITH a AS (select 1) select * from a;",
        "-- why\nselect side, ';' as x, total::int, bad from orders where at = '12:30'",
        "/* why */ (select side, total, bad from orders)",
    ],
)
def test_queries_of_any_usual_form_are_let_through(counts):
    Service.model_validate(changed("sources.orders", counts=counts))
