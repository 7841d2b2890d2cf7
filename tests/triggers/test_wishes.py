"""One wish is one release, however it was asked for and whatever died meanwhile."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.config import Dates
from greenramp.errors import ReleaseUnderWay, Unreachable
from greenramp.lifecycle.freeze import frozen
from greenramp.traffic.route import Route, claim
from greenramp.triggers.wishes import (
    KEPT,
    MAX_TRIES,
    MAY_COME_LATER,
    Act,
    Run,
    Way,
    Wishes,
    WishState,
    World,
    ask,
    kept,
    next_to_start,
    settle,
    started,
    to_take_back,
    withdraw,
)
from greenramp.triggers.wishes import Wish as OneWish

EMPTY = World()


def act(version: str, at: float, way: Way = Way.ALIAS) -> Act:
    return Act(way, version, at, at)


def asked(*acts: Act, world: World = EMPTY) -> Wishes:
    wishes: Wishes = ()
    for one in acts:
        wishes = ask("fraud", wishes, one, world)
    return wishes


def begun(*acts: Act) -> Wishes:
    wishes = asked(*acts)
    return started(wishes, wishes[-1].id, "run")


def ended(wishes: Wishes, state: str, message: str = "", version: str = "3", now: float = 99) -> Wishes:
    return settle(wishes, {"run": Run("run", state, ended=True, message=message, version=version)}, EMPTY, now)


def test_the_same_version_asked_for_in_several_ways_is_one_wish():
    (wish,) = asked(act("3", 1), act("3", 2, Way.STAGE), act("3", 3, Way.TAG), act("3", 4))
    assert wish.ways == ("alias", "stage", "tag")
    assert (wish.at, wish.last, wish.state) == (1, 4, WishState.ASKED)


def test_what_is_asked_for_again_while_it_is_released_is_the_same_wish():
    wishes = ask("fraud", begun(act("3", 1)), act("3", 2, Way.STAGE), EMPTY)
    assert [wish.state for wish in wishes] == [WishState.STARTED]
    assert next_to_start(wishes) is None


def test_a_version_that_serves_is_not_asked_for():
    (wish,) = asked(act("3", 1), world=World(serving="3"))
    assert (wish.state, wish.why) == (WishState.IGNORED, "it serves already")


def test_of_two_that_wait_the_one_asked_for_later_is_released():
    wishes = asked(act("3", 1), act("4", 2))
    assert [wish.state for wish in wishes] == [WishState.SUPERSEDED, WishState.ASKED]
    assert wishes[0].why == "version 4 was asked for later"


def test_a_webhook_that_comes_late_does_not_outdate_a_newer_wish():
    wishes = asked(act("4", 2), act("3", 1))
    assert {wish.version: wish.state for wish in wishes} == {"4": WishState.ASKED, "3": WishState.SUPERSEDED}


def test_back_to_the_version_under_way_nothing_else_waits():
    wishes = ask("fraud", ask("fraud", begun(act("3", 1)), act("4", 2), EMPTY), act("3", 3), EMPTY)
    assert [wish.state for wish in wishes] == [WishState.STARTED, WishState.SUPERSEDED]


def test_a_newer_version_waits_for_the_release_under_way():
    wishes = ask("fraud", begun(act("3", 1)), act("4", 2), EMPTY)
    assert next_to_start(wishes) is None
    old = to_take_back(wishes)
    assert old is not None
    assert old.version == "3"
    following = next_to_start(ended(wishes, "Promoted"))
    assert following is not None
    assert following.version == "4"


@pytest.mark.parametrize("state", ["Promoted", "RolledBack", "AlreadyServing", "Cancelled", "Failed"])
def test_a_run_that_came_to_an_answer_fulfils_the_wish(state):
    (wish,) = ended(begun(act("3", 1)), state, "why")
    assert (wish.state, wish.why, wish.ended) == (WishState.DONE, f"{state}: why", 99)


def test_a_version_that_was_taken_back_is_asked_for_anew_by_a_new_act_only():
    after = ended(begun(act("3", 1)), "RolledBack")
    assert next_to_start(after) is None
    again = next_to_start(ask("fraud", after, act("3", 120), EMPTY))
    assert again is not None
    assert again.version == "3"


def test_what_a_release_did_to_the_registry_on_its_way_back_asks_for_nothing():
    seen_later = Act(Way.STAGE, "3", 50, since=20)
    (wish,) = asked(seen_later, world=World(ended={"3": 30}))
    assert wish.state is WishState.IGNORED


def test_a_release_that_a_person_started_meanwhile_fulfils_the_wish():
    (wish,) = settle(asked(act("3", 1)), {}, World(ended={"3": 30}), 40)
    assert wish.state is WishState.DONE
    (wish,) = settle(asked(act("3", 1)), {}, World(serving="3"), 40)
    assert wish.state is WishState.DONE


def test_an_older_release_of_the_version_does_not_fulfil_a_later_wish():
    (wish,) = settle(asked(act("3", 50)), {}, World(ended={"3": 30}), 60)
    assert wish.state is WishState.ASKED


def refusals() -> list[str]:
    """What a release is refused with for reasons that pass, as the code says it."""
    said = [str(Unreachable("MLflow does not answer at http://x"))]
    window = Dates.model_validate(
        {"from": "2026-12-20T00:00:00+01:00", "until": "2026-12-27T00:00:00+01:00", "reason": "x"}
    )
    said.append(f"fraud is {frozen(datetime(2026, 12, 24, tzinfo=UTC), {'fraud': [window]})}; override with: ...")
    try:
        claim(claim(Route("fraud"), "a", time.time(), 60), "b", time.time(), 60)
    except ReleaseUnderWay as error:
        said.append(str(error))
    return said


@pytest.mark.parametrize("why", refusals())
def test_a_refusal_for_a_reason_that_passes_keeps_the_wish(why):
    assert any(words in why for words in MAY_COME_LATER)
    (wish,) = ended(begun(act("3", 1)), "Refused", why, version="")
    assert (wish.state, wish.tries) == (WishState.ASKED, 1)
    assert wish.key != begun(act("3", 1))[0].key


def test_a_refusal_that_is_about_the_version_fulfils_the_wish():
    (wish,) = ended(begun(act("3", 1)), "Refused", "its signature lacks the column amount", version="")
    assert wish.state is WishState.DONE


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        pytest.param({"run": None}, WishState.ASKED, id="the orchestrator was set up anew"),
        pytest.param({"run": Run("run", "Crashed", True)}, WishState.ASKED, id="it died before it claimed the service"),
        pytest.param({"run": Run("run", "Crashed", True, version="3")}, WishState.DONE, id="it died in mid-canary"),
        pytest.param({"run": Run("run", "Running", False)}, WishState.STARTED, id="it goes on"),
        pytest.param({}, WishState.STARTED, id="nobody looked"),
    ],
)
def test_a_run_that_never_tried_the_version_is_started_anew(runs, state):
    (wish,) = settle(begun(act("3", 1)), runs, EMPTY, 9)
    assert wish.state is state


def test_a_start_that_never_comes_to_anything_is_given_up():
    wishes = asked(act("3", 1))
    for _ in range(MAX_TRIES):
        assert next_to_start(wishes) is not None
        wishes = settle(started(wishes, wishes[0].id, "run"), {"run": None}, EMPTY, 9)
    assert wishes[0].state is WishState.DONE
    assert wishes[0].why.startswith("tried 3 times")


def test_what_waits_is_dropped_once_its_alias_is_gone():
    wishes = withdraw(asked(act("3", 1)), [], looked=60)
    assert wishes[0].state is WishState.IGNORED
    assert withdraw(asked(act("3", 1)), ["3"], looked=60)[0].state is WishState.ASKED


def test_what_was_heard_of_a_moment_ago_may_not_stand_in_the_registry_yet():
    assert withdraw(asked(act("3", 59)), [], looked=60)[0].state is WishState.ASKED


def test_what_is_under_way_goes_on_though_its_alias_is_gone():
    assert withdraw(begun(act("3", 1)), [], looked=60)[0].state is WishState.STARTED


def test_a_release_that_was_superseded_says_by_what():
    (wish, newer) = ask("fraud", begun(act("3", 1)), act("4", 2), EMPTY)
    told = tuple(OneWish(**{**vars(w), "why": "version 4 was asked for"}) if w is wish else w for w in (wish, newer))
    assert ended(told, "RolledBack")[0].state is WishState.SUPERSEDED
    assert ended(told, "Promoted")[0].state is WishState.DONE  # it was too late


def test_only_old_wishes_that_have_ended_are_forgotten():
    closed = tuple(ended(begun(act("3", at)), "Promoted")[0] for at in range(KEPT + 5))
    left = kept(asked(act("4", 0)) + closed)
    assert len(left) == KEPT + 1
    assert left[0].version == "4"
    assert left[1].at == 5


def test_a_wish_comes_back_from_disk_as_it_was():
    (wish,) = begun(act("3", 1.5))
    assert OneWish.from_json(wish.to_json()) == wish


@dataclass
class Play:
    """A service on which people act, while runs begin, end and die, and looks happen at any time."""

    wishes: Wishes = ()
    now: float = 0
    serving: str | None = None
    runs: dict[str, Run] = field(default_factory=dict)
    orders: dict[str, float] = field(default_factory=dict)
    acts: list[tuple[str, float]] = field(default_factory=list)
    tried: list[tuple[str, float, float]] = field(default_factory=list)

    def act(self, version: str, way: Way) -> None:
        self.acts.append((version, self.now))
        self.wishes = ask("fraud", self.wishes, act(version, self.now, way), World(self.serving))

    def look(self) -> None:
        self.wishes = settle(self.wishes, self.runs, World(self.serving), self.now)
        going = [run for run in self.runs.values() if not run.ended]
        if (wish := next_to_start(self.wishes)) and not going:
            run = Run(wish.key, "Running", False)  # the key makes two starts one run
            self.runs.setdefault(run.id, run)
            self.orders[run.id] = self.now
            self.wishes = started(self.wishes, wish.id, run.id)

    def end(self, state: str) -> None:
        for run in [run for run in self.runs.values() if not run.ended]:
            version = next(wish.version for wish in self.wishes if wish.run == run.id)
            crashed = state == "Crashed"
            self.runs[run.id] = Run(run.id, state, True, version="" if crashed else version)
            if not crashed:
                self.tried.append((version, self.orders[run.id], self.now))
            if state == "Promoted":
                self.serving = version


ACTS = st.tuples(st.just("act"), st.sampled_from("1234"), st.sampled_from([Way.ALIAS, Way.STAGE, Way.TAG]))
LOOKS = st.tuples(st.just("look"))
ENDS = st.tuples(st.just("end"), st.sampled_from(["Promoted", "RolledBack", "Crashed"]))


@given(st.lists(st.one_of(ACTS, LOOKS, LOOKS, ENDS), max_size=60))
def test_whatever_happens_the_last_wish_is_tried_and_none_is_tried_without_an_act(steps):
    play = Play()
    for step in steps:
        play.now += 1
        getattr(play, step[0])(*step[1:])
        assert sum(wish.state is WishState.ASKED for wish in play.wishes) <= 1
        assert sum(not run.ended for run in play.runs.values()) <= 1
    for _ in range(2 * MAX_TRIES):  # people go home, nothing dies any more
        play.now += 1
        play.look()
        play.end("RolledBack")
    play.look()
    assert not [wish for wish in play.wishes if wish.state.is_open]
    for index, (version, ordered, _) in enumerate(play.tried):
        since = max((end for tried, _, end in play.tried[:index] if tried == version), default=0.0)
        assert any(asked == version and since < at <= ordered for asked, at in play.acts), "tried twice for one act"
    if play.acts:
        last = play.acts[-1][0]
        gave_up = any(wish.version == last and "tried 3 times" in wish.why for wish in play.wishes)
        served = any(wish.version == last and "serves" in wish.why for wish in play.wishes)
        assert last in {version for version, _, _ in play.tried} or gave_up or served
