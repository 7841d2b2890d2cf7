"""What may start a release by itself is said plainly, or refused."""

import pytest
from pydantic import ValidationError

from greenramp.config import Triggers


def test_the_alias_challenger_and_the_stage_staging_ask_when_nothing_is_said():
    assert Triggers().model_dump() == {
        "alias": "challenger",
        "stage": "Staging",
        "tag": None,
        "created": False,
        "on_production_by_hand": "tell",
        "on_newer": "wait",
    }


@pytest.mark.parametrize("alias", ["champion", "previous", "latest", "v7", "", "two words", "a" * 256])
def test_an_alias_that_nobody_can_set_or_that_greenramp_moves_is_refused(alias):
    with pytest.raises(ValidationError, match="alias"):
        Triggers(alias=alias)


@pytest.mark.parametrize("alias", ["challenger", "next-up", "v7b", "Candidate_2", None])
def test_any_other_alias_will_do(alias):
    assert Triggers(alias=alias).alias == alias


@pytest.mark.parametrize("stage", ["Production", "Archived", "staging"])
def test_no_other_stage_asks(stage):
    with pytest.raises(ValidationError, match="stage"):
        Triggers(stage=stage)


def test_a_tag_is_a_key_and_a_value():
    assert Triggers(tag="greenramp.release=asked").tag_pair == ("greenramp.release", "asked")
    assert Triggers().tag_pair is None
    for tag in ("asked", "=asked", "key=", "a=b=c"):
        with pytest.raises(ValidationError, match="tag"):
            Triggers(tag=tag)
