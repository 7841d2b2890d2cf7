"""Whatever comes in from outside, as a name, a file or a request, is refused in a sentence and leaves nothing."""

import json
import socket
import string
import threading
import time
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import requests
import uvicorn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from greenramp.clients.configfiles import check_all, read_service, read_site, read_suite
from greenramp.clients.evidence_sources import labels_file, parse_labels
from greenramp.clients.jsonlines import JsonLines
from greenramp.clients.requestlog import RequestLog
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.lifecycle.orders import Order
from greenramp.site.collector import collector
from greenramp.site.receiver import receiver
from greenramp.site.settings import SiteSettings
from greenramp.triggers.deliveries import ID_HEADER, SIGNATURE_HEADER, TIME_HEADER, signature

BOUNDED = settings(
    max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
DEEP = st.sampled_from([b"[" * 30_000, b'{"a":' * 3_000, b"[" * 990 + b"]" * 990])
BODY = st.one_of(
    st.binary(max_size=60),
    DEEP,
    JSON.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({"id": JSON, "label": JSON}).map(lambda value: json.dumps(value).encode()),
)
PATHS = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="./\\%-_~a0\0\n ", max_size=12),
    st.sampled_from(["..", "../../etc/passwd", "/etc/passwd", "fraud/../x", "fraud\n", "a" * 49, "~", "-x", "frаud"]),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    for kind in ("services", "sites", "expectations"):
        (folder / "configs" / kind).mkdir(parents=True)
    (folder / "configs" / "services" / "fraud.yaml").write_text(
        "model: fraud\ngates: [{name: errors, metric: errors, margin: 0.2}]\n"
    )
    found = SiteSettings(Home(folder / "home"), "local", folder, folder / "configs", 1, 2, 3, 4, 5)
    found.write()
    return found


@BOUNDED
@given(name=PATHS)
def test_no_name_leads_out_of_its_folder(site, name):
    plain = name.isascii() and name[:1] in string.ascii_lowercase and not set(name) & set("./\\\0\n%~_ ")
    for read in (
        lambda: read_service(site.configs, name),
        lambda: read_site(site.configs, name),
        lambda: read_suite(site.configs, "fraud", name),
    ):
        if name != "fraud":
            with pytest.raises(ConfigError, match="is not there" if plain else None):
                read()


@BOUNDED
@given(data=st.one_of(st.binary(max_size=80), JSON.map(lambda value: json.dumps(value).encode()), st.just(b"[" * 500)))
def test_any_bytes_as_configuration_are_faults_with_their_file(site, data):
    for kind, name in (("services", "fuzzed"), ("sites", "fuzzed"), ("expectations", "fraud_fuzzed")):
        path = site.configs / kind / f"{name}.yaml"
        path.write_bytes(data)
        try:
            _, faults = check_all(site.configs)
            assert all(str(fault.file) for fault in faults)
        finally:
            path.unlink()


@BOUNDED
@given(data=BODY)
def test_any_bytes_as_a_log_are_lines_or_broken_ones(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "requests.jsonl"
    path.write_bytes(data + b"\n")
    assert all(isinstance(row, dict) for row in JsonLines(path).read_new())
    RequestLog(path, "fraud", None, ids=True).read_since(None)


@BOUNDED
@given(data=BODY)
def test_any_text_as_labels_is_taken_or_refused(data):
    try:
        assert isinstance(parse_labels(data.decode(errors="replace"), "x.jsonl"), list)
    except ConfigError as refused:
        message = str(refused)
        assert message.startswith("x.jsonl: line ")


@BOUNDED
@example(data={"id": "o1", "who": "Ada", "ts": 1.0, "word": "pause", "generation": float("inf")})
@given(data=st.dictionaries(st.sampled_from(["format", "id", "ts", "word", "who", "generation", "place"]), JSON))
def test_any_line_as_an_order_is_one_or_a_value_error(data):
    try:
        Order.from_json({"format": 1, **data})
    except ValueError as refused:
        assert str(refused)  # noqa: PT017


@contextmanager
def served(app):
    """The application as a server on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(scope="module")
def labels(site):
    with served(collector(site)) as url:
        yield f"{url}/outcomes"


@BOUNDED
@given(service=PATHS, body=BODY)
def test_the_collector_answers_any_request_and_writes_only_labels_of_a_service(site, labels, service, body):
    for name in ("fraud", service):
        answer = requests.post(f"{labels}/{requestable(name)}", data=body, timeout=30)
        assert answer.status_code in (202, 400, 404), answer.text
    written = [path for path in site.home.root.rglob("*") if path.is_file()]
    assert set(written) <= {site.home.site_file, labels_file(site.home, "fraud")}


@pytest.fixture(scope="module")
def webhooks(site):
    with served(receiver(site, "a secret of a test")) as url:
        yield f"{url}/webhooks/mlflow"


@BOUNDED
@given(body=BODY, headers=st.lists(st.text(alphabet=string.printable[:94], max_size=12), min_size=3, max_size=3))
def test_the_receiver_refuses_any_request_that_is_not_signed(webhooks, body, headers):
    given = dict(zip((ID_HEADER, TIME_HEADER, SIGNATURE_HEADER), headers, strict=True))
    assert requests.post(webhooks, data=body, headers=given, timeout=30).status_code in (400, 401)


@BOUNDED
@given(body=BODY)
def test_a_signed_body_that_is_no_event_is_refused_and_leaves_no_wish(site, webhooks, body):
    sent = str(int(time.time()))
    given = {ID_HEADER: "d1", TIME_HEADER: sent, SIGNATURE_HEADER: signature("a secret of a test", "d1", sent, body)}
    assert requests.post(webhooks, data=body, headers=given, timeout=30).status_code == 400
    assert not site.home.wishes.exists()


def requestable(name):
    """A name as a client writes it into an address."""
    return quote(name.encode(errors="replace"), safe="") or "%20"
