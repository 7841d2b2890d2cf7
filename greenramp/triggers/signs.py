"""What asks for releases in the registry: what stands there now, beside what was last seen there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from greenramp.config import Triggers
from greenramp.triggers.wishes import SAME_ACT_SECONDS, Act, Way

PRODUCTION = "Production"


@dataclass(frozen=True)
class Registered:
    """A version as the registry shows it. created: epoch seconds."""

    version: str
    stage: str
    tags: Mapping[str, str]
    created: float


@dataclass(frozen=True)
class Look:
    """A model as the registry shows it. at: when the look began, epoch seconds."""

    at: float
    aliases: Mapping[str, str]
    versions: tuple[Registered, ...]


@dataclass(frozen=True)
class Seen:
    """What was last seen of a service's model; versions by the sign they bore, with when that was first seen.

    newest: the highest version number. at: when that look began. All times are epoch seconds.
    """

    at: float
    newest: int = 0
    signs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def unseen(self, way: Way, before: Seen | None) -> Seen:
        """The same, but of signs of one way what had been seen before; none of them are forgotten."""
        signs = {sign: now for sign, now in self.signs.items() if _way(sign) is not way}
        kept = {sign: then for sign, then in (before.signs if before else {}).items() if _way(sign) is way}
        return replace(self, signs=signs | kept)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"at": self.at, "newest": self.newest, "signs": {k: dict(v) for k, v in self.signs.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Seen:
        """What `to_json` gave."""
        return cls(data["at"], data["newest"], data["signs"])


@dataclass(frozen=True)
class News:
    """What a look has found. acts: in the order to ask. ignored: why standing signs ask for nothing, by version."""

    acts: tuple[Act, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)


def standing(triggers: Triggers, look: Look) -> dict[str, tuple[str, ...]]:
    """Versions that bear each sign now, lowest first. What was asked under another alias or tag is another sign."""
    found: dict[str, tuple[str, ...]] = {_name(Way.PRODUCTION, PRODUCTION): _staged(look, PRODUCTION)}
    if triggers.alias is not None:
        version = look.aliases.get(triggers.alias)
        found[_name(Way.ALIAS, triggers.alias)] = (version,) if version else ()
    if triggers.stage is not None:
        found[_name(Way.STAGE, triggers.stage)] = _staged(look, triggers.stage)
    if triggers.tag_pair is not None and triggers.tag is not None:
        key, value = triggers.tag_pair
        found[_name(Way.TAG, triggers.tag)] = tuple(v.version for v in look.versions if v.tags.get(key) == value)
    return found


def asking(triggers: Triggers, look: Look) -> set[str]:
    """Versions that something in the registry asks for now."""
    signs = standing(triggers, look).items()
    return {version for sign, versions in signs if _way(sign) is not Way.PRODUCTION for version in versions}


def compare(triggers: Triggers, seen: Seen | None, look: Look, since: float) -> tuple[Seen, News]:
    """What is new in the registry, and what to remember of it.

    seen: None at the first look at this service. Then a version asks only if it was registered after the site was
    first started (`since`, epoch seconds), so that a new site over an old registry releases nothing, and has no
    record of a release.
    """
    now = standing(triggers, look)
    ahead = {sign: known for sign, known in seen.signs.items() if _told_since(known, look.at)} if seen else {}
    signs = {
        sign: {v: (seen.signs.get(sign, {}).get(v, look.at) if seen else look.at) for v in versions}
        for sign, versions in now.items()
    } | ahead
    newest = max((int(v.version) for v in look.versions), default=0)
    remembered = Seen(look.at, max(newest, seen.newest if seen else 0), signs)
    if seen is None:
        return remembered, _first(look, now, since)
    acts = []
    for sign, versions in now.items():
        if sign not in seen.signs or sign in ahead:  # where the trigger is new, what stands there is not
            continue
        acts += [Act(_way(sign), v, look.at, seen.at) for v in versions if v not in seen.signs[sign]]
    if triggers.created:
        acts += [
            Act(Way.CREATED, v.version, v.created, v.created) for v in look.versions if int(v.version) > seen.newest
        ]
    return remembered, News(tuple(sorted(acts, key=lambda act: int(act.version))))


def told(triggers: Triggers, seen: Seen | None, act: Act) -> tuple[Seen | None, bool]:
    """What to remember once a webhook has told of `act`, and whether that is news: the registry may have been seen."""
    if seen is None:
        return None, True
    if act.way is Way.CREATED:
        return replace(seen, newest=max(seen.newest, int(act.version))), int(act.version) > seen.newest
    sign = _name(act.way, (triggers.alias if act.way is Way.ALIAS else triggers.tag) or "")
    known = dict(seen.signs.get(sign, {}))
    if act.way is Way.ALIAS and any(act.at < since and act.version != v for v, since in known.items()):
        return seen, False  # it has moved on
    if act.version in known and act.at <= known[act.version] + SAME_ACT_SECONDS:
        return seen, False
    kept = {act.version: act.at} if act.way is Way.ALIAS else {**known, act.version: act.at}
    return replace(seen, signs={**seen.signs, sign: kept}), True


def _first(look: Look, now: Mapping[str, tuple[str, ...]], since: float) -> News:
    by_version = {v.version: v for v in look.versions}
    acts, ignored = [], {}
    for sign, versions in now.items():
        for version in versions if _way(sign) is not Way.PRODUCTION else ():
            known = by_version.get(version)
            if known is not None and "greenramp.status" in known.tags:
                ignored[version] = f"a release has tried it before ({known.tags['greenramp.status']})"
            elif known is None or known.created < since:
                ignored[version] = "it stood there before this site was first started"
            else:
                acts.append(Act(_way(sign), version, look.at, known.created))
    return News(tuple(sorted(acts, key=lambda act: int(act.version))), ignored)


def _staged(look: Look, stage: str) -> tuple[str, ...]:
    return tuple(sorted((v.version for v in look.versions if v.stage == stage), key=int))


def _told_since(known: Mapping[str, float], looked: float) -> bool:
    """Whether a webhook told of this sign after the registry was looked at."""
    return any(first > looked for first in known.values())


def _name(way: Way, what: str) -> str:
    return f"{way.value}: {what}"


def _way(sign: str) -> Way:
    return Way(sign.partition(": ")[0])
