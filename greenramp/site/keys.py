"""Keys that the site's own programs share: each in a file of the home, for its owner alone."""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress

from greenramp.clients.atomicfile import write_text
from greenramp.errors import ConfigError
from greenramp.home import Home

WEBHOOK_VARIABLE = "GREENRAMP_WEBHOOK_SECRET"
"""With this secret MLflow signs its webhooks; where it is not set, `greenramp up` makes one."""

_WEBHOOK, _ENCRYPTION = "webhook", "mlflow-encryption"
_LEAST = 16
"""Characters; a shorter secret can be guessed, or is what a crash left of one."""
_KEY_BYTES = 32


def ensure_secrets(home: Home) -> None:
    """Have a secret for webhooks, and the key with which MLflow keeps it. Safe to repeat: what is there stays.

    A secret in the environment takes the place of the one before.
    """
    given = os.environ.get(WEBHOOK_VARIABLE, "")
    if given and len(given) < _LEAST:
        raise ConfigError(f"{WEBHOOK_VARIABLE} has {len(given)} characters; a secret needs {_LEAST} at least")
    if given or not webhook_secret(home):
        write_text(home.secrets / _WEBHOOK, given or secrets.token_urlsafe(32))
    if not encryption_key(home):
        write_text(home.secrets / _ENCRYPTION, base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode())


def webhook_secret(home: Home) -> str:
    """The secret of the webhooks, empty where there is none yet, or only the rest of one."""
    secret = _read(home, _WEBHOOK)
    return secret if len(secret) >= _LEAST else ""


def encryption_key(home: Home) -> str:
    """The key with which MLflow keeps webhooks' secrets, empty where there is none yet, or only the rest of one."""
    key = _read(home, _ENCRYPTION)
    with suppress(ValueError):
        if len(base64.b64decode(key, altchars=b"-_", validate=True)) == _KEY_BYTES:
            return key
    return ""


def _read(home: Home, name: str) -> str:
    path = home.secrets / name
    text = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
    return text if text.isprintable() else ""  # a header or a variable could not hold it
