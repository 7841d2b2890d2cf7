"""great-expectations: tells whether a suite can be run, and runs it on a table held in memory.

The library is imported where it is first used, once per process: 3 s of processor time and 150 MB, beside pandas. Five
expectations on 100,000 rows then take 0.15 s.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from greenramp.clients.gxfindings import finding_of
from greenramp.config.expectations import Expected, Suite, SuiteGate
from greenramp.suites.expectation_words import about, wanted
from greenramp.suites.expectations import Finding, State, SuiteResult, verdict_of
from greenramp.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = 5
_NOTES = ("description", "notes", "meta")
_importing = threading.Lock()
_one_at_a_time = threading.Lock()  # the library keeps its context in a global of its own


def faults_of(suite: Suite) -> list[tuple[str, str]]:
    """(key, what is wrong) of every expectation that the library itself refuses: names, arguments and their values."""
    faults = []
    for number, expected in enumerate(suite.expectations):
        _, error = _built(expected, number)
        if error:
            faults.append((f"expectations.{number}.{expected.type}", error))
    return faults


def validate(name: str, suite: Suite, table: pd.DataFrame) -> SuiteResult:
    """Run a suite on a table; what can't be evaluated is a finding of its own, never an exception.

    name: of the suite, for people. table: one row per request or recorded row, any index.
    """
    findings: dict[int, Finding] = {}
    runnable = []
    for number, expected in enumerate(suite.expectations):
        built, error = _built(expected, number)
        if error:
            findings[number] = _invalid(expected, error)
        else:
            runnable.append(built)
    try:
        results = _results(runnable, _readable(table)) if runnable else []
    except Exception as error:  # noqa: BLE001  (whatever a library does with odd data, it is told in the findings)
        results, said = [], f"great-expectations: {' '.join(str(error).split())[:300]}"
    else:
        said = "great-expectations said nothing of it"
    for result in results:
        number = result.expectation_config.meta["place"]
        findings[number] = finding_of(suite.expectations[number], result)
    for number, expected in enumerate(suite.expectations):
        findings.setdefault(number, _invalid(expected, said))
    return SuiteResult(name, len(table), tuple(findings[number] for number in sorted(findings)))


def judge_table(gate: SuiteGate, suite: Suite, table: pd.DataFrame) -> tuple[Verdict, SuiteResult]:
    """What a gate says of the candidate's requests of one step, and all that was found, to be shown in full."""
    result = validate(gate.suite, suite, table)
    return verdict_of(gate.name, result, len(table), gate.min_requests), result


def _library() -> Any:
    """The library, whole: two threads that import different parts of it at the same time get half of it each."""
    with _importing:
        import great_expectations

    return great_expectations


def _built(expected: Expected, number: int) -> tuple[Any, str]:
    """The library's own expectation, or what it says against it."""
    _library()
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    kwargs = {key: value for key, value in expected.kwargs.items() if key not in _NOTES}
    condition = kwargs.get("row_condition")
    if isinstance(condition, str) and kwargs.pop("condition_parser", "pandas") == "pandas":
        # a text as it stands will not be taken any more from great-expectations 2 on
        kwargs["row_condition"] = {"type": "pass_through", "pass_through_filter": condition}
    try:
        made = ExpectationConfiguration(type=expected.type, kwargs=kwargs, meta={"place": number}).to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as error:
        return None, _refusal(error)
    return made, ""


def _refusal(error: Exception) -> str:
    """What pydantic says of each argument, in one line; of a union it says something of every member."""
    listed = getattr(error, "errors", None)
    if not callable(listed):
        return " ".join(str(error).split())
    said: dict[str, list[str]] = {}
    for one in listed():
        key = ".".join(str(part) for part in one["loc"] if part != "__root__")
        said.setdefault(key, []).append(one["msg"])
    return "; ".join(f"{key}: {', or '.join(words)}" if key else ", ".join(words) for key, words in said.items())


def _results(expectations: list[Any], table: pd.DataFrame) -> list[Any]:
    gx = _library()
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),  # no folder for pages either
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    with _one_at_a_time:
        context = gx.get_context(project_config=config, mode="ephemeral")  # 10 ms; nothing stays for the next run
        asset = context.data_sources.add_pandas("tables").add_dataframe_asset("table")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": table})
        # not a ValidationDefinition: its run() can't write the numpy values that a quantile expectation finds
        found = batch.validate(
            gx.ExpectationSuite(name="suite", expectations=expectations),
            result_format={"result_format": "SUMMARY", "partial_unexpected_count": _EXAMPLES},
        )
    return list(found.results)


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table as great-expectations can read it: of the texts of pandas 3 it does not know the type."""
    texts: Mapping[str, str] = {name: "object" for name, kind in table.dtypes.items() if str(kind) in ("str", "string")}
    return table.astype(texts) if texts else table


def _invalid(expected: Expected, error: str) -> Finding:
    said = wanted(expected.type, expected.kwargs)
    return Finding(expected.type, about(expected.kwargs), said, State.INVALID, "", error=error)
