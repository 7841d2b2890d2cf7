"""News in plain words, and the same news under one id."""

from dataclasses import replace

import pytest

from greenramp.news import Kind, News

NEWS = News(
    Kind.ROLLED_BACK,
    "fraud",
    "fraud-8-aaaa",
    "errors is fail at 25 %: 31 of 400 requests failed, allowed 1.0%",
    seconds=1.0,
    version="8",
    facts={"users' requests to the candidate": "412"},
    links={"run": "http://prefect/run"},
)


def test_title_and_body_say_what_why_and_where_to_look():
    assert NEWS.title == "fraud version 8: rolled back"
    assert NEWS.body.splitlines() == [
        "errors is fail at 25 %: 31 of 400 requests failed, allowed 1.0%",
        "users' requests to the candidate: 412",
        "run: http://prefect/run",
    ]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_title_of_its_own(kind):
    titles = {replace(NEWS, kind=other).title for other in Kind if other is not kind}
    assert replace(NEWS, kind=kind).title not in titles


def test_the_same_news_have_one_id_whatever_their_words():
    assert replace(NEWS, sentence="other words", seconds=2.0, facts={}).id == NEWS.id


@pytest.mark.parametrize("change", [{"kind": Kind.PROMOTED}, {"release": "fraud-8-bbbb"}, {"about": "25 %"}], ids=str)
def test_other_news_have_another_id(change):
    assert replace(NEWS, **change).id != NEWS.id
    assert replace(NEWS, **change).name != NEWS.name


def test_news_come_back_from_json_as_they_were():
    assert News.from_json(NEWS.to_json()) == NEWS


def test_a_name_is_fit_for_a_file():
    assert "/" not in replace(NEWS, release="../../x/y").name
