"""Virtual environments built from a model's own requirements, kept by their hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from greenramp.clients.atomicfile import locked, write_text
from greenramp.errors import ProvisionFailed

_COMPLETE = ".complete"


def ensure_virtualenv(venvs: Path, model_path: Path, timeout_seconds: float) -> Path:
    """The Python of an environment that holds what the model asks for; built once per set of requirements.

    A build that was interrupted is thrown away and begun anew. Raises ProvisionFailed with the installer's last
    words when a requirement can't be met.
    """
    wanted = _requirements(model_path)
    python = _python_version(model_path)
    key = hashlib.sha256("\n".join([python, *wanted]).encode()).hexdigest()[:16]
    folder = venvs / key
    with locked(venvs / f"{key}.lock"):
        if not (folder / _COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _uv(["venv", "--quiet", "--python", python, str(folder)], timeout_seconds)
            write_text(venvs / key / "greenramp" / "requirements.txt", "\n".join(wanted) + "\n")
            _uv(
                ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder / "bin" / "python")]
                + ["--requirements", str(folder / "greenramp" / "requirements.txt")],
                timeout_seconds,
            )
            (folder / _COMPLETE).touch()
    return folder / "bin" / "python"


def _requirements(model_path: Path) -> list[str]:
    """The model's own requirements, plus what MLflow's scoring protocol needs where the model left it out."""
    file = model_path / "requirements.txt"
    if not file.exists():
        raise ProvisionFailed(f"{file} is missing: with env_manager uv a model must name its requirements")
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    if not any(_name(line) == "mlflow" for line in wanted):
        described = yaml.safe_load((model_path / "MLmodel").read_text(encoding="utf-8"))
        wanted.append(f"mlflow=={described['mlflow_version']}")
    return [*wanted, "uvicorn", "fastapi"]


def _python_version(model_path: Path) -> str:
    file = model_path / "python_env.yaml"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    described = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (all texts: 3.10 must not be read as 3.1)
    version = str((described or {}).get("python", f"{sys.version_info.major}.{sys.version_info.minor}"))
    return ".".join(version.split(".")[:2])


def _name(requirement: str) -> str:
    name = requirement
    for mark in "<>=!~[; @":
        name = name.split(mark, 1)[0]
    return name.strip().lower().replace("_", "-")


def _uv(arguments: list[str], timeout_seconds: float) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "uv", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise ProvisionFailed(f"uv {arguments[0]} took longer than {timeout_seconds:g} s") from error
    if done.returncode:
        last_words = " ".join(done.stderr.split())[-600:]
        raise ProvisionFailed(f"the model's requirements can't be installed (uv {arguments[0]}): {last_words}")
