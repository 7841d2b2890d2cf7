"""What is new in the registry, and what has always stood there."""

import pytest

from greenramp.config import Triggers
from greenramp.triggers.signs import Look, Registered, Seen, asking, compare, told
from greenramp.triggers.wishes import Act, Way

BY_ALIAS = Triggers(stage=None)
BY_STAGE = Triggers(alias=None)
BY_TAG = Triggers(alias=None, stage=None, tag="release=asked")
EVERY = Triggers(alias=None, stage=None, created=True)
SINCE = 50.0


def version(number, stage="None", created=100.0, **tags):
    return Registered(str(number), stage, tags, created)


def look(*versions, at=1000.0, **aliases):
    return Look(at, aliases, versions)


def news(triggers, *looks):
    """The acts that the last of several looks finds."""
    seen = None
    for one in looks:
        seen, found = compare(triggers, seen, one, SINCE)
    return [(act.way, act.version) for act in found.acts]


def test_an_alias_that_moves_asks_for_its_version():
    before, after = (
        look(version(1), version(2), challenger="1"),
        look(version(1), version(2), challenger="2", at=1030.0),
    )
    assert news(BY_ALIAS, before, after) == [(Way.ALIAS, "2")]


def test_an_alias_that_stays_asks_once():
    same = look(version(1), challenger="1")
    assert news(BY_ALIAS, look(version(1)), same) == [(Way.ALIAS, "1")]
    assert news(BY_ALIAS, look(version(1)), same, same) == []


def test_an_alias_that_moved_away_and_back_asks_again():
    one, two = look(version(1), version(2), challenger="1"), look(version(1), version(2), challenger="2")
    assert news(BY_ALIAS, one, two, one) == [(Way.ALIAS, "1")]


@pytest.mark.parametrize("alias", ["champion", "previous", "other"])
def test_other_aliases_ask_for_nothing(alias):
    assert news(BY_ALIAS, look(version(1)), look(version(1), **{alias: "1"})) == []


def test_each_version_moved_to_staging_asks_the_highest_last():
    after = look(version(10, "Staging"), version(9, "Staging"), version(2, "Archived"))
    assert news(BY_STAGE, look(version(9)), after) == [(Way.STAGE, "9"), (Way.STAGE, "10")]


def test_a_tag_asks_by_its_value():
    after = look(version(1, release="asked"), version(2, release="no"))
    assert news(BY_TAG, look(version(1), version(2)), after) == [(Way.TAG, "1")]


def test_a_new_version_asks_where_every_one_is_released():
    assert news(EVERY, look(version(1)), look(version(1), version(2))) == [(Way.CREATED, "2")]
    assert news(BY_ALIAS, look(version(1)), look(version(1), version(2))) == []


def test_a_move_to_production_is_seen_whatever_else_asks():
    after = look(version(1, "Production"))
    assert news(EVERY, look(version(1)), after) == [(Way.PRODUCTION, "1")]
    assert asking(EVERY, after) == set()


def test_a_new_site_over_an_old_registry_releases_nothing():
    old = look(version(1, "Staging", created=SINCE - 1), challenger="1")
    seen, found = compare(Triggers(), None, old, SINCE)
    assert found.acts == ()
    assert found.ignored == {"1": "it stood there before this site was first started"}
    assert compare(Triggers(), seen, old, SINCE)[1].acts == ()


def test_at_the_first_look_what_came_since_the_site_began_asks():
    assert news(BY_ALIAS, look(version(1), challenger="1")) == [(Way.ALIAS, "1")]


def test_at_the_first_look_a_version_with_a_record_of_a_release_asks_for_nothing():
    tried = Registered("1", "None", {"greenramp.status": "rolled-back"}, 100.0)
    _, found = compare(BY_ALIAS, None, look(tried, challenger="1"), SINCE)
    assert found.acts == ()
    assert "rolled-back" in found.ignored["1"]


def test_a_trigger_that_is_switched_on_heeds_only_what_comes_after():
    standing = look(version(1, "Staging"))
    seen, _ = compare(BY_ALIAS, None, standing, SINCE)
    seen, found = compare(BY_STAGE, seen, standing, SINCE)
    assert found.acts == ()
    assert [a.version for a in compare(BY_STAGE, seen, look(version(2, "Staging")), SINCE)[1].acts] == ["2"]


def first_seen(triggers=BY_ALIAS, **aliases):
    return compare(triggers, None, look(version(1), version(2), at=1000.0, **aliases), SINCE)[0]


def alias_act(number, at):
    return Act(Way.ALIAS, str(number), at, at)


def test_what_a_webhook_told_is_not_news_for_the_next_look():
    seen, is_news = told(BY_ALIAS, first_seen(), alias_act(2, 1010.0))
    assert is_news
    later = look(version(1), version(2), challenger="2", at=1030.0)
    assert compare(BY_ALIAS, seen, later, SINCE)[1].acts == ()


def test_what_a_look_saw_is_not_news_when_its_webhook_comes():
    assert told(BY_ALIAS, first_seen(challenger="2"), alias_act(2, 999.0))[1] is False


def test_an_alias_that_is_set_again_to_the_same_version_is_news():
    assert told(BY_ALIAS, first_seen(challenger="2"), alias_act(2, 2000.0))[1] is True


def test_a_webhook_of_an_alias_that_has_moved_on_is_no_news():
    assert told(BY_ALIAS, first_seen(challenger="2"), alias_act(1, 999.0))[1] is False


def test_a_look_that_began_before_a_webhook_came_does_not_undo_it():
    seen, _ = told(BY_ALIAS, first_seen(challenger="1"), alias_act(2, 1010.0))
    stale = look(version(1), version(2), challenger="1", at=1005.0)
    seen, found = compare(BY_ALIAS, seen, stale, SINCE)
    assert found.acts == ()
    fresh = look(version(1), version(2), challenger="2", at=1030.0)
    assert compare(BY_ALIAS, seen, fresh, SINCE)[1].acts == ()


def test_while_a_release_works_moves_to_production_are_kept_for_later():
    before = first_seen()
    seen, _ = compare(BY_ALIAS, before, look(version(2, "Production")), SINCE)
    assert compare(BY_ALIAS, seen, look(version(2, "Production")), SINCE)[1].acts == ()
    unseen = seen.unseen(Way.PRODUCTION, before)
    assert [a.way for a in compare(BY_ALIAS, unseen, look(version(2, "Production")), SINCE)[1].acts] == [Way.PRODUCTION]


def test_what_was_seen_comes_back_from_disk_as_it_was():
    seen = first_seen(challenger="2")
    assert Seen.from_json(seen.to_json()) == seen
