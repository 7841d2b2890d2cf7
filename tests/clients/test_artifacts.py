"""A digest says whether a model's files are the same files."""

import os

import pytest

from greenramp.clients.artifacts import tree_digest

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
