"""Virtual environments from a model's own requirements: what is asked for, and what becomes of it."""

import subprocess
import sys
import threading

import pytest

from greenramp.errors import ProvisionFailed
from greenramp.providers.virtualenv import _name, _python_version, _requirements, ensure_virtualenv

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def model(tmp_path):
    """Lay out what a model says about its environment."""

    def lay_out(requirements=None, python=None, mlflow="3.17.2"):
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        (folder / "MLmodel").write_text(f"mlflow_version: {mlflow}\n")
        if requirements is not None:
            (folder / "requirements.txt").write_text(requirements)
        if python is not None:
            (folder / "python_env.yaml").write_text(python)
        return folder

    return lay_out


# which requirements


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("mlflow==3.17.2\nscikit-learn==1.6.1\n", ["mlflow==3.17.2", "scikit-learn==1.6.1"], id="named"),
        pytest.param("numpy\n", ["numpy", "mlflow==3.17.2"], id="without MLflow, the version that logged it"),
        pytest.param(
            "mlflow-skinny==3.17.2\n", ["mlflow-skinny==3.17.2", "mlflow==3.17.2"], id="only a part of MLflow"
        ),
        pytest.param("# made by us\n\n  numpy==2.1  \r\nmlflow\n", ["numpy==2.1", "mlflow"], id="comments and space"),
        pytest.param("", ["mlflow==3.17.2"], id="nothing"),
        pytest.param(
            "--extra-index-url https://example.org/simple\nMLflow>=3 ; python_version > '3'\n",
            ["--extra-index-url https://example.org/simple", "MLflow>=3 ; python_version > '3'"],
            id="options and conditions",
        ),
    ],
)
def test_a_model_gets_what_it_asks_for_and_what_serving_needs(model, text, wanted):
    assert _requirements(model(text)) == [*wanted, "uvicorn", "fastapi"]


def test_a_model_that_names_no_requirements_is_refused(model):
    with pytest.raises(ProvisionFailed, match=r"requirements\.txt is missing: with env_manager uv a model must name"):
        ensure_virtualenv(model().parent / "venvs", model(), timeout_seconds=5)


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("numpy", "numpy"),
        ("numpy==2.1", "numpy"),
        ("numpy>=2,<3", "numpy"),
        ("numpy~=2.1", "numpy"),
        ("numpy!=2.1", "numpy"),
        ("numpy < 3", "numpy"),
        ("MLflow", "mlflow"),
        ("mlflow[extras]==3.17.2", "mlflow"),
        ("mlflow; python_version > '3'", "mlflow"),
        ("mlflow @ https://example.org/mlflow.whl", "mlflow"),
        ("mlflow@https://example.org/mlflow.whl", "mlflow"),
        ("scikit_learn==1.6", "scikit-learn"),
        ("mlflow_skinny==3.17.2", "mlflow-skinny"),
        ("mlflow==3.17.2  # pinned", "mlflow"),
    ],
)
def test_the_name_of_a_requirement(requirement, name):
    assert _name(requirement) == name


# which Python


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("python: 3.11.7\ndependencies: [-r requirements.txt]\n", "3.11", id="as MLflow writes it"),
        pytest.param("python: '3.12'\n", "3.12", id="in quotes"),
        pytest.param("python: 3.10\n", "3.10", id="what YAML takes for a number"),
        pytest.param("build_dependencies: [pip]\n", HERE, id="not said"),
        pytest.param("", HERE, id="an empty file"),
        pytest.param(None, HERE, id="no file"),
    ],
)
def test_a_model_gets_the_python_it_was_made_with(model, text, wanted):
    assert _python_version(model("", python=text)) == wanted


# building


def test_a_python_that_is_not_there_is_said_in_uvs_words(model, tmp_path):
    with pytest.raises(ProvisionFailed) as refused:
        ensure_virtualenv(tmp_path / "venvs", model("", python="python: 2.99.1\n"), timeout_seconds=60)
    assert str(refused.value).startswith("the model's requirements can't be installed (uv venv): ")
    assert "2.99" in str(refused.value)


