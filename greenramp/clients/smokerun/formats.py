"""The same rows in every format of the scoring protocol, alone and many at once: the answers must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from greenramp.clients.smokerun.asking import Asking
from greenramp.config import Smoke
from greenramp.smoke.checks import equal, unlike
from greenramp.smoke.report import Report
from greenramp.smoke.table import FORMATS, Table, in_format, unfit

_MANY_ROWS = 1000
_BATCH_ROWS = 20
_PART_OF_TIMEOUT = 0.8  # a slow model is given fewer rows, for users could not send it more either


def try_formats(
    asking: Asking,
    table: Table,
    inputs: Sequence[Mapping[str, Any]] | None,
    smoke: Smoke,
    timeout_seconds: float,
    report: Report,
) -> None:
    """Ask in every format that can hold these rows, and once with 1,000 of them, or as many as the time-out allows.

    table: the payloads that `asking` has asked, one row each, in the same order.
    """
    batch = table.first(_BATCH_ROWS)
    alone = [row for number in range(len(batch.rows)) for row in asking.first(number)]
    row_by_row = smoke.deterministic and smoke.rows_independent and len(alone) == len(batch.rows)
    wanted: list[Any] | None = alone if row_by_row else None
    found: list[tuple[str, str | None]] = []
    quickest_ms = 1000 * timeout_seconds
    for form in FORMATS:
        if why := unfit(batch, form, inputs):
            report.note(f"formats/{form}", why)
            continue
        answer = asking.other(in_format(batch, form))
        found.append((f"{form}, {len(batch.rows)} rows", unlike(answer, wanted, smoke.tolerance)))
        quickest_ms = min(quickest_ms, answer.ms)
        if smoke.deterministic and answer.good:
            wanted = wanted or answer.predictions  # then the formats are at least compared with each other
    most = int(_PART_OF_TIMEOUT * 1000 * timeout_seconds * len(batch.rows) / quickest_ms)
    many = batch.repeated(max(1, min(_MANY_ROWS, most)))
    answer = asking.other(in_format(many, "inputs" if table.columns is None else "dataframe_split"))
    expected = [alone[row % len(alone)] for row in range(len(many.rows))] if row_by_row else None
    found.append((f"{len(many.rows)} rows at once", unlike(answer, expected, smoke.tolerance)))
    seen = "have the same answers, row by row" if row_by_row else "are answered"
    took = f"{len(many.rows)} rows took {answer.ms:.0f} ms, {1000 * len(many.rows) / answer.ms:.0f} rows/s"
    report.add(equal("formats", found, f"ways to ask {seen}; {took}"))
