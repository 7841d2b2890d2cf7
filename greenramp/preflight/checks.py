"""Every check of a version's files: alone, against the champion's, and against this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from greenramp.config import Service
from greenramp.preflight.change import Change, Compatibility
from greenramp.preflight.description import ModelDescription
from greenramp.preflight.findings import Finding, Severity
from greenramp.preflight.inputs import input_changes, param_changes
from greenramp.preflight.outputs import output_changes
from greenramp.preflight.requirements import ADDED, MAJOR, MINOR, OTHER, PATCH, REMOVED, differences, unmet

OK, NOTE, WARNING, REFUSE = Severity.OK, Severity.NOTE, Severity.WARNING, Severity.REFUSE

_ON_UNMET = {"note": NOTE, "warn": WARNING, "refuse": REFUSE}
_SIZES = {ADDED: "added", REMOVED: "removed", MAJOR: "major", MINOR: "minor", PATCH: "patch", OTHER: "other pins"}


def check_version(
    service: str,
    plan: Service,
    candidate: ModelDescription,
    champion: ModelDescription | None,
    installed: Mapping[str, str],
    python: str,
) -> tuple[Finding, ...]:
    """All that can be said against a candidate's files, and what speaks for them.

    champion: None for a service that never had a version, or whose champion's files are gone. installed: version by
    canonical package name, and python: the version of the Python, that env_manager local would serve it with.
    """
    where = f"services/{service}.yaml"
    return (
        _servable(candidate),
        _signature_there(plan, where, candidate),
        *(_signature(plan, where, champion, candidate) if champion else ()),
        *(_requirements(champion, candidate) if champion else ()),
        *(_environment(plan, where, candidate, installed, python)),
        digest_finding(plan.model, candidate),
        _size(plan, where, champion, candidate),
        *_code_on_load(plan, where, champion, candidate),
        _example(champion, candidate),
    )


def digest_finding(model: str, candidate: ModelDescription) -> Finding:
    """Whether a version's files are those that Greenramp saw first."""
    now, then = candidate.digest, candidate.recorded_digest
    if now is None:
        return Finding("digest", NOTE, "the files were not all read; a release reads them", "", then or "")
    if then is None:
        return Finding("digest", OK, "seen for the first time; its digest is recorded with the version", "", now)
    if now == then:
        return Finding("digest", OK, "the files are those first seen", "", now)
    return Finding(
        "digest",
        REFUSE,
        f"{model} version {candidate.version} was tampered with or its artifact rewritten: its files are {now}, but "
        f"{then} when it was first seen (tag greenramp.digest); find out who wrote them, then register good files as a "
        "new version: files of a registered version must not change",
        "",
        now,
    )


def artifact_finding(candidate: ModelDescription, copy: str, held: bytes | None, copied: bytes) -> Finding:
    """Whether MLflow still holds the model that was copied: its MLmodel names the moment it was logged.

    held: MLflow's file now, None when it is gone; copied: the one in the folder `copy`.
    """
    if held is None:
        sentence = f"MLflow has lost the artifact; a release serves the copy in {copy}, other machines can't"
        return Finding("artifact", WARNING, sentence)
    if held == copied:
        return Finding("artifact", OK, "MLflow holds the model that was copied")
    return Finding(
        "artifact",
        REFUSE,
        f"version {candidate.version} was rewritten in MLflow since it was copied to {copy}; register what was written "
        "as a new version: files of a registered version must not change",
    )


def outlook_finding(service: str, allowed: bool, why: str) -> Finding:
    """What the plan says of the gates; why: why a release would come back undecided, empty when it need not."""
    if not why:
        return Finding("gates", OK, "at today's traffic no required gate is sure to stay undecided")
    return Finding("gates", WARNING if allowed else REFUSE, f"a release of {service} would go back undecided: {why}")


def _servable(candidate: ModelDescription) -> Finding:
    flavours = ", ".join(candidate.flavours) or "none"
    if "python_function" in candidate.flavours:
        return Finding("flavour", OK, "has a python_function flavour", "", flavours)
    sentence = f"version {candidate.version} can't be served: it has no python_function flavour; log it with one"
    return Finding("flavour", REFUSE, sentence, "", flavours)


def _signature_there(plan: Service, where: str, candidate: ModelDescription) -> Finding:
    if candidate.signature.inputs is not None:
        return Finding("signature", OK, "has a signature")
    lacks = f"version {candidate.version} has no signature, so nothing would check its inputs"
    if plan.allow_missing_signature:
        return Finding("signature", WARNING, f"{lacks}; the service allows that")
    return Finding(
        "signature",
        REFUSE,
        f"{lacks}; log the model with signature=infer_signature(inputs, answers), or set "
        f"allow_missing_signature: true in {where}",
    )


