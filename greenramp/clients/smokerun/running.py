"""Carries out a smoke test, the cheapest checks first; it ends early only when the server is gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from greenramp.clients.payloads import payloads_of, signature_inputs
from greenramp.clients.scoring import Scoring
from greenramp.clients.smokerun.alone import ModelAlone
from greenramp.clients.smokerun.asking import Asking
from greenramp.clients.smokerun.endurance import endure
from greenramp.clients.smokerun.formats import try_formats
from greenramp.clients.smokerun.processes import Processes
from greenramp.clients.smokerun.suite import as_suite
from greenramp.clients.smokerun.tested import Tested
from greenramp.errors import CheckFailed, Unreachable
from greenramp.smoke import checks
from greenramp.smoke.agreement import difference
from greenramp.smoke.golden import as_expected, body_of
from greenramp.smoke.memory import growth_per_request
from greenramp.smoke.report import Report, verdict
from greenramp.smoke.table import table_of
from greenramp.smoke.wrong_input import NONSENSE, wrong_inputs

_LATENCY_SECONDS, _FEWEST_TIMED = 3.0, 5
_REPEATED, _REPEATS = 3, 5


def run_smoke(tested: Tested, tell: Callable[[str], None]) -> Report:
    """Every check of one environment. tell: where progress goes. What the candidate does is never an exception."""
    with ExitStack() as resources:
        return _Run(tested, tell, resources).carry_out()


class _Run:
    def __init__(self, tested: Tested, tell: Callable[[str], None], resources: ExitStack) -> None:
        self._tested, self._smoke, self._tell, self._resources = tested, tested.smoke, tell, resources
        self._inputs = signature_inputs(tested.model_path)
        self._example = payloads_of(tested.model_path)[: tested.smoke.requests]
        self._asking = Asking(self._connections(), [*self._example, *tested.recorded])
        self._processes = Processes(tested.pids)
        self._before_mb = self._processes.memory_mb()
        self._memory: list[tuple[int, float]] = []
        self._alone: ModelAlone | None = None
        self._report = Report()

    def carry_out(self) -> Report:
        report, gone, silent = self._report, False, ""
        steps: list[tuple[str, Callable[[], None], bool]] = [
            ("version", self._version, False),
            ("answers", self._answers, False),
            ("latency", self._latency, True),
            ("in-process", self._begin_alone, True),  # it loads while the others go on
            ("bad-input", self._wrong_inputs, False),
            ("golden", self._golden, False),
            ("formats", self._formats, True),
            ("deterministic", self._repeat, True),
            ("endurance", self._endure, True),
            ("in-process", self._compare_alone, True),
        ]
        for name, step, needs_answers in steps:
            if gone or (needs_answers and silent):
                report.note(name, "the server is gone" if gone else silent)
                continue
            try:
                step()
            except Unreachable as error:
                gone = True
                report.add(
                    verdict("alive", False, f"the server was gone after {self._asking.sent} requests ({name}): {error}")
                )
                report.note(name, "the server is gone")
            if not self._asking.bodies:
                silent = "the model has no input example, and no request can be made from its signature"
            elif name == "answers" and not all(a.good for a in self._asking.everything()):
                silent = "the requests of its example are not answered"
        self._judge_all(gone)
        return report

    def _connections(self) -> list[Scoring]:
        return [Scoring(f"http://{host}:{port}", self._tested.timeout_seconds) for host, port in self._tested.addresses]

    def _version(self) -> None:
        everywhere = range(len(self._tested.addresses))
        answers = [self._asking.refusable(NONSENSE, address) for address in everywhere]
        self._report.add(checks.meant(answers, self._tested.version, self._tested.side))
        if self._tested.cold_start_seconds is not None:
            limit = self._smoke.max_cold_start_seconds
            self._report.add(checks.started(self._tested.cold_start_seconds, limit))

    def _answers(self) -> None:
        asking, example = self._asking, len(self._example)
        if not asking.bodies:
            return self._report.note("answers", "there is no request to send")
        numbers = [n % example for n in range(self._smoke.requests)] if example else []
        numbers += range(example, len(asking.bodies))
        answers = [asking.one(n, address) for address in range(len(asking.scorings)) for n in numbers]
        return self._report.add(checks.answered(answers))

    def _latency(self) -> None:
        spent: list[float] = []
        while len(spent) < self._smoke.latency_requests:
            spent.append(self._asking.one(len(spent) % len(self._asking.bodies)).ms)
            if len(spent) >= _FEWEST_TIMED and sum(spent) > 1000 * _LATENCY_SECONDS:
                break
        self._report.add(checks.fast(spent, self._smoke))

    def _begin_alone(self) -> None:
        python = self._processes.python()
        if not self._smoke.compare_in_process:
            self._report.note("in-process", "smoke.compare_in_process is false")
        elif not self._smoke.deterministic:
            self._report.note("in-process", "smoke.deterministic is false, so two answers may differ")
        elif python is None:
            self._report.note("in-process", "its process, and so its Python, is not known here")
        else:
            payloads = [*self._example, *self._tested.recorded]
            self._alone = self._resources.enter_context(ModelAlone(python, self._tested.model_path, payloads))

    def _wrong_inputs(self) -> None:
        faults: list[str] = []
        table = table_of(self._example)
        if table is None:
            self._report.note("bad-input/columns", "no example says what its columns are")
        wrong = wrong_inputs(table, self._inputs)
        for one in wrong:
            try:
                answer = self._asking.refusable(one.body)
            except Unreachable:
                faults.append(f"{one.what} was not answered, and the server is gone")
                self._report.add(checks.all_refused(len(wrong), faults))
                raise
            if fault := checks.refused(one, answer, self._asking.scorings[0].ready()):
                faults.append(fault)
        self._report.add(checks.all_refused(len(wrong), faults))

    def _golden(self) -> None:
        asked = []
        for golden in self._tested.golden:
            answer = self._asking.refusable(body_of(golden.wanted))
            asked.append((golden.title, golden.wanted, answer))
            if golden.wanted.expected is not None:
                self._asking.others.append(answer)
        if asked:
            self._report.add(as_expected(asked))
        else:
            self._report.note("golden", "there is no configs/golden/<service>_*.jsonl")

    def _formats(self) -> None:
        table = table_of(self._example)
        if table is None or len(table.rows) != len(self._example):
            self._report.note("formats", "its example is not a table or an array of rows that other formats could hold")
        else:
            seconds = self._tested.timeout_seconds
            try_formats(self._asking, table, self._inputs, self._smoke, seconds, self._report)

    def _repeat(self) -> None:
        """Only sends: all answers to these payloads, whoever asked, are judged at the end."""
        for number in range(min(_REPEATED, len(self._asking.bodies))):
            for turn in range(_REPEATS):
                self._asking.one(number, turn % len(self._asking.scorings))

    def _endure(self) -> None:
        wanted = self._smoke.endurance_requests
        if not wanted:
            return self._report.note("endurance", "smoke.endurance_requests is 0")
        bodies, memory = self._asking.bodies, self._processes.memory_mb
        lasted = endure(self._connections, bodies, wanted, self._smoke.endurance_seconds, memory, self._tell)
        for number, answer in lasted.answers:
            self._asking.keep(number, answer)
        self._memory = lasted.memory
        if lasted.gone:
            raise lasted.gone
        answers = [answer for _, answer in lasted.answers]
        return self._report.add(checks.endured(answers, wanted, lasted.seconds))

    def _compare_alone(self) -> None:
        if self._alone is None:
            return  # said already why
        try:
            alone = self._alone.predictions(self._tested.start_seconds)
        except CheckFailed as error:
            self._report.note("in-process", str(error))
            return
        near = self._smoke.tolerance
        found = []
        for number, wanted in enumerate(alone):
            same_kind = isinstance(wanted, list)
            how = difference(self._asking.first(number), wanted, near) if same_kind else "the model alone gives no list"
            found.append((f"request {number + 1}", how))
        self._report.add(checks.equal("in-process", found, "answers are those of the model without a server"))

    def _judge_all(self, gone: bool) -> None:
        """What is judged of all answers together, and of the processes."""
        asking, report, same = self._asking, self._report, self._processes.same()
        if answers := [a for a in asking.everything() if a.good]:
            report.add(checks.finite(answers))
        if (name := self._smoke.expectations) and self._tested.suite is not None:
            report.add(as_suite(name, self._tested.suite, asking.everything()))
        elif name:
            report.note("expectations", f"the suite {name} can't be read")
        if asking.again and self._smoke.deterministic and any(a.good for a in answers):
            report.add(checks.same_each_time(asking.again, self._smoke.tolerance))
        elif not self._smoke.deterministic:
            report.note("deterministic", "smoke.deterministic is false")
        if not self._processes.known:
            report.note("memory", "its processes are not known here")
        elif same and not gone:
            growth, after_mb = growth_per_request(self._memory), self._processes.memory_mb()
            report.add(checks.small(self._before_mb, after_mb, growth, asking.sent, self._smoke))
        if not gone and (same or not self._processes.known):
            report.add(
                verdict("alive", True, f"the same processes answered from first to last, {asking.sent} requests")
            )
        elif not gone:
            report.add(
                verdict("alive", False, "a serving process has ended and was started anew during the smoke test")
            )
