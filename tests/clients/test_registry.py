"""MLflow's registry: what a wish means, what moves, and what there is on disk."""

import pytest
from mlflow.tracking import MlflowClient

from greenramp.clients.artifacts import tree_digest
from greenramp.clients.registry import Registry, described
from greenramp.errors import ConfigError, Unreachable
from greenramp.lifecycle.reference import Kind, Reference, parse_reference


@pytest.fixture
def registry(mlflow_uri):
    return Registry(mlflow_uri)


def resolved(registry, wish, model):
    return registry.resolve(parse_reference(wish, model), model).version


# what a wish means


@pytest.mark.parametrize(
    "wish", ["2", "challenger", "@challenger", "staging", "models:/{model}/2", "models:/{model}@challenger"]
)
def test_a_wish_means_one_version(registry, model, wish):
    registry.ensure_alias(model, "challenger", "2")
    registry.ensure_stage(model, "2", "Staging")
    assert resolved(registry, wish.format(model=model), model) == "2"


def test_of_several_versions_in_a_stage_the_newest_is_meant(registry, model):
    for version in ("1", "3", "2"):
        registry.ensure_stage(model, version, "Staging")
    assert registry.in_stage(model, "Staging") == ("3", "2", "1")
    assert resolved(registry, "Staging", model) == "3"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("9", "has no version 9; versions: 1, 2, 3; aliases: champion -> 1"),
        ("999999999", "has no version 999999999; versions: 1, 2, 3"),
        ("challenger", "has no alias challenger; versions: 1, 2, 3; aliases: champion -> 1"),
        ("Staging", "has no Staging; versions: 1, 2, 3"),
    ],
)
def test_a_wish_that_means_nothing_is_told_what_there_is(registry, model, wish, words):
    registry.ensure_alias(model, "champion", "1")
    with pytest.raises(ConfigError) as refused:
        resolved(registry, wish, model)
    assert words in str(refused.value)


@pytest.mark.parametrize("wish", ["1", "champion", "Staging"])
def test_a_model_nobody_registered_is_told_which_there_are(registry, model, wish):
    with pytest.raises(ConfigError, match=r"the registry holds no model of that name; it holds: .*fraud "):
        resolved(registry, wish, "frauds")


def test_a_version_tells_what_is_known_of_it(registry, model, runs):
    registry.set_tags(model, "2", {"owner": "ana"})
    version = registry.version(model, "2")
    assert (version.model, version.version, version.stage) == (model, "2", "None")
    assert version.tags == {"owner": "ana"}


def test_a_runs_model_is_registered_once_however_often_it_is_wished_for(registry, model, runs):
    first, second, again = (registry.resolve(Reference(Kind.RUN, run), model) for run in (*runs, runs[0]))
    assert [v.version for v in (first, second, again)] == ["4", "5", "4"]
    assert first.tags["greenramp.source"] == runs[0]


def test_a_runs_model_may_be_the_first_of_its_name(registry, model, runs):
    assert resolved(registry, runs[0], f"{model} of my own") == "1"


@pytest.mark.parametrize("run", ["runs:/0123456789abcdef0123456789abcdef/model"])
def test_a_run_that_is_not_there_is_refused(registry, model, run):
    with pytest.raises(ConfigError, match="0123456789abcdef0123456789abcdef"):
        resolved(registry, run, model)


# aliases


def test_an_alias_is_set_moved_and_removed_and_twice_is_once(registry, model):
    assert registry.alias(model, "champion") is None
    moves = [registry.ensure_alias(model, "champion", v) for v in ("1", "1", "2", None, None)]
    assert moves == [True, False, True, True, False]
    assert registry.alias(model, "champion") is None


def test_aliases_do_not_touch_each_other(registry, model):
    registry.ensure_alias(model, "champion", "1")
    registry.ensure_alias(model, "previous", "2")
    registry.ensure_alias(model, "champion", None)
    assert registry.alias(model, "previous") == "2"


def test_an_alias_of_a_model_nobody_registered_is_not_set(registry):
    assert registry.alias("nobody", "champion") is None


def test_an_alias_cannot_point_to_a_version_that_is_not_there(registry, model):
    registry.ensure_alias(model, "champion", "1")
    with pytest.raises(ConfigError, match="9"):
        registry.ensure_alias(model, "champion", "9")
    assert registry.alias(model, "champion") == "1"


# stages


def test_a_version_is_moved_to_a_stage_and_twice_is_once(registry, model):
    moves = [registry.ensure_stage(model, "1", stage) for stage in ("Production", "Production", "Archived", "None")]
    assert moves == [True, False, True, True]
    assert registry.version(model, "1").stage == "None"


def test_a_move_to_a_stage_moves_no_other_version(registry, model):
    registry.ensure_stage(model, "1", "Production")
    registry.ensure_stage(model, "2", "Production")
    assert registry.in_stage(model, "Production") == ("2", "1")


