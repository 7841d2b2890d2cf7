"""What preflight says of a version, and how much it weighs."""

from dataclasses import replace

import pytest

from greenramp.config import Service
from greenramp.preflight import ModelDescription, Severity, Signature, check_version, digest_finding, outlook_finding
from greenramp.preflight.findings import refusal

A = {"name": "a", "type": "double", "required": True}
B = {"name": "b", "type": "long", "required": True}
ANSWER = ({"type": "long", "required": True},)
MODEL = ModelDescription(
    version="1",
    flavours=("python_function", "sklearn"),
    signature=Signature((A, B), ANSWER),
    requirements={"numpy": "==2.4.6", "scikit-learn": "==1.9.1"},
    python="3.11.7",
    size_bytes=2_500_000,
    digest="sha256:1",
    recorded_digest="sha256:1",
    has_example=True,
)
INSTALLED = {"numpy": "2.4.6", "scikit-learn": "1.9.1"}


def plan(**more):
    gate = {"name": "errors", "metric": "errors", "margin": 0.05, "role": "require"}
    return Service.model_validate({"model": "fraud", "gates": [gate], **more})


def found(candidate=MODEL, champion=MODEL, installed=INSTALLED, python="3.11.9", **more):
    return check_version("fraud", plan(**more), candidate, champion, installed, python)


def one(findings, check):
    return next(finding for finding in findings if finding.check == check)


def signed(*inputs, outputs=ANSWER, **more):
    return replace(MODEL, signature=Signature(inputs, outputs, **more))


def test_the_champion_itself_has_nothing_against_it():
    assert {finding.severity for finding in found()} == {Severity.OK}


def test_a_version_without_python_function_flavour_is_refused():
    said = found(replace(MODEL, flavours=("onnx",)))
    assert one(said, "flavour").severity is Severity.REFUSE
    assert "no python_function flavour" in refusal(said)


def test_a_version_without_signature_is_refused_unless_the_service_allows_it():
    unsigned = replace(MODEL, signature=Signature())
    assert "allow_missing_signature: true in services/fraud.yaml" in refusal(found(unsigned))
    assert one(found(unsigned, allow_missing_signature=True), "signature").severity is Severity.WARNING
    assert refusal(found(unsigned, allow_missing_signature=True)) == ""


# signature against policy

WIDER, LESS, MORE = signed(A, {**B, "required": False}), signed(A), signed(A, B, {**A, "name": "c"})
REORDERED = signed(B, A)


@pytest.mark.parametrize(
    ("candidate", "allowed", "severity"),
    [
        (REORDERED, "compatible", Severity.NOTE),
        (WIDER, "compatible", Severity.REFUSE),
        (WIDER, "widening", Severity.NOTE),
        (LESS, "widening", Severity.WARNING),
        (MORE, "widening", Severity.REFUSE),
        (MORE, "breaking", Severity.WARNING),
    ],
)
def test_a_changed_signature_is_let_through_as_far_as_the_policy_says(candidate, allowed, severity):
    said = found(candidate, preflight={"signature": allowed})
    assert one(said, "inputs").severity is severity
    assert bool(refusal(said)) == (severity is Severity.REFUSE)


def test_a_refused_change_names_both_sides_the_file_and_what_to_do():
    said = refusal(found(signed(A, {**B, "type": "string"})))
    assert "column b has another type (breaking): long -> string" in said
    assert "services/fraud.yaml lets widening changes through" in said
    assert "preflight.signature: breaking" in said


def test_answers_that_mean_something_else_are_refused():
    said = found(signed(A, B, outputs=({"type": "double", "required": True},)))
    assert one(said, "answers").severity is Severity.REFUSE
    assert (one(said, "answers").champion, one(said, "answers").candidate) == ("long", "double")


def test_a_parameter_that_is_gone_is_refused():
    param = {"name": "p", "type": "double", "default": 0.5, "shape": None}
    assert "parameter p is ignored now" in refusal(found(MODEL, signed(A, B, params=(param,))))


def test_the_first_version_has_nothing_to_be_compared_with():
    checks = {finding.check for finding in found(MORE, None)}
    assert not checks & {"inputs", "answers", "requirements"}
    assert refusal(found(MORE, None)) == ""


# packages


