"""Where people are told: Apprise addresses, which are secrets and are never shown."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from greenramp.clients.prefectapi import PrefectApi
from greenramp.errors import Unreachable
from greenramp.news import News

VARIABLE = "GREENRAMP_NOTIFY"
_SPEAKERS = ("apprise", "urllib3.connectionpool", "urllib3.util.retry", "requests_oauthlib")
"""Loggers that may name the address they speak with."""
_heard = threading.local()


@dataclass(frozen=True)
class Target:
    """One Apprise address. Shown as its kind and a number that tells it apart; both are safe to log."""

    url: str = field(repr=False)

    @cached_property
    def id(self) -> str:
        """From the address alone; slow to make, so that nobody finds a short password by trying."""
        return hashlib.scrypt(self.url.encode(), salt=b"greenramp target", n=2**13, r=8, p=1, dklen=6).hex()

    def __str__(self) -> str:
        kind = re.match(r"([a-z][a-z0-9]{0,19})://", self.url)
        return f"{kind[1] if kind else 'unreadable'} target {self.id}"

    def send(self, title: str, body: str) -> None:
        """Send one message; raises Unreachable with what is known of the reason, without the address."""
        import apprise

        with _quiet() as said:
            try:
                sender = apprise.Apprise()
                taken = bool(sender.add(self.url)) and bool(sender.notify(body=body, title=title, body_format="text"))
            except Exception as error:  # noqa: BLE001  (a plugin's fault is the target's, not the release's)
                taken = False
                said.append(f"{type(error).__name__}: {error}")
        if not taken:
            reason = self.redacted("; ".join(said)) or "it was not taken, and nothing said why"
            raise Unreachable(f"{self}: {reason}") from None

    def tell(self, news: News) -> None:
        """Send news; see send."""
        self.send(news.title, news.body)

    def redacted(self, text: str) -> str:
        """The text without any part of the address; one line of at most 200 characters."""
        rest = self.url.partition("://")[2] or self.url
        parts = {part for whole in (rest, unquote(rest)) for part in re.split(r"[/:@?&=,;#\s]+", whole)}
        for part in sorted((part for part in parts if len(part) > 2), key=len, reverse=True):
            text = re.sub(re.escape(part), "***", text, flags=re.IGNORECASE)
        return " ".join(text.split())[:200]


def environment_targets() -> tuple[Target, ...]:
    """Those that GREENRAMP_NOTIFY names, between commas or blanks."""
    return _targets(os.environ.get(VARIABLE, ""))


def block_targets(prefect_url: str, block: str | None) -> tuple[Target, ...]:
    """Those in a Secret block of Prefect; raises Unreachable, ConfigError when there is no such block."""
    return _targets(PrefectApi(prefect_url).secret(block)) if block else ()


def _targets(text: str) -> tuple[Target, ...]:
    """A comma may be part of an address, too: one counts that comes before another address."""
    found = re.split(r"[\s,]+(?=[A-Za-z][A-Za-z0-9]{0,19}://)|\s+", text.strip().strip(","))
    return tuple(Target(url) for url in dict.fromkeys(filter(None, found)))


class _Unsaid(logging.Filter):
    """Keeps what is logged while a message is sent, instead of letting it out."""

    def filter(self, record: logging.LogRecord) -> bool:
        said: list[str] | None = getattr(_heard, "said", None)
        if said is None:
            return True
        if record.levelno >= logging.WARNING:
            said.append(record.getMessage())
        return False


_UNSAID = _Unsaid()


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Nothing of what this thread's libraries log gets out; gives their warnings."""
    for name in _SPEAKERS:
        logging.getLogger(name).addFilter(_UNSAID)  # adding it again changes nothing
    _heard.said = []
    try:
        yield _heard.said
    finally:
        _heard.said = None
