"""A model's files on disk: their digest, and what they say of the model."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from greenramp.errors import ConfigError
from greenramp.preflight import ModelDescription, Signature, read_requirements

DESCRIBING = ("MLmodel", "requirements.txt", "python_env.yaml")
"""The small files that tell what a model is."""

_NOT_CONTENT = {"registered_model_meta"}
"""Written by MLflow's download into the copy; it is not part of the model."""

_PICKLED = (".pkl", ".pickle", ".joblib", ".pt", ".pth", "pytorch_model.bin", ".cloudpickle", ".dill")
_EXAMPLES = ("input_example.json", "serving_input_example.json")


def tree_digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files below `folder`, as `sha256:<hex>`.

    Order of files and the folder's own place don't count; a symbolic link is read as what it points to.
    """
    total = hashlib.sha256()
    for path in _content(folder):
        name = path.relative_to(folder).as_posix().encode()
        total.update(len(name).to_bytes(8, "big") + name)
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{total.hexdigest()}"


def sizes_in(folder: Path) -> dict[str, int]:
    """Bytes by path of all files below `folder`."""
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in _content(folder)}


def describe(
    folder: Path,
    version: str,
    digest: str | None = None,
    recorded_digest: str | None = None,
    sizes: Mapping[str, int] | None = None,
) -> ModelDescription:
    """What a model's files say of it; nothing is loaded or run.

    sizes: bytes by path of all the model's files; default: of those in `folder`, which may hold the describing ones
    only. Raises ConfigError when MLmodel is missing or can't be read.
    """
    described = _mlmodel(folder)
    sizes = sizes_in(folder) if sizes is None else sizes
    flavours = described.get("flavors") or {}
    pyfunc = flavours.get("python_function") or {}
    python = _yaml(folder / "python_env.yaml").get("python") or pyfunc.get("python_version")
    requirements = folder / "requirements.txt"
    lines = requirements.read_text(encoding="utf-8", errors="replace").splitlines() if requirements.exists() else []
    return ModelDescription(
        version=version,
        flavours=tuple(sorted(flavours)),
        signature=_signature(described, folder),
        requirements=read_requirements(lines),
        python=None if python is None else str(python),
        size_bytes=sum(sizes.values()),
        digest=digest,
        recorded_digest=recorded_digest,
        has_example=any(name in sizes for name in _EXAMPLES),
        pickled=tuple(sorted(path for path in sizes if path.endswith(_PICKLED) or _is_pickle(folder / path))),
        code=_code(flavours, sizes),
    )


def _content(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in _NOT_CONTENT)


def _mlmodel(folder: Path) -> dict[str, Any]:
    if not (described := _yaml(folder / "MLmodel")):
        raise ConfigError(f"{folder / 'MLmodel'} is missing or empty, so this is no MLflow model; log it with MLflow")
    return described


def _yaml(file: Path) -> dict[str, Any]:
    """A file's mapping, all values as texts (3.10 must not be read as 3.1); empty when there is none."""
    if not file.exists():
        return {}
    try:
        described = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} can't be read: {_one_line(error)}") from error
    return described if isinstance(described, dict) else {}


def _signature(described: Mapping[str, Any], folder: Path) -> Signature:
    found = described.get("signature")
    if not isinstance(found, dict):
        return Signature()
    try:
        inputs, outputs, params = (
            tuple(json.loads(found[part])) if found.get(part) not in (None, "", "null") else None
            for part in ("inputs", "outputs", "params")
        )
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{folder / 'MLmodel'}: signature can't be read: {_one_line(error)}") from error
    hinted = str(described.get("is_signature_from_type_hint")).lower() == "true"
    return Signature(inputs, outputs, params or (), hinted)


def _code(flavours: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Folders and files of the model's own code that MLflow puts on the path or runs to load it."""
    named: set[str] = set()
    for flavour in flavours.values():
        if isinstance(flavour, dict):
            named |= {str(flavour[key]) for key in ("code", "model_code_path") if flavour.get(key)}
    there = {name for name in named if any(p == name or p.startswith(f"{name}/") for p in sizes)}
    loose = {path for path in sizes if path.endswith(".py") and path.split("/")[0] not in there}
    return tuple(sorted(there | loose))


def _is_pickle(path: Path) -> bool:
    """Told by content: a pickle's first bytes, or a torch archive with pickles in it."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(4)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    return head == b"PK\x03\x04" and any(name.endswith(".pkl") for name in _members(path))


def _members(path: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield from archive.namelist()
    except zipfile.BadZipFile:
        return


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
