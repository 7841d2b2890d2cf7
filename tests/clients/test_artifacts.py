"""A digest says whether a model's files are the same files; a description, what they say of the model."""

import json
import os
import pickle
import zipfile

import pytest

from greenramp.clients.artifacts import describe, tree_digest
from greenramp.errors import ConfigError

FILES = {"MLmodel": "flavors: {}", "model.pkl": "\x00weights", "code/score.py": "def f(): ...", "empty": ""}


def laid_out(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def digest(tmp_path):
    return tree_digest(laid_out(tmp_path / "model", FILES))


def test_a_digest_says_how_it_was_made(digest):
    kind, value = digest.split(":")
    assert (kind, len(value)) == ("sha256", 64)


def test_the_order_in_which_files_were_written_does_not_count(tmp_path, digest):
    assert tree_digest(laid_out(tmp_path / "other", dict(reversed(FILES.items())))) == digest


def test_the_folders_own_place_does_not_count(tmp_path, digest):
    moved = (tmp_path / "model").rename(tmp_path / "somewhere-else")
    assert tree_digest(moved) == digest


def test_when_and_with_which_rights_does_not_count(tmp_path, digest):
    os.utime(tmp_path / "model" / "MLmodel", (0, 0))
    (tmp_path / "model" / "MLmodel").chmod(0o400)
    assert tree_digest(tmp_path / "model") == digest


def test_what_a_download_adds_does_not_count(tmp_path, digest):
    (tmp_path / "model" / "registered_model_meta").write_text("model_name: fraud")
    assert tree_digest(tmp_path / "model") == digest


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**FILES, "MLmodel": "flavors: {} "}, id="one more character"),
        pytest.param({**FILES, "model.pkl": "\x00weightz"}, id="another character"),
        pytest.param({k: v for k, v in FILES.items() if k != "empty"}, id="an empty file less"),
        pytest.param({**FILES, "more": ""}, id="an empty file more"),
        pytest.param({("moved" if k == "model.pkl" else k): v for k, v in FILES.items()}, id="another name"),
        pytest.param({("score.py" if k == "code/score.py" else k): v for k, v in FILES.items()}, id="another folder"),
        pytest.param({**FILES, "MLmodel": FILES["model.pkl"], "model.pkl": FILES["MLmodel"]}, id="contents exchanged"),
        pytest.param({}, id="nothing"),
    ],
)
def test_any_other_content_or_name_gives_another_digest(tmp_path, digest, files):
    (tmp_path / "other").mkdir()
    assert tree_digest(laid_out(tmp_path / "other", files)) != digest


def test_names_and_contents_are_not_mixed_up(tmp_path):
    one = laid_out(tmp_path / "one", {"ab": "", "c": ""})
    other = laid_out(tmp_path / "other", {"a": "", "bc": ""})
    assert tree_digest(one) != tree_digest(other)


def test_a_link_is_read_as_what_it_points_to(tmp_path, digest):
    linked = laid_out(tmp_path / "linked", {k: v for k, v in FILES.items() if k != "model.pkl"})
    (linked / "model.pkl").symlink_to(tmp_path / "model" / "model.pkl")
    assert tree_digest(linked) == digest


# what the files say

COLUMNS = [{"name": "a", "type": "double", "required": True}]
MLMODEL = f"""
flavors:
  python_function: {{loader_module: mlflow.sklearn, python_version: 3.10.1, code: code}}
  sklearn: {{pickled_model: model.pkl, code: code}}
is_signature_from_type_hint: false
signature:
  inputs: '{json.dumps(COLUMNS)}'
  outputs: null
  params: null
"""


def model(folder, **files):
    return laid_out(folder, {"MLmodel": MLMODEL, **files})


def test_a_description_is_read_from_the_small_files(tmp_path):
    folder = model(
        tmp_path, **{"requirements.txt": "mlflow==3.17.2\n", "python_env.yaml": "python: 3.10\n", "x": "12345"}
    )
    found = describe(folder, "7", "sha256:1", "sha256:0")
    assert found.flavours == ("python_function", "sklearn")
    assert found.signature.inputs == tuple(COLUMNS)
    assert (found.signature.outputs, found.signature.params, found.signature.from_type_hint) == (None, (), False)
    assert found.requirements == {"mlflow": "==3.17.2"}
    assert found.python == "3.10"
    assert found.size_bytes == sum(p.stat().st_size for p in folder.iterdir())
    assert (found.digest, found.recorded_digest, found.has_example) == ("sha256:1", "sha256:0", False)


def test_the_flavours_python_counts_where_no_environment_is_described(tmp_path):
    assert describe(model(tmp_path), "7").python == "3.10.1"


@pytest.mark.parametrize("name", ["input_example.json", "serving_input_example.json"])
def test_an_input_example_is_seen(tmp_path, name):
    assert describe(model(tmp_path, **{name: "{}"}), "7").has_example


def test_a_pickle_is_told_by_its_name_or_by_its_first_bytes(tmp_path):
    folder = model(tmp_path, **{"model.joblib": "compressed", "weights.npy": "x", "data/plain.bin": "\x80text"})
    (folder / "data" / "hidden").write_bytes(pickle.dumps({"a": 1}))
    with zipfile.ZipFile(folder / "net.bin", "w") as archive:
        archive.writestr("net/data.pkl", b"")
    with zipfile.ZipFile(folder / "model.skops", "w") as archive:
        archive.writestr("schema.json", "{}")
    assert describe(folder, "7").pickled == ("data/hidden", "model.joblib", "net.bin")


def test_a_broken_archive_is_no_pickle(tmp_path):
    folder = model(tmp_path)
    (folder / "half.zip").write_bytes(b"PK\x03\x04 broke off")
    assert describe(folder, "7").pickled == ()


def test_code_of_its_own_is_seen_as_a_folder_or_as_files(tmp_path):
    folder = model(tmp_path, **{"code/lib/x.py": "", "model.py": ""})
    assert describe(folder, "7").code == ("code", "model.py")


def test_sizes_from_elsewhere_stand_for_files_that_were_not_copied(tmp_path):
    found = describe(model(tmp_path), "7", sizes={"MLmodel": 10, "model.pkl": 5, "input_example.json": 1})
    assert (found.size_bytes, found.pickled, found.has_example) == (16, ("model.pkl",), True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is missing or empty"),
        ("flavors: {", "MLmodel can't be read"),
        ("flavors: {}\nsignature: {inputs: x}", "signature can't be read"),
        ("flavors: {}\nsignature: {inputs: '7'}", "signature can't be read"),
    ],
)
def test_a_description_that_cannot_be_read_is_refused_by_its_file(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words) as refused:
        describe(laid_out(tmp_path, {"MLmodel": text}), "7")
    assert str(tmp_path / "MLmodel") in str(refused.value)
