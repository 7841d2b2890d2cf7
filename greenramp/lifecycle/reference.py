"""How a person names a version: a number, an alias, a stage, a models:/ address, or a run's model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from greenramp.errors import ConfigError

STAGES = ("None", "Staging", "Production", "Archived")
_MOST_DIGITS = 9
"""Registries count versions in 32 bits."""


class Kind(StrEnum):
    """By what the version is found."""

    NUMBER = "number"
    ALIAS = "alias"
    STAGE = "stage"
    RUN = "run"


@dataclass(frozen=True)
class Reference:
    """A wish for one version; `value` is its number, alias, stage, or runs:/ address."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return {Kind.NUMBER: f"version {self.value}", Kind.ALIAS: f"alias {self.value}", Kind.STAGE: self.value}.get(
            self.kind, self.value
        )


def parse_reference(text: str, model: str) -> Reference:
    """Read a wish for a version of `model`.

    Taken: `7`, `challenger`, `@challenger`, `Staging`, `models:/<model>/7`, `models:/<model>@challenger`,
    `models:/<model>/Staging`, `runs:/<run id>/<path>`. Raises ConfigError for anything else, for another
    model's address, and for `latest`, which would mean another version at every look.
    """
    wish = text.strip()
    if wish.startswith("runs:/"):
        if not re.fullmatch(r"runs:/[0-9a-f]{32}/[^\s]+", wish):
            raise ConfigError(f"candidate {text!r}: wanted runs:/<run id>/<artifact path>")
        return Reference(Kind.RUN, wish)
    if wish.startswith("models:/"):
        wish = _within_model(wish.removeprefix("models:/"), model, text)
    if wish.startswith("@"):
        return Reference(Kind.ALIAS, _alias(wish[1:], text))
    if wish.isascii() and wish.isdigit():
        return Reference(Kind.NUMBER, _number(wish, text))
    for stage in STAGES:
        if wish.lower() == stage.lower():
            return Reference(Kind.STAGE, stage)
    return Reference(Kind.ALIAS, _alias(wish, text))


def _within_model(address: str, model: str, text: str) -> str:
    rest = address.removeprefix(model)
    if address.startswith(model) and rest[:1] in ("@", "/") and rest[1:]:
        return rest if rest[0] == "@" else rest[1:]
    raise ConfigError(f"candidate {text!r}: wanted models:/{model}/<version or stage> or models:/{model}@<alias>")


def _number(digits: str, text: str) -> str:
    number = digits.lstrip("0")
    if not 0 < len(number) <= _MOST_DIGITS:
        raise ConfigError(f"candidate {text!r}: no version has this number")
    return number


def _alias(alias: str, text: str) -> str:
    if alias.lower() == "latest":
        raise ConfigError(f"candidate {text!r}: 'latest' changes while one looks; name a number, an alias or a stage")
    if not re.fullmatch(r"[\w\-]{1,255}", alias):
        raise ConfigError(f"candidate {text!r}: wanted a version number, an alias, a stage, models:/... or runs:/...")
    return alias
