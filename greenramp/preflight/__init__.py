"""What can be said against a version before anything is started: values in, findings out."""

from greenramp.preflight.checks import artifact_finding, check_version, digest_finding, outlook_finding
from greenramp.preflight.description import ModelDescription, Signature
from greenramp.preflight.findings import Finding, Severity, as_markdown, counts, refusal, rows, worst_first
from greenramp.preflight.requirements import read_requirements

__all__ = [
    "Finding",
    "ModelDescription",
    "Severity",
    "Signature",
    "artifact_finding",
    "as_markdown",
    "check_version",
    "counts",
    "digest_finding",
    "outlook_finding",
    "read_requirements",
    "refusal",
    "rows",
    "worst_first",
]
