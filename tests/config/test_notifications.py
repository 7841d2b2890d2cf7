"""Whom a site tells of what; an address is no part of it."""

import pytest
from pydantic import ValidationError

from greenramp.config import Notifications, Site
from greenramp.news import Kind


def test_without_a_word_everything_is_told():
    assert Site.model_validate({}).notifications == Notifications(block=None, on=tuple(Kind))


def test_some_kinds_of_news_are_chosen():
    chosen = Site.model_validate({"notifications": {"on": ["promoted", "rolled-back"]}}).notifications.on
    assert chosen == (Kind.PROMOTED, Kind.ROLLED_BACK)


@pytest.mark.parametrize(
    "given",
    [{"on": ["finished"]}, {"block": "slack://a/b/c"}, {"block": "../x"}, {"url": "slack://a/b/c"}],
    ids=["an unknown kind", "an address for a block", "a path for a block", "an address"],
)
def test_anything_else_is_refused(given):
    with pytest.raises(ValidationError):
        Site.model_validate({"notifications": given})
