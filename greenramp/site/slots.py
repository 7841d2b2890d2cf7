"""The two slots Envoy may run in: in one the active Envoy runs, in the other the one that stands by."""

from __future__ import annotations

import os
from pathlib import Path

from greenramp.home import Home

SLOTS = ("a", "b")
FIRST_SLOT = "a"


def slot_program(slot: str) -> str:
    """What supervisord calls the Envoy in a slot."""
    return f"envoy-{slot}"


def other_slot(slot: str) -> str:
    """The one of the two that `slot` is not."""
    return SLOTS[1 - SLOTS.index(slot)]


def slots_lock(home: Home) -> Path:
    """Whoever starts or stops an Envoy holds this."""
    return home.runtime / "slots.lock"


def read_active_slot(home: Home) -> str | None:
    """The slot whose Envoy is asked and told; None before the first start."""
    try:
        target = home.admin_socket.readlink()
    except OSError:
        return None
    return next((slot for slot in SLOTS if home.slot_admin_socket(slot).name == target.name), None)


def ensure_active_slot(home: Home, slot: str) -> bool:
    """Let the admin socket lead to this slot's Envoy, in one step; returns whether it led elsewhere."""
    if read_active_slot(home) == slot:
        return False
    aside = home.admin_socket.with_name(f".envoy-admin.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(Path(home.slot_admin_socket(slot).name))
    aside.replace(home.admin_socket)
    return True
