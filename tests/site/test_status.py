"""What the commands that look at a running router say, of a real one under supervisord."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenramp.clients.atomicfile import write_text
from greenramp.clients.envoy.sidetraffic import read_traffic
from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import OrderBook
from greenramp.lifecycle.orders import Order, Word
from greenramp.site.programs import environment
from greenramp.site.status import read_status
from greenramp.traffic.route import claim, copy

GREENRAMP = Path(sys.executable).parent / "greenramp"


def run(site, *words):
    around = {**environment(site.settings), "COLUMNS": "200"}
    return subprocess.run([GREENRAMP, *words], env=around, capture_output=True, text=True, timeout=60, check=False)


def start(site, *words):
    around = {**environment(site.settings), "COLUMNS": "200"}
    return subprocess.Popen([GREENRAMP, *words], env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def guarded(site):
    site.eventually(lambda: read_status(site.home).enforcement.guard.able, "the guard has looked")


# status


def test_status_says_nothing_of_the_lease_while_both_can_enforce_it(serving):
    guarded(serving)
    done = run(serving, "status")
    assert done.returncode == 0, done.stderr
    assert "can't end" not in done.stdout
    told = json.loads(run(serving, "status", "--json").stdout)["enforcement"]
    assert [told[name]["able"] for name in ("envoy", "guard")] == [True, True]


def test_status_names_a_guard_that_is_away_and_how_to_start_it(serving):
    guarded(serving)
    serving.supervisor.ensure_stopped("guard")
    (serving.home.runtime / "guard.beat").unlink()
    text = run(serving, "status").stdout
    assert "the guard can't end a shared split" in text
    assert "greenramp up" in text
    assert "NOBODY" not in text


@pytest.mark.parametrize("name", ["rds.json", "cds.json"])
def test_status_names_a_damaged_file_and_the_guard_cures_it(serving, name):
    serving.supervisor.ensure_stopped("guard")
    write_text(serving.home.xds / name, "{half")
    done = run(serving, "status")
    assert done.returncode == 2
    assert f"{name} is damaged" in done.stderr
    assert "put the last good copy back with: mv " in done.stderr
    serving.supervisor.ensure_started("guard")
    serving.eventually(lambda: run(serving, "status").returncode == 0, "the guard has put the copy back")


def test_status_is_loud_when_neither_is_there(serving):
    for name in ("guard", "envoy-b", "envoy-a"):
        serving.supervisor.ensure_stopped(name)
    (serving.home.runtime / "guard.beat").unlink(missing_ok=True)
    text = run(serving, "status").stdout
    assert "NOBODY ENDS A SHARED SPLIT" in text
    assert "Envoy can't end" in text
    assert "the guard can't end" in text
    told = json.loads(run(serving, "status", "--json").stdout)["enforcement"]
    assert [told[name]["able"] for name in ("envoy", "guard")] == [False, False]


def test_status_tells_a_mirror_and_a_share_of_the_side_that_gets_it(serving):
    serving.router.change("fraud", lambda r: claim(r, "r1", time.time(), 600))
    serving.router.change("fraud", lambda r: copy(r, "r1", time.time(), 10.0, 64, "shadow"))
    assert "0 %, mirror 10 %" in run(serving, "status").stdout
    assert [side.mirror for side in read_status(serving.home).services[0].sides] == [0.0, 10.0]
    serving.share(25.0)
    text = run(serving, "status").stdout
    assert "25 %" in text
    assert "mirror" not in text


def test_status_shows_what_a_release_under_way_waits_for_and_what_its_gates_say(serving):
    release = "fraud-8-abcd1234"
    serving.router.change("fraud", lambda r: claim(r, release, time.time(), 600))
    verdict = {"gate": "accuracy", "outcome": "unsure", "sentence": "", "numbers": {"candidate": 40, "champion": 800}}
    look = {"where": "5 %", "percent": 5.0, "served": [4, 100], "waits": "waiting for accuracy"}
    Journal(serving.home, release).add("verdicts", **look, deadline_seconds=300.0, verdicts=[verdict])
    text = " ".join(run(serving, "status").stdout.split())
    assert f"{release} is under way" in text
    assert "5 % asked, 4 % served (4 of 100 requests in this step); waiting for accuracy" in text
    assert "accuracy │ unsure │ │ │ 40 / 800" in text
    watching = json.loads(run(serving, "status", "--json").stdout)["services"][0]["watching"]
    assert watching["verdicts"] == [verdict]
    assert 100 < watching["deadline_seconds"] < 300, "the time that is left goes on while nobody writes"


def test_status_says_who_holds_a_release_and_what_it_asks_for(serving):
    release = "fraud-8-abcd1234"
    serving.router.change("fraud", lambda r: claim(r, release, time.time(), 600))
    OrderBook(serving.home, release).add(Order("a", time.time(), Word.PAUSE, "ann", "coffee"))
    facts = {"place": "25 %", "seconds": 60.0, "on_expiry": "back", "page": "http://prefect/run"}
    Journal(serving.home, release).add("approval asked", **facts)
    text = " ".join(run(serving, "status").stdout.split())
    assert "paused by ann since" in text
    assert "answer on its page, http://prefect/run, or with: greenramp approve fraud" in text
    people = json.loads(run(serving, "status", "--json").stdout)["services"][0]["people"]
    assert (people["paused"]["who"], people["question"]["place"]) == ("ann", "25 %")


@pytest.mark.parametrize("words", [["status"], ["traffic", "fraud", "--seconds", "0"]], ids=" ".join)
def test_looking_loads_neither_the_configuration_nor_mlflow_nor_prefect(serving, words):
    code = f"import sys\nfrom greenramp.cli.main import app\napp({words}, standalone_mode=False)\n"
    code += "print([m for m in ('greenramp.config', 'mlflow', 'prefect', 'pandas', 'requests') if m in sys.modules])"
    around = environment(serving.settings)
    done = subprocess.run([sys.executable, "-c", code], env=around, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


# traffic


def test_traffic_tells_both_sides_in_the_time_looked_at(serving, users):
    serving.share(50.0)
    end = users(serving)
    text = run(serving, "traffic", "fraud", "--seconds", "1").stdout
    before = read_traffic(serving.home, "fraud").chosen
    data = json.loads(run(serving, "traffic", "fraud", "--seconds", "2", "--json").stdout)
    meanwhile = read_traffic(serving.home, "fraud").chosen - before
    end()
    sides = {side["side"]: side for side in data["sides"]}
    assert 1.9 < data["seconds"] < 10
    assert 0 < sum(side["requests"] for side in sides.values()) <= meanwhile
    assert [sides[name]["asked_percent"] for name in ("blue", "green")] == [50.0, 50.0]
    assert sum(side["served_percent"] for side in sides.values()) == pytest.approx(100, abs=0.1)
    assert 10 < sides["green"]["served_percent"] < 90
    for side in sides.values():
        assert side["version"] == "7"
        assert side["requests_per_second"] == pytest.approx(side["requests"] / data["seconds"], rel=0.01)
        assert side["answered_5xx"] == 0
        assert side["first_tries_failed"] <= max(2, side["requests"] / 20)  # Envoy's counters go on while they are read
        assert 0 <= side["p50_ms"] <= side["p95_ms"] <= side["p99_ms"]
    assert "blue (live)" in text
    assert "copies" not in text


def test_traffic_since_the_start_needs_no_waiting_and_names_copies_where_there_are_any(serving, users):
    serving.router.change("fraud", lambda r: claim(r, "r1", time.time(), 600))
    serving.router.change("fraud", lambda r: copy(r, "r1", time.time(), 100.0, 64, "shadow"))
    end = users(serving)
    served = json.loads(run(serving, "traffic", "fraud", "--seconds", "1", "--json").stdout)["sides"]
    end()
    assert served[0]["requests"] > 0
    data = json.loads(run(serving, "traffic", "fraud", "--seconds", "0", "--json").stdout)
    assert data["mirror_percent"] == 100.0
    assert data["sides"][0]["requests"] >= served[0]["requests"]
    assert data["sides"][1]["requests"] == 0
    assert data["sides"][1]["served_percent"] == 0


def test_traffic_of_an_unknown_service_names_those_there_are(serving):
    done = run(serving, "traffic", "nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: no service 'nosuch' has traffic here; services: fraud\n"


def test_traffic_without_envoy_is_one_sentence(serving):
    for name in ("guard", "envoy-b", "envoy-a"):
        serving.supervisor.ensure_stopped(name)
    done = run(serving, "traffic", "fraud")
    assert done.returncode == 1
    assert done.stderr.startswith("error: nothing answers at ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("more", "code"), [(["--watch"], 0), (["--watch", "--json"], 0), (["--seconds", "60"], 130)])
def test_ctrl_c_ends_the_looking_without_a_word(serving, more, code):
    with start(serving, "traffic", "fraud", *more) as looking:
        if "--json" in more:
            assert json.loads(looking.stdout.readline())["service"] == "fraud"
            assert json.loads(looking.stdout.readline())["seconds"] > 0
        else:
            time.sleep(2)
        looking.send_signal(signal.SIGINT)
        _, said = looking.communicate(timeout=20)
    assert (looking.returncode, said) == (code, "")


def test_ctrl_c_ends_the_watching_of_the_site_for_programs(serving):
    with start(serving, "status", "--watch", "--json") as looking:
        assert json.loads(looking.stdout.readline())["services"][0]["service"] == "fraud"
        assert json.loads(looking.stdout.readline())["up"] is True
        looking.send_signal(signal.SIGINT)
        _, said = looking.communicate(timeout=20)
    assert (looking.returncode, said) == (0, "")


def test_the_site_is_watched_on_a_terminal_until_ctrl_c(serving):
    ours, theirs = os.openpty()
    around = {**environment(serving.settings), "COLUMNS": "200", "TERM": "xterm"}
    with subprocess.Popen([GREENRAMP, "status", "--watch"], env=around, stdout=theirs, stderr=theirs) as looking:
        os.close(theirs)
        shown = b""
        while shown.count(b"Ctrl-C ends it") < 2:  # it has looked again
            shown += os.read(ours, 65536)
        looking.send_signal(signal.SIGINT)
        assert looking.wait(timeout=20) == 0
    os.close(ours)
    assert b"fraud" in shown
