"""Gates: from events to verdicts. Pure: numbers in, a verdict with its arithmetic out."""

from greenramp.gates.bucket_series import BucketSeries
from greenramp.gates.conversion_series import ConversionSeries
from greenramp.gates.count_series import CountSeries
from greenramp.gates.drift_series import DriftSeries
from greenramp.gates.health import Health
from greenramp.gates.judge import Series, judge
from greenramp.gates.latency_series import LatencySeries
from greenramp.gates.rate_series import RateSeries
from greenramp.gates.rules import Budget, DriftRule, LatencyRule, RateRule, Role, Rule, SizeRule
from greenramp.gates.sample_size import SampleSize, candidate_requests
from greenramp.gates.share_series import ShareSeries
from greenramp.gates.size_series import SizeSeries

__all__ = [
    "BucketSeries",
    "Budget",
    "ConversionSeries",
    "CountSeries",
    "DriftRule",
    "DriftSeries",
    "Health",
    "LatencyRule",
    "LatencySeries",
    "RateRule",
    "RateSeries",
    "Role",
    "Rule",
    "SampleSize",
    "Series",
    "ShareSeries",
    "SizeRule",
    "SizeSeries",
    "candidate_requests",
    "judge",
]
