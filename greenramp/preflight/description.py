"""What a model's files say of it, without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Specs = tuple[Mapping[str, Any], ...]
"""Columns, tensors or parameters as MLflow writes them: {"name": ..., "type": ..., "required": ...}."""


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives; None where its files don't say.

    from_type_hint: made from the type hints of its `predict`, which then check the inputs instead of MLflow's schema.
    """

    inputs: Specs | None = None
    outputs: Specs | None = None
    params: Specs = ()
    from_type_hint: bool = False


@dataclass(frozen=True)
class ModelDescription:
    """One version, as its files describe it.

    requirements: version specifier by canonical package name ("" for any version, "@ <address>" for a file or
    repository). python: version it was logged with, None when not said. size_bytes: all files together.
    digest: of the files as they are now, None when they were not all read; recorded_digest: when Greenramp first
    saw them. pickled: files that run code while they are loaded. code: folders and files of its own code.
    """

    version: str
    flavours: tuple[str, ...] = ()
    signature: Signature = Signature()
    requirements: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    size_bytes: int = 0
    digest: str | None = None
    recorded_digest: str | None = None
    has_example: bool = False
    pickled: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
