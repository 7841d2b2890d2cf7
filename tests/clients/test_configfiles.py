"""A file loads whole, or every single thing that is wrong with it is said: where, what is there, what is wanted."""

from pathlib import Path

import pytest

from greenramp.clients.configfiles import Faulty, check_all, read_service, read_site, require_fit, service_names
from greenramp.errors import ConfigError

ROOT = Path(__file__).parents[2]

GOOD = """\
model: fraud
ladder: [5, 25, 100]
step: {min_seconds: 60, deadline_seconds: 600}
gates:
  - name: errors
    metric: errors
    margin: 0.5
"""


@pytest.fixture
def configs(tmp_path):
    (tmp_path / "services").mkdir()
    (tmp_path / "sites").mkdir()
    return tmp_path


def service(configs, text, name="fraud"):
    file = configs / "services" / f"{name}.yaml"
    if isinstance(text, bytes):
        file.write_bytes(text)
    else:
        file.write_text(text, encoding="utf-8")
    return file


def faults(configs):
    with pytest.raises(Faulty) as refused:
        read_service(configs, "fraud")
    assert str(refused.value).splitlines() == [str(fault) for fault in refused.value.faults]
    return [str(fault) for fault in refused.value.faults]


def test_a_good_file_is_read(configs):
    service(configs, GOOD)
    plan = read_service(configs, "fraud")
    assert (plan.model, plan.ladder, plan.step.min_seconds, plan.gates[0].margin) == ("fraud", (5, 25, 100), 60, 0.5)


def test_a_key_may_be_taken_from_elsewhere_in_the_file(configs):
    service(configs, GOOD.replace("step: {", "step: &times {") + "bake: *times\n")
    assert read_service(configs, "fraud").bake.min_seconds == 60


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(
            GOOD + "lader: [100]\n",
            "lader: no such key here; is it misspelt or indented wrongly?; seen: [100]",
            id="unknown key",
        ),
        pytest.param(
            GOOD.replace("margin: 0.5", "margin: 0.5\n    magrin: 0.7"),
            "gates.0.magrin: no such key here; is it misspelt or indented wrongly?; seen: 0.7",
            id="unknown key in a list",
        ),
        pytest.param(GOOD.replace("model: fraud\n", ""), "model: this key is needed; seen: nothing", id="missing key"),
        pytest.param(
            GOOD.replace("0.5", '"0.5"'),
            "gates.0.margin: Input should be a valid number; seen: '0.5'",
            id="number in quotes",
        ),
        pytest.param(
            GOOD.replace("[5, 25, 100]", "[5, 250]"),
            "ladder.1: Input should be less than or equal to 100; seen: 250",
            id="number too large",
        ),
        pytest.param(
            GOOD.replace("[5, 25, 100]", "[5, 25]"),
            "ladder must rise and end at 100, not ['5', '25']",
            id="a rule across values",
        ),
        pytest.param(
            GOOD.replace("deadline_seconds: 600", "deadline_seconds: 6"),
            "step: deadline_seconds (6) is below min_seconds (60)",
            id="a rule across keys",
        ),
        pytest.param(
            GOOD.replace("    margin: 0.5\n", ""),
            "gates.0: give margin (against the champion), max_rate (absolute), or both",
            id="a rule of one gate",
        ),
        pytest.param(
            GOOD.replace("model: fraud", "model:"), "model: Input should be a valid string; seen: None", id="empty"
        ),
        pytest.param(
            GOOD.replace("5, 25, 100", "2026-11-23"),
            "ladder.0: Input should be a valid number; seen: datetime.date(2026, 11, 23)",
            id="a date",
        ),
        pytest.param(GOOD + "7: x\n", "7: Keys should be strings; seen: 7", id="a key that is a number"),
        pytest.param(
            "[1, 2]\n", "Input should be a valid dictionary or instance of Service; seen: [1, 2]", id="a list"
        ),
        pytest.param(
            "fraud\n", "Input should be a valid dictionary or instance of Service; seen: 'fraud'", id="a word"
        ),
    ],
)
def test_one_fault_is_named_with_file_key_what_is_seen_and_what_is_wanted(configs, text, wanted):
    file = service(configs, text)
    assert faults(configs) == [f"{file}: {wanted}"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            GOOD + "model: other\n", ["the key 'model' stands here twice", "line 8, column 1"], id="duplicate key"
        ),
        pytest.param(
            GOOD.replace("margin: 0.5", "margin: 0.5\n    margin: 0.7"),
            ["the key 'margin' stands here twice", "line 8"],
            id="duplicate key in a list",
        ),
        pytest.param(GOOD + "step: [1, 2\n", ["expected ',' or ']'", "line"], id="broken YAML"),
        pytest.param(GOOD + "\tbake: {}\n", ["line 8", "'\\t' that cannot start any token"], id="a tab"),
        pytest.param(
            GOOD.encode() + b"description: Z\xfcrich\n", ["'utf-8' codec can't decode byte 0xfc"], id="not UTF-8"
        ),
        pytest.param(GOOD + "description: \x07\n", ["special characters are not allowed"], id="a control character"),
        pytest.param(GOOD + "description: 2026-02-30\n", ["day is out of range for month"], id="no such day"),
        pytest.param(GOOD + "description: !!python/object/new:os.system [x]\n", ["could not determine"], id="code"),
        pytest.param(GOOD + "? [a, b]\n: c\n", ["found unhashable key"], id="a list as key"),
        pytest.param("model: " + "[" * 1000, ["recursion"], id="deeper than can be read"),
        pytest.param("model: *name\n", ["found undefined alias 'name'"], id="taken from nowhere"),
        pytest.param(GOOD + "---\nmodel: x\n", ["expected a single document"], id="two documents"),
    ],
)
def test_what_cannot_be_read_at_all_is_one_fault_that_says_where(configs, text, words):
    file = service(configs, text)
    (fault,) = faults(configs)
    assert fault.startswith(f"{file}: readable YAML: ")
    for word in words:
        assert word in fault


