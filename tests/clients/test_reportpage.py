"""The report is one page that needs nothing beside it and shows what others wrote as text."""

import re
from html.parser import HTMLParser

import pytest

from greenramp.clients.estimateplots import estimates_figure
from greenramp.clients.plots import release_figure
from greenramp.clients.releasereport import suite_texts
from greenramp.clients.reportpage import png_of, report_page
from greenramp.reporting import account_of
from greenramp.reporting.telling import tell

EVIL = "<script>alert(1)</script><img src='http://evil/x.png'>"
PNG = b"\x89PNG and so on"


class Page(HTMLParser):
    """Every element, what could fetch something, and the texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.fetched, self.words, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def lines(reason, gate="accuracy", outcome="rolled-back"):
    verdict = {"gate": gate, "outcome": "fail", "sentence": reason, "numbers": {"candidate": 178, "candidate_bad": 22}}
    return [
        {"ts": 100.0, "event": "claimed", "live": "blue", "version": "2", "candidate": "4", "model": "fraud"},
        {"ts": 110.0, "event": "share raised", "percent": 5.0},
        {"ts": 111.0, "event": "order", "order": "approve", "who": reason, "note": reason},
        {"ts": 112.0, "event": "source", "note": reason},
        {"ts": 120.0, "event": "verdicts", "where": "5 %", "seconds": 9.0, "verdicts": [verdict], "exposed": 9},
        {"ts": 120.1, "event": "traffic put back", "version": "2"},
        {"ts": 121.0, "event": "ended", "outcome": outcome, "reason": reason},
    ]


def page(reason, pictures=None, **more):
    account = account_of("fraud-4-abcd1234", lines(reason, **more))
    links = {"Release record": "http://127.0.0.1:5001/#/experiments/1"}
    return report_page(tell(account, reason), pictures or {}, links, reason, well=account.well)


def test_what_people_and_models_wrote_is_text_and_never_markup():
    text = page(EVIL, {EVIL: PNG}, gate=EVIL)
    found = Page(text)
    assert not found.open
    assert "script" not in found.tags
    assert found.fetched == ["data:image/png;base64,iVBORyBhbmQgc28gb24="]
    assert any(EVIL in words for words in found.words)


def test_nothing_is_fetched_from_anywhere():
    text = page("too many failed", {"Traffic": PNG})
    assert all(address.startswith("data:") for address in Page(text).fetched)
    assert not re.search(r"url\(|@import|<link|<script|<iframe", text)


def test_it_answers_which_gate_how_many_requests_and_how_quickly_it_went_back():
    words = " ".join(Page(page("22 of 178 wrong")).words)
    for said in ("rolled back", "accuracy, at 5 %", "22 of 178 wrong", "9, counted until", "100 ms after the verdict"):
        assert said in words


@pytest.mark.parametrize(("outcome", "kind"), [("live", "well"), ("rolled-back", "badly")])
def test_how_it_ended_is_seen_at_once(outcome, kind):
    assert f'<body class="{kind}">' in page("why", outcome=outcome)


def test_real_pictures_stand_in_the_page():
    ratio = {"ratio": 3.0, "ratio_low": 1.5, "ratio_high": 6.0, "margin": 0.5}
    seen = lines("wrong")
    seen[4]["verdicts"][0]["numbers"] |= ratio
    figures = {"Traffic": release_figure(seen, "t"), "Estimates": estimates_figure(seen, "e")}
    text = page("wrong", {caption: png_of(figure) for caption, figure in figures.items()})
    assert [address[:30] for address in Page(text).fetched] == ["data:image/png;base64,iVBORw0K"] * 2


def test_it_prints_on_paper():
    assert "@media print" in page("why")
    assert "@page" in page("why")


def test_what_suites_found_is_one_text_for_each_gate_step_by_step():
    found = [("contract", "25 %", "A"), ("shape", "25 %", "B"), ("contract", "bake", "C")]
    said = [{"event": "expectations", "gate": gate, "where": where, "text": text} for gate, where, text in found]
    assert suite_texts([{"event": "share raised", "percent": 25}, *said]) == {
        "expectations-contract.md": "## 25 %\n\nA\n## bake\n\nC\n",
        "expectations-shape.md": "## 25 %\n\nB\n",
    }
