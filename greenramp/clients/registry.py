"""MLflow's model registry: versions, aliases, stages, tags, artifacts."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from greenramp.clients.artifacts import DESCRIBING, tree_digest
from greenramp.errors import ConfigError, NotConfirmed, Unreachable
from greenramp.lifecycle.reference import Kind, Reference

DIGEST_TAG = "greenramp.digest"
_OUR_LINE = "Greenramp: "


@dataclass(frozen=True)
class ModelVersion:
    """One fixed version of a registered model."""

    model: str
    version: str
    run_id: str
    stage: str
    tags: Mapping[str, str] = field(default_factory=dict)


class Registry:
    """The registry behind one MLflow tracking server."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def resolve(self, reference: Reference, model: str) -> ModelVersion:
        """The version a reference means now; raises ConfigError, saying what there is, when it means none."""
        with self._speaking():
            if reference.kind is Kind.RUN:
                return self._ensure_registered(reference.value, model)
            version = self._number(reference, model)
            if version is None:
                raise ConfigError(f"model {model!r} has no {reference}; {self._what_there_is(model)}")
            return self.version(model, version)

    def version(self, model: str, version: str) -> ModelVersion:
        """A version by its number; raises ConfigError when there is none."""
        with self._speaking():
            try:
                found = self._client.get_model_version(model, version)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                raise ConfigError(f"model {model!r} has no version {version}; {self._what_there_is(model)}") from error
        if found.status != "READY":
            raise ConfigError(f"{model} version {version} is {found.status}, not READY: {found.status_message}")
        return ModelVersion(model, str(found.version), found.run_id or "", found.current_stage, dict(found.tags))

    def alias(self, model: str, alias: str) -> str | None:
        """The number an alias points to, None when it is not set."""
        with self._speaking():
            found = self._registered(model)
        version = found.aliases.get(alias) if found else None
        return None if version is None else str(version)

    def ensure_alias(self, model: str, alias: str, version: str | None) -> bool:
        """Point an alias to a version, or remove it; returns whether anything had to change."""
        if self.alias(model, alias) == version:
            return False
        with self._speaking():
            if version is None:
                self._client.delete_registered_model_alias(model, alias)
            else:
                self._client.set_registered_model_alias(model, alias, version)
        if (have := self.alias(model, alias)) != version:
            raise NotConfirmed(f"alias {alias} of {model} is {have} after it was set to {version}")
        return True

    def ensure_stage(self, model: str, version: str, stage: str) -> bool:
        """Move a version to a stage; returns whether anything had to change."""
        if self.version(model, version).stage == stage:
            return False
        with self._speaking(), _stages_are_deprecated():
            self._client.transition_model_version_stage(model, version, stage)
        if (have := self.version(model, version).stage) != stage:
            raise NotConfirmed(f"{model} version {version} is in stage {have} after it was moved to {stage}")
        return True

    def in_stage(self, model: str, stage: str) -> tuple[str, ...]:
        """Numbers of the versions in a stage, newest first."""
        with self._speaking():
            versions = self._client.search_model_versions(f"name='{model}'")
        found = [v for v in versions if v.current_stage == stage]
        return tuple(str(v.version) for v in sorted(found, key=lambda v: -int(v.version)))

    def set_tags(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        """Set tags on a version."""
        with self._speaking():
            for key, value in tags.items():
                self._client.set_model_version_tag(model, version, key, value[:5000])

    def describe(self, model: str, version: str, sentence: str) -> None:
        """Say on a version's page what became of it, below whatever else its description says. Safe to repeat."""
        with self._speaking():
            found = self._client.get_model_version(model, version).description or ""
            wanted = described(found, sentence)
            if wanted != found:
                self._client.update_model_version(model, version, wanted)

    def fetch(self, model: str, version: str, target: Path) -> str:
        """Copy a version's files to `target`, whole or not at all; returns their digest. Safe to repeat."""
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".fetching-", dir=target.parent))
            try:
                with self._speaking():
                    mlflow.artifacts.download_artifacts(
                        f"models:/{model}/{version}", dst_path=str(aside / "model"), tracking_uri=self._uri
                    )
                (aside / "model").rename(target)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        return tree_digest(target)

    def fetch_description(self, model: str, version: str, target: Path) -> dict[str, int]:
        """Copy only the small files that describe a version; returns bytes by path of all its files."""
        address = f"models:/{model}/{version}"
        with self._speaking():
            sizes = dict(self._sizes(address, ""))
            for name in DESCRIBING:
                if name in sizes:
                    mlflow.artifacts.download_artifacts(f"{address}/{name}", dst_path=str(target))
        return sizes

    def read_mlmodel(self, model: str, version: str) -> bytes:
        """The file MLmodel of a version as MLflow holds it now; it names the moment the model was logged."""
        with tempfile.TemporaryDirectory(prefix="greenramp-") as folder, self._speaking():
            address = f"models:/{model}/{version}/MLmodel"
            return Path(mlflow.artifacts.download_artifacts(address, dst_path=folder)).read_bytes()

    def _sizes(self, address: str, folder: str) -> Iterator[tuple[str, int]]:
        for found in mlflow.artifacts.list_artifacts(artifact_uri=f"{address}/{folder}".rstrip("/")):
            if found.is_dir:
                yield from self._sizes(address, found.path)
            else:
                yield found.path, int(found.file_size or 0)

    def _number(self, reference: Reference, model: str) -> str | None:
        if reference.kind is Kind.NUMBER:
            return reference.value
        if reference.kind is Kind.ALIAS:
            return self.alias(model, reference.value)
        found = self.in_stage(model, reference.value)
        return found[0] if found else None

    def _ensure_registered(self, source: str, model: str) -> ModelVersion:
        """Register a run's model, once: a second wish for the same run and path finds the first one's version."""
        for known in self._client.search_model_versions(f"name='{model}'"):
            if known.tags.get("greenramp.source") == source:
                return self.version(model, str(known.version))
        registered = mlflow.register_model(source, model, tags={"greenramp.source": source})
        return self.version(model, str(registered.version))

    def _registered(self, model: str) -> Any:
        try:
            return self._client.get_registered_model(model)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def _what_there_is(self, model: str) -> str:
        found = self._registered(model)
        if found is None:
            names = ", ".join(sorted(m.name for m in self._client.search_registered_models())[:10]) or "none"
            return f"the registry holds no model of that name; it holds: {names}"
        versions = sorted(int(v.version) for v in self._client.search_model_versions(f"name='{model}'"))
        aliases = ", ".join(f"{a} -> {v}" for a, v in sorted(found.aliases.items())) or "none"
        return f"versions: {', '.join(map(str, versions[-10:])) or 'none'}; aliases: {aliases}"

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn MLflow's errors into ours: what a second try can cure, and what it can't."""
        mlflow.set_tracking_uri(self._uri)  # register_model and download_artifacts know no other way
        mlflow.set_registry_uri(self._uri)
        try:
            yield
        except (MlflowException, OSError) as error:
            code = getattr(error, "error_code", "")
            if code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise ConfigError(f"MLflow at {self._uri}: {_first_line(error)}") from error
            raise Unreachable(f"MLflow at {self._uri} does not answer as it should: {_first_line(error)}") from error


def described(description: str, sentence: str) -> str:
    """A description whose one line of ours is `sentence`; what people wrote stays as it is."""
    lines = [line for line in description.splitlines() if not line.startswith(_OUR_LINE)]
    others = "\n".join(lines).rstrip()
    return f"{others}\n\n{_OUR_LINE}{sentence}".lstrip()


@contextmanager
def _stages_are_deprecated() -> Iterator[None]:
    """MLflow warns at every use of a stage; a service that asks for stages has chosen them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