def test_a_stage_that_is_none_is_refused(registry, model):
    with pytest.raises(ConfigError, match="Live"):
        registry.ensure_stage(model, "1", "Live")


# tags


def test_tags_are_set_and_replaced(registry, model):
    registry.set_tags(model, "1", {"greenramp.status": "champion", "greenramp.reason": "x" * 20_000})
    registry.set_tags(model, "1", {"greenramp.status": "previous"})
    tags = registry.version(model, "1").tags
    assert tags["greenramp.status"] == "previous"
    assert tags["greenramp.reason"] == "x" * 5000


# files


def test_a_versions_files_are_copied_and_named_by_their_digest(registry, model, tmp_path):
    digest = registry.fetch(model, "1", tmp_path / "models" / "one")
    assert {p.name for p in (tmp_path / "models" / "one").iterdir()} >= {"MLmodel", "requirements.txt", "model.py"}
    assert digest == tree_digest(tmp_path / "models" / "one")
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["one"]


def test_the_same_files_have_the_same_digest_and_others_another(registry, model, tmp_path):
    one, two, three = (registry.fetch(model, v, tmp_path / v) for v in ("1", "2", "3"))
    assert one == three != two


def test_files_that_are_there_are_not_copied_again(registry, model, tmp_path):
    registry.fetch(model, "1", tmp_path / "one")
    before = (tmp_path / "one" / "MLmodel").stat()
    registry.fetch(model, "1", tmp_path / "one")
    assert (tmp_path / "one" / "MLmodel").stat().st_ino == before.st_ino


def test_a_copy_that_was_changed_shows_in_its_digest(registry, model, tmp_path):
    digest = registry.fetch(model, "1", tmp_path / "one")
    with (tmp_path / "one" / "model.py").open("a") as file:
        file.write("# changed\n")
    assert registry.fetch(model, "1", tmp_path / "one") != digest


def test_what_cannot_be_copied_leaves_nothing_behind(registry, model, tmp_path):
    with pytest.raises(ConfigError):
        registry.fetch(model, "9", tmp_path / "models" / "nine")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_versions_description_is_copied_without_its_other_files(registry, model, tmp_path):
    sizes = registry.fetch_description(model, "1", tmp_path / "described")
    registry.fetch(model, "1", tmp_path / "whole")
    assert {p.name for p in (tmp_path / "described").iterdir()} == {"MLmodel", "requirements.txt", "python_env.yaml"}
    assert sizes == {
        p.relative_to(tmp_path / "whole").as_posix(): p.stat().st_size
        for p in (tmp_path / "whole").rglob("*")
        if p.is_file() and p.name != "registered_model_meta"
    }


def test_the_mlmodel_file_of_a_version_is_read_as_mlflow_holds_it(registry, model, tmp_path):
    registry.fetch(model, "1", tmp_path / "whole")
    assert registry.read_mlmodel(model, "1") == (tmp_path / "whole" / "MLmodel").read_bytes()
    assert registry.read_mlmodel(model, "2") != registry.read_mlmodel(model, "1")


# nobody there


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(lambda r: r.version("fraud", "1"), id="version"),
        pytest.param(lambda r: r.alias("fraud", "champion"), id="alias"),
        pytest.param(lambda r: r.ensure_alias("fraud", "champion", "1"), id="set alias"),
        pytest.param(lambda r: r.in_stage("fraud", "Staging"), id="stage"),
        pytest.param(lambda r: r.set_tags("fraud", "1", {"a": "b"}), id="tags"),
        pytest.param(lambda r: r.resolve(Reference(Kind.RUN, "runs:/0/model"), "fraud"), id="run"),
    ],
)
def test_an_mlflow_that_does_not_answer_is_named_and_may_be_tried_again(nobody, order):
    with pytest.raises(Unreachable, match=nobody):
        order(Registry(nobody))


def test_a_copy_that_breaks_off_leaves_nothing_behind(nobody, tmp_path):
    with pytest.raises(Unreachable, match=nobody):
        Registry(nobody).fetch("fraud", "1", tmp_path / "models" / "one")
    assert list((tmp_path / "models").iterdir()) == []


# what a version's page says


def test_what_became_of_a_version_stands_on_its_page_below_what_people_wrote(registry, model, mlflow_uri):
    client = MlflowClient(tracking_uri=mlflow_uri, registry_uri=mlflow_uri)
    client.update_model_version(model, "1", "Ada's model.")
    registry.describe(model, "1", "rolled back")
    registry.describe(model, "1", "promoted")
    assert client.get_model_version(model, "1").description == "Ada's model.\n\nGreenramp: promoted"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "Greenramp: new"),
        ("Greenramp: old", "Greenramp: new"),
        ("a\n\nb", "a\n\nb\n\nGreenramp: new"),
        ("a\n\nGreenramp: old\n\nadded later", "a\n\n\nadded later\n\nGreenramp: new"),
    ],
)
def test_of_our_lines_there_is_one(before, after):
    assert described(before, "new") == after
