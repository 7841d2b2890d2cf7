"""The Lua text of the edge's filter: what the site has fixed, then edge.lua as it stands."""

from __future__ import annotations

import json
import struct
from importlib.resources import files


def edge_filter(secret: bytes, hosts: tuple[str, ...]) -> str:
    """The filter for a site.

    secret: the 16 bytes under which users' keys are hashed. hosts: names under which users may come; none: any.
    """
    low, high = struct.unpack("<QQ", secret)
    known = ", ".join(f"[{_quoted(host.lower())}] = true" for host in hosts)
    refusal = f"no such host here; hosts: {', '.join(hosts)}\n"
    head = [
        f"local KEY0, KEY1 = 0x{low:016x}ULL, 0x{high:016x}ULL",
        f"local HOSTS = {'{' + known + '}' if hosts else 'nil'}",
        f"local NO_SUCH_HOST = {_quoted(refusal)}",
    ]
    return "\n".join([*head, files(__package__).joinpath("edge.lua").read_text(encoding="utf-8")])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # Lua reads what JSON writes of printable text