def test_an_empty_file_is_told_what_it_needs(configs):
    file = service(configs, "# nothing yet\n")
    assert faults(configs) == [f"{file}: {key}: this key is needed; seen: nothing" for key in ("model", "gates")]


def test_every_fault_of_a_file_is_told_at_once(configs):
    text = GOOD.replace("fraud", "7").replace("25", '"25"').replace("0.5", "nothing") + "lader: 1\n"
    service(configs, text)
    assert [fault.split(": ")[1] for fault in faults(configs)] == ["model", "ladder.1", "gates.0.margin", "lader"]


def test_what_is_seen_is_not_told_at_any_length(configs):
    service(configs, GOOD.replace("0.5", '"' + "9" * 10_000 + '"') + f"lader: {'x' * 10_000}\n")
    assert len(faults(configs)) == 2
    assert all(len(fault) < 500 for fault in faults(configs))


# names


@pytest.mark.parametrize("name", ["frauds", "", "../sites/local", "Fraud", "fraud.yaml", "fraud/", "a" * 60])
def test_an_unknown_service_is_refused_with_the_ones_there_are(configs, name):
    service(configs, GOOD)
    service(configs, GOOD, name="digits")
    with pytest.raises(ConfigError, match=r"services: digits, fraud$"):
        read_service(configs, name)


def test_with_no_service_at_all_that_is_said(configs):
    with pytest.raises(ConfigError, match=r"no service 'fraud': .*fraud\.yaml is not there; services: none"):
        read_service(configs, "fraud")


@pytest.mark.parametrize("name", ["cloud", "../services/fraud"])
def test_an_unknown_site_is_refused(configs, name):
    service(configs, GOOD)
    with pytest.raises(ConfigError, match=r"no site .* is not there"):
        read_site(configs, name)


def test_a_site_is_read(configs):
    (configs / "sites" / "local.yaml").write_text("ports: {router: 20000}\n")
    assert read_site(configs, "local").ports.router == 20000


# everything at once


def test_a_key_that_yaml_takes_for_true_is_the_word_it_is(configs):
    (configs / "sites/local.yaml").write_text("notifications: {on: [promoted]}\n")
    assert read_site(configs, "local").notifications.on == ("promoted",)
    (configs / "sites/local.yaml").write_text('notifications: {on: [promoted], "on": [promoted]}\n')
    with pytest.raises(Faulty, match="the key 'on' stands here twice"):
        read_site(configs, "local")


def test_check_tells_every_fault_of_every_file_at_once(configs):
    good = service(configs, GOOD, name="digits")
    wrong = service(configs, GOOD + "lader: 1\nstpe: 2\n")
    broken = service(configs, "{", name="prices")
    site = configs / "sites" / "local.yaml"
    site.write_text("ports: {router: 1}\n")
    files, found = check_all(configs)
    assert files == [good, wrong, broken, site]
    assert [(f.file, f.key) for f in found] == [(wrong, "lader"), (wrong, "stpe"), (broken, ""), (site, "ports.router")]


