"""From a service's gates to verdicts: their rules, what they need, and what they would have said of the past."""