def test_a_build_that_takes_too_long_is_given_up_and_begun_anew_later(model, tmp_path):
    folder = model("")
    for _ in range(2):
        with pytest.raises(ProvisionFailed, match=r"uv venv took longer than 0\.001 s"):
            ensure_virtualenv(tmp_path / "venvs", folder, timeout_seconds=0.001)


def test_a_requirement_that_is_none_is_said_in_uvs_words_without_asking_the_index(model, tmp_path):
    with pytest.raises(ProvisionFailed) as refused:
        ensure_virtualenv(tmp_path / "venvs", model("numpy===???\n"), timeout_seconds=60)
    assert str(refused.value).startswith("the model's requirements can't be installed (uv pip): ")
    assert "numpy===???" in str(refused.value)


def test_an_environment_that_is_complete_is_used_as_it_is(model, tmp_path):
    folder = model("numpy===???\n")
    with pytest.raises(ProvisionFailed):
        ensure_virtualenv(tmp_path / "venvs", folder, timeout_seconds=60)
    (built,) = (path for path in (tmp_path / "venvs").iterdir() if path.is_dir())
    (built / ".complete").touch()
    assert ensure_virtualenv(tmp_path / "venvs", folder, timeout_seconds=0.001) == built / "bin" / "python"


# with the package index

SMALL = "mlflow @ file://{package}\nsix==1.16.0\n"
"""A package of our own stands in for MLflow, whose install takes minutes; the rest comes from the index."""


@pytest.fixture
def small(model, tmp_path):
    """Lay out a model whose environment is quickly built."""
    package = tmp_path / "package"
    (package / "mlflow").mkdir(parents=True)
    (package / "mlflow" / "__init__.py").write_text("")
    (package / "setup.py").write_text(
        "from setuptools import setup; setup(name='mlflow', version='0', packages=['mlflow'])"
    )
    return model(SMALL.format(package=package))


def versions(python):
    told = subprocess.run(
        [python, "-c", "import six, uvicorn, fastapi, sys; print(six.__version__, sys.version)"], **CAPTURE
    )
    return told.stdout.split()


CAPTURE = {"capture_output": True, "text": True, "check": True}


@pytest.mark.e2e
def test_an_environment_holds_what_was_asked_for_and_is_built_once(small, tmp_path):
    pythons = []
    builders = [
        threading.Thread(target=lambda: pythons.append(ensure_virtualenv(tmp_path / "venvs", small, 300)))
        for _ in range(2)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert pythons[0] == pythons[1]
    six, python = versions(pythons[0])[:2]
    assert (six, python.split(".")[:2]) == ("1.16.0", HERE.split("."))
    made = pythons[0].parent.parent.stat()
    assert ensure_virtualenv(tmp_path / "venvs", small, 0.001) == pythons[0]
    assert pythons[0].parent.parent.stat().st_ino == made.st_ino


@pytest.mark.e2e
def test_a_build_that_was_interrupted_is_begun_anew(small, tmp_path):
    python = ensure_virtualenv(tmp_path / "venvs", small, 300)
    folder = python.parent.parent
    (folder / ".complete").unlink()
    (folder / "half").write_text("a package that was half written")
    assert ensure_virtualenv(tmp_path / "venvs", small, 300) == python
    assert not (folder / "half").exists()
    assert versions(python)[0] == "1.16.0"


@pytest.mark.e2e
def test_a_requirement_that_nobody_has_is_said_in_uvs_words(model, tmp_path):
    with pytest.raises(ProvisionFailed) as refused:
        ensure_virtualenv(tmp_path / "venvs", model("mlflow\nsix==99.99\n"), timeout_seconds=300)
    assert str(refused.value).startswith("the model's requirements can't be installed (uv pip): ")
    assert "six==99.99" in str(refused.value)
