"""A wish becomes one version, whose files never change unseen."""

import shutil
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger

from greenramp.clients.registry import DIGEST_TAG, Registry
from greenramp.config import Service
from greenramp.errors import Refused
from tasks.registration import resolve_candidate

GATE = {"name": "errors", "metric": "errors", "margin": 0.05}


@pytest.fixture
def resolve(site, model):
    plan = Service.model_validate({"model": model, "gates": [GATE]})

    def resolved(version):
        with disable_run_logger():
            return resolve_candidate.fn(site, "fraud", plan, version)

    return resolved


def test_the_digest_is_recorded_when_a_version_is_first_seen(site, model, register, resolve):
    version = register({"a": "double"})
    assert DIGEST_TAG not in Registry(site.mlflow_url).version(model, version).tags
    candidate = resolve(version)
    assert Registry(site.mlflow_url).version(model, version).tags[DIGEST_TAG] == candidate.digest
    assert resolve(version) == candidate


def test_an_artifact_that_was_tampered_with_is_refused_with_both_digests(site, register, resolve, stored):
    version = register({"a": "double"})
    candidate = resolve(version)
    shutil.rmtree(candidate.model_path)  # another machine, or a home that was cleaned
    with (stored(version) / "code" / "model.py").open("a") as file:
        file.write("import os\n")
    with pytest.raises(Refused, match="tampered with or its artifact rewritten") as refused:
        resolve(version)
    assert f"but {candidate.digest} when it was first seen" in str(refused.value)
    assert "as a new version" in str(refused.value)


def test_a_copy_that_was_changed_on_this_machine_is_refused(register, resolve):
    version = register({"a": "double"})
    candidate = resolve(version)
    with (Path(candidate.model_path) / "code" / "model.py").open("a") as file:
        file.write("import os\n")
    with pytest.raises(Refused, match="looked at: ") as refused:
        resolve(version)
    assert candidate.model_path in str(refused.value)


def test_a_copy_that_is_there_is_enough_when_mlflow_has_lost_the_artifact(register, resolve, lose):
    version = register({"a": "double"})
    candidate = resolve(version)
    lose(version)
    assert resolve(version) == candidate  # a way back to it must not need the store