def test_requirements_that_differ_are_listed_by_size_and_major_ones_warn():
    champion = replace(MODEL, requirements={"numpy": "==1.26.0", "scikit-learn": "==1.8.0", "gone": "==1"})
    said = [f for f in found(champion=champion) if f.check == "requirements"]
    assert [(f.severity.value, f.sentence) for f in said] == [
        ("note", "removed: gone==1"),
        ("warning", "major: numpy 1.26.0 -> 2.4.6"),
        ("note", "minor: scikit-learn 1.8.0 -> 1.9.1"),
    ]


@pytest.mark.parametrize(
    ("policy", "severity"), [("note", Severity.NOTE), ("warn", Severity.WARNING), ("refuse", Severity.REFUSE)]
)
def test_what_is_not_installed_here_weighs_what_the_policy_says(policy, severity):
    said = one(found(installed={"numpy": "2.0.0"}, preflight={"requirements": policy}), "environment")
    assert said.severity is severity
    assert "numpy==2.4.6 (installed: 2.0.0), scikit-learn==1.9.1 (not installed)" in said.sentence


def test_another_minor_version_of_python_is_named_with_the_packages():
    assert "Python 3.11.7 (running: 3.12.1)" in one(found(python="3.12.1"), "environment").sentence


def test_with_an_environment_of_its_own_nothing_need_be_installed_here():
    said = found(installed={}, python="3.9.0", environment={"env_manager": "uv"}, preflight={"requirements": "refuse"})
    assert one(said, "environment").severity is Severity.OK


@pytest.mark.parametrize(("python", "severity"), [("3.11.2", "note"), ("3.10.7", "warning")])
def test_another_python_than_the_champions_is_shown(python, severity):
    said = one(found(champion=replace(MODEL, python=python)), "python")
    assert (said.severity.value, said.champion, said.candidate) == (severity, python, "3.11.7")


# files


def test_files_that_differ_from_those_first_seen_are_refused_with_both_digests():
    said = digest_finding("fraud", replace(MODEL, digest="sha256:2"))
    assert said.severity is Severity.REFUSE
    for words in ("fraud version 1", "are sha256:2, but sha256:1", "register good files as a new version"):
        assert words in said.sentence
    assert refusal(found(replace(MODEL, digest="sha256:2"))) == said.sentence


@pytest.mark.parametrize(
    ("digest", "recorded", "severity"),
    [("sha256:1", None, "ok"), ("sha256:1", "sha256:1", "ok"), (None, "sha256:1", "note"), (None, None, "note")],
)
def test_files_not_read_yet_or_never_seen_are_no_tampering(digest, recorded, severity):
    assert digest_finding("fraud", replace(MODEL, digest=digest, recorded_digest=recorded)).severity == severity


@pytest.mark.parametrize(("limit", "severity"), [(None, "ok"), (2.5, "ok"), (2.4, "refuse")])
def test_files_larger_than_allowed_are_refused(limit, severity):
    said = one(found(preflight={"max_size_mb": limit}), "size")
    assert (said.severity.value, said.candidate) == (severity, "2.5 MB")


def test_pickles_are_named_and_refused_where_they_are_not_allowed():
    pickled = replace(MODEL, pickled=("model.pkl",))
    assert (one(found(pickled), "pickle").severity.value, one(found(pickled), "pickle").candidate) == (
        "note",
        "model.pkl",
    )
    said = refusal(found(pickled, preflight={"allow_pickle": False}))
    assert "model.pkl" in said
    assert "services/fraud.yaml refuses them (preflight.allow_pickle: false)" in said
    assert refusal(found(preflight={"allow_pickle": False})) == ""


def test_code_that_runs_on_load_is_named():
    said = one(found(replace(MODEL, code=("code", "model.py"))), "code")
    assert (said.severity.value, said.candidate) == ("note", "code, model.py")


def test_a_missing_input_example_is_a_warning():
    assert one(found(replace(MODEL, has_example=False)), "example").severity is Severity.WARNING


@pytest.mark.parametrize(("allowed", "severity"), [(False, "refuse"), (True, "warning")])
def test_gates_that_cannot_decide_refuse_unless_the_service_allows_it(allowed, severity):
    assert outlook_finding("fraud", allowed, "errors needs 9 days").severity == severity
    assert outlook_finding("fraud", allowed, "").severity == "ok"
