"""A model's files on disk: their digest, their requirements."""

from __future__ import annotations

import hashlib
from pathlib import Path

_NOT_CONTENT = {"registered_model_meta"}
"""Written by MLflow's download into the copy; it is not part of the model."""


def tree_digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files below `folder`, as `sha256:<hex>`.

    Order of files and the folder's own place don't count; a symbolic link is read as what it points to.
    """
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in _NOT_CONTENT):
        name = path.relative_to(folder).as_posix().encode()
        total.update(len(name).to_bytes(8, "big") + name)
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{total.hexdigest()}"
