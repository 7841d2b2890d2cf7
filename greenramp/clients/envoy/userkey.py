"""The site's secret, under which the edge hashes what tells its users apart."""

from __future__ import annotations

import secrets

from greenramp.clients.atomicfile import locked, write_text
from greenramp.errors import ConfigError
from greenramp.home import Home

_BYTES = 16


def user_key(home: Home) -> bytes:
    """The secret's 16 bytes; made when there is none yet, and then the same for good.

    Raises ConfigError when its file is damaged: a new secret would silently draw other users into a release.
    """
    path = home.root / "envoy" / "user.key"
    with locked(home.runtime / "user-key.lock"):
        if not path.exists():
            write_text(path, secrets.token_hex(_BYTES) + "\n")
        text = path.read_bytes().strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise ConfigError(
            f"{path} is damaged: it has to hold {2 * _BYTES} hexadecimal digits, and holds {len(text)} bytes of "
            "something else; put a backup back, or remove the file: then a release under way meets other users, and "
            "the request log calls everybody by a new name"
        )
    return key
