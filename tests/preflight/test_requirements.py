"""Requirements: read, compared, and held against what is installed."""

import pytest

from greenramp.preflight.requirements import differences, read_requirements, unmet


def test_requirements_are_read_by_canonical_name_and_options_left_out():
    lines = [
        "# made by mlflow",
        "Scikit_Learn==1.6.1  # pinned",
        "pandas[parquet]>=2,<3",
        "-r more.txt",
        "--extra-index-url https://example.org",
        "",
        "left-out==1; python_version < '3'",
        "mine @ https://example.org/mine.whl",
        "./wheels/other.whl",
    ]
    assert read_requirements(lines) == {
        "scikit-learn": "==1.6.1",
        "pandas": "<3,>=2",
        "mine": "@ https://example.org/mine.whl",
        "./wheels/other.whl": "@ ./wheels/other.whl",
    }


@pytest.mark.parametrize(
    ("was", "now", "size", "text"),
    [
        ({}, {"a": "==1"}, "added", "a==1"),
        ({"a": "==1"}, {}, "removed", "a==1"),
        ({"a": "==1.9.9"}, {"a": "==2.0"}, "major", "a 1.9.9 -> 2.0"),
        ({"a": "==2!1.0"}, {"a": "==1.0"}, "major", "a 2!1.0 -> 1.0"),
        ({"a": "==1.9"}, {"a": "==1.10"}, "minor", "a 1.9 -> 1.10"),
        ({"a": "==1.9.1"}, {"a": "==1.9.2"}, "patch", "a 1.9.1 -> 1.9.2"),
        ({"a": "==1.9"}, {"a": ">=1"}, "other", "a 1.9 -> >=1"),
        ({"a": ""}, {"a": "==1"}, "other", "a any version -> 1"),
    ],
)
def test_a_difference_has_a_size(was, now, size, text):
    (found,) = differences(was, now)
    assert (found.size, str(found)) == (size, text)


def test_equal_requirements_do_not_differ():
    assert differences({"a": "==1", "b": ""}, {"b": "", "a": "==1"}) == ()


@pytest.mark.parametrize(
    ("spec", "installed", "said"),
    [
        ("==1.2", {"a": "1.2"}, ()),
        ("", {"a": "0.1.dev3"}, ()),
        (">=1", {"a": "2.0rc1"}, ()),
        ("@ https://example.org/a.whl", {}, ()),
        ("==1.2", {"a": "1.3"}, ("a==1.2 (installed: 1.3)",)),
        ("==1.2", {}, ("a==1.2 (not installed)",)),
        ("==1.2", {"a": "garbled version"}, ("a==1.2 (installed: garbled version)",)),
    ],
)
def test_what_is_installed_is_held_against_what_is_required(spec, installed, said):
    assert unmet({"a": spec}, installed) == said