def _signature(plan: Service, where: str, champion: ModelDescription, candidate: ModelDescription) -> Iterator[Finding]:
    was, now = champion.signature, candidate.signature
    changes = [
        *(("inputs", change) for change in input_changes(was, now)),
        *(("parameters", change) for change in param_changes(was.params, now.params)),
        *(("answers", change) for change in output_changes(was, now)),
    ]
    for check, change in changes:
        yield _changed(check, change, Compatibility(plan.preflight.signature), where)
    if not changes:
        yield Finding("inputs", OK, "takes and gives what the champion does")


def _changed(check: str, change: Change, allowed: Compatibility, where: str) -> Finding:
    sentence = f"{change.what} ({change.kind.value})" + (f"; {change.caveat}" if change.caveat else "")
    if change.kind.rank > allowed.rank:
        was_now = " -> ".join(part for part in (change.was, change.now) if part)
        sentence = (
            f"{check}: {sentence}" + (f": {was_now}" if was_now else "") + f"; {where} lets {allowed.value} changes "
            f"through: log the model with the champion's signature, or set preflight.signature: {change.kind.value}"
        )
        return Finding(check, REFUSE, sentence, change.was, change.now)
    careful = change.kind is Compatibility.BREAKING or bool(change.caveat)
    return Finding(check, WARNING if careful else NOTE, sentence, change.was, change.now)


def _requirements(champion: ModelDescription, candidate: ModelDescription) -> Iterator[Finding]:
    found = differences(champion.requirements, candidate.requirements)
    for size, word in _SIZES.items():
        of_size = [str(one) for one in found if one.size == size]
        if of_size:
            yield Finding("requirements", WARNING if size == MAJOR else NOTE, f"{word}: {_listed(of_size)}")
    if not found:
        yield Finding("requirements", OK, f"asks for the same {len(candidate.requirements)} packages as the champion")
    if champion.python and candidate.python and champion.python != candidate.python:
        weight = NOTE if _minor(champion.python) == _minor(candidate.python) else WARNING
        yield Finding("python", weight, "logged with another Python", champion.python, candidate.python)


def _environment(
    plan: Service, where: str, candidate: ModelDescription, installed: Mapping[str, str], python: str
) -> Iterator[Finding]:
    if plan.environment.env_manager != "local":
        yield Finding("environment", OK, "gets a virtual environment of its own, from its requirements")
        return
    missed = list(unmet(candidate.requirements, installed))
    if candidate.python and _minor(candidate.python) != _minor(python):
        missed.insert(0, f"Python {candidate.python} (running: {python})")
    if not missed:
        yield Finding("environment", OK, "what it requires is installed here")
        return
    weight = _ON_UNMET[plan.preflight.requirements]
    sentence = f"it would be served here with other packages than it was logged with: {_listed(missed)}"
    if weight is REFUSE:
        sentence += f"; {where} refuses that (preflight.requirements): install them, or set environment.env_manager: uv"
    yield Finding("environment", weight, sentence)


def _size(plan: Service, where: str, champion: ModelDescription | None, candidate: ModelDescription) -> Finding:
    sizes = (_megabytes(champion.size_bytes) if champion else "", _megabytes(candidate.size_bytes))
    limit = plan.preflight.max_size_mb
    if limit is not None and candidate.size_bytes > limit * 1e6:
        sentence = (
            f"its files are {sizes[1]}, more than the {limit:g} MB that {where} allows (preflight.max_size_mb): make "
            "the model smaller, or allow more"
        )
        return Finding("size", REFUSE, sentence, *sizes)
    return Finding("size", OK, "no limit is set" if limit is None else f"within {limit:g} MB", *sizes)


def _code_on_load(
    plan: Service, where: str, champion: ModelDescription | None, candidate: ModelDescription
) -> Iterator[Finding]:
    before = champion or ModelDescription("")
    if candidate.pickled:
        sides = (_listed(before.pickled), _listed(candidate.pickled))
        sentence = "files that run any code they hold while they are loaded"
        if not plan.preflight.allow_pickle:
            sentence = (
                f"version {candidate.version} holds {sentence}: {sides[1]}; {where} refuses them "
                "(preflight.allow_pickle: false): log the model without pickle, for example "
                'serialization_format="skops" or as code'
            )
        yield Finding("pickle", NOTE if plan.preflight.allow_pickle else REFUSE, sentence, *sides)
    if candidate.code:
        sides = (_listed(before.code), _listed(candidate.code))
        yield Finding("code", NOTE, "brings code of its own, which runs while it is loaded", *sides)
    if not candidate.pickled and not candidate.code:
        yield Finding("pickle", OK, "no file of it runs code while it is loaded")


def _example(champion: ModelDescription | None, candidate: ModelDescription) -> Finding:
    sides = ("" if champion is None else _yes(champion.has_example), _yes(candidate.has_example))
    if candidate.has_example:
        return Finding("example", OK, "smoke requests are taken from its input example", *sides)
    sentence = "has no input example, so smoke tests can only make rows up; log the model with input_example=..."
    return Finding("example", WARNING, sentence, *sides)


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB"


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _yes(there: bool) -> str:
    return "yes" if there else "no"
