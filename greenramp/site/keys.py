"""Keys that the site's own programs share: each in a file of the home, for its owner alone."""

from __future__ import annotations

import base64
import os
import secrets

from greenramp.clients.atomicfile import write_text
from greenramp.home import Home

WEBHOOK_VARIABLE = "GREENRAMP_WEBHOOK_SECRET"
"""With this secret MLflow signs its webhooks; where it is not set, `greenramp up` makes one."""

_WEBHOOK, _ENCRYPTION = "webhook", "mlflow-encryption"


def ensure_secrets(home: Home) -> None:
    """Have a secret for webhooks, and the key with which MLflow keeps it. Safe to repeat: what is there stays.

    A secret in the environment takes the place of the one before.
    """
    given = os.environ.get(WEBHOOK_VARIABLE, "")
    if given or not webhook_secret(home):
        write_text(home.secrets / _WEBHOOK, given or secrets.token_urlsafe(32))
    if not encryption_key(home):
        write_text(home.secrets / _ENCRYPTION, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def webhook_secret(home: Home) -> str:
    """The secret of the webhooks, empty where there is none yet."""
    return _read(home, _WEBHOOK)


def encryption_key(home: Home) -> str:
    """The key with which MLflow keeps webhooks' secrets, empty where there is none yet."""
    return _read(home, _ENCRYPTION)


def _read(home: Home, name: str) -> str:
    path = home.secrets / name
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