def hosts(*names):
    return GOOD + f"traffic: {{hosts: [{', '.join(names)}]}}\n"


def test_the_same_host_in_two_services_is_a_fault_of_both_that_names_the_other(configs):
    one, two = service(configs, hosts("a.org", "b.org"), "digits"), service(configs, hosts("b.org"), "fraud")
    service(configs, hosts("c.org"), "prices")
    _, found = check_all(configs)
    assert [str(fault) for fault in found] == [
        f"{one}: traffic.hosts: a name that nobody else answers under; {two} has it too; seen: 'b.org'",
        f"{two}: traffic.hosts: a name that nobody else answers under; {one} has it too; seen: 'b.org'",
    ]
    for name in ("digits", "fraud"):
        with pytest.raises(Faulty, match="has it too"):
            require_fit(configs, name)
    require_fit(configs, "prices")


def test_a_host_given_twice_in_one_file_is_a_fault_too(configs):
    file = service(configs, hosts("b.org", "b.org"))
    assert {fault.file for fault in check_all(configs)[1]} == {file}


def test_a_host_that_no_site_lets_in_is_a_fault_of_the_service(configs):
    file = service(configs, hosts("a.org", "b.org"))
    site = configs / "sites" / "local.yaml"
    site.write_text("edge: {hosts: [a.org]}\n")
    _, found = check_all(configs)
    assert [str(f) for f in found] == [
        f"{file}: traffic.hosts: a name that edge.hosts lets in, in {site}; seen: 'b.org'"
    ]
    with pytest.raises(Faulty, match=r"edge\.hosts lets in"):
        require_fit(configs, "fraud")


@pytest.mark.parametrize("edge", ["", "edge: {hosts: [b.org, a.org]}\n"], ids=["any host", "all of them"])
def test_a_host_that_some_site_lets_in_is_fine(configs, edge):
    service(configs, hosts("a.org", "b.org"))
    (configs / "sites" / "local.yaml").write_text("edge: {hosts: [a.org]}\n")
    (configs / "sites" / "wide.yaml").write_text(edge)
    assert check_all(configs)[1] == []
    require_fit(configs, "fraud")


def test_a_release_does_not_suffer_from_a_file_of_another_service_that_is_never_read(configs):
    service(configs, hosts("a.org"))
    service(configs, hosts("a.org") + "lader: 1\n", "digits")
    service(configs, hosts("a.org"), "fraud_2")
    require_fit(configs, "fraud")
    assert [fault.key for fault in check_all(configs)[1]] == ["lader", ""]


@pytest.mark.parametrize("name", ["Fraud.yaml", "fraud.yml", "fraud_2.yaml", "2fraud.yaml"])
def test_check_refuses_a_file_name_that_would_never_be_read(configs, name):
    (configs / "services" / name).write_text(GOOD)
    _, found = check_all(configs)
    assert [str(fault) for fault in found] == [
        f"{configs / 'services' / name}: a file name of small letters, digits and -, ending in .yaml; seen: {name}"
    ]


def test_check_of_a_folder_without_files_is_a_fault(tmp_path):
    files, (fault,) = check_all(tmp_path / "none")
    assert files == []
    assert str(fault).endswith("services/<service>.yaml and sites/<site>.yaml; seen: no files")


def test_the_configuration_of_this_project_is_without_fault():
    files, found = check_all(ROOT / "configs")
    assert len(files) >= 2
    assert found == []
    assert service_names(ROOT / "configs")


def test_a_suite_that_is_asked_but_has_no_file_is_named_where_it_is_asked(configs):
    file = service(
        configs, GOOD + "  - {name: contract, metric: expectations, suite: answers}\nsmoke: {expectations: quick}\n"
    )
    _, found = check_all(configs)
    assert [(fault.file, fault.key, fault.seen) for fault in found] == [
        (file, "gates.1.suite", "'answers'"),
        (file, "smoke.expectations", "'quick'"),
    ]
    with pytest.raises(Faulty, match=r"gates.1.suite: a suite, in .*fraud_answers.yaml; suites of fraud: none"):
        require_fit(configs, "fraud")


def test_a_fault_of_a_gate_is_named_by_its_place_in_the_file(configs):
    service(configs, GOOD + "  - {name: contract, metric: expectations, suite: answers, margin: 0.2}\n")
    assert "fraud.yaml: gates.1.margin: no such key here" in faults(configs)[0]
