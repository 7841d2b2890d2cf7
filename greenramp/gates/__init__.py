"""Gates: from counts to verdicts. Pure: numbers in, a verdict with its arithmetic out."""

from greenramp.gates.judge import judge
from greenramp.gates.rules import Budget, RateRule, Role
from greenramp.gates.sample_size import SampleSize, candidate_requests

__all__ = ["Budget", "RateRule", "Role", "SampleSize", "candidate_requests", "judge"]
