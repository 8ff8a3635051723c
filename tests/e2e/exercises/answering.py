"""Answers to any task, right ones and wrong ones: from the task itself, and from what the lab shows at the moment."""

import contextlib
import dataclasses
import re
import time
from collections.abc import Iterator, Mapping

import requests

from lab.exercises.checking import check
from lab.exercises.exercise import Exercise, Task
from lab.exercises.gathering import gather
from lab.exercises.personal import personalise
from lab.exercises.results import Numbers, Result, Times
from lab.exercises.verdict import Verdict
from lab.telemetry_client import Series, Span, TelemetryClient, TraceNotFound

#: Of what a search finds, so many are tried, from the newest to the oldest.
_MOST_CANDIDATES = 60
_MOST_FOUND = 1000
_MINUTES = 15
_ARRIVAL_SECONDS = 20.0
_WALKS = 4
_BETWEEN_WALKS_SECONDS = 20.0

#: By system, refusals of each kind where they are rare in generated traffic.
_REFUSED: Mapping[str, tuple[str, ...]] = {
    "chain": ("/user/abc", "/product/abc", "/user/700001", "/product/700001"),
}


class NothingFits(AssertionError):
    """The lab has nothing at the moment that is wrong in the way that is looked for."""


@dataclasses.dataclass(frozen=True)
class Answer:
    text: str
    #: A part of what has to be said to it; empty for a right one.
    hears: str = ""


@dataclasses.dataclass
class Learner:
    """Somebody who knows all the answers, at a lab."""

    client: TelemetryClient
    #: What it is about, and the address at which that is entered.
    system: str
    entry: str
    #: When all was well in the lab, and since when something is not.
    times: Times | None = None

    def visit(self, *paths: str) -> None:
        for path in paths:
            requests.get(self.entry + path, timeout=10)

    def visit_refused(self) -> None:
        self.visit(*_REFUSED.get(self.system, ()))

    def prepare(self, exercise: Exercise) -> None:
        """Makes the requests that the texts ask for, once for a miss and once for a hit."""
        paths = [path for task in exercise.tasks for path in re.findall(r'url\.path = "(/[^"]+)"', task.reference)]
        self.visit_refused()
        self.visit(*dict.fromkeys(paths))
        self.visit(*dict.fromkeys(paths))

    def verdict(self, task: Task, answer: str) -> Verdict:
        """Of what was done just now, there may be nothing to see yet: then it asks again, as a learner would."""
        deadline = time.monotonic() + _ARRIVAL_SECONDS
        while True:
            verdict = check(task, answer, gather(task, answer, self.client, time.time(), self.times))
            if verdict.judged or time.monotonic() >= deadline:
                return verdict
            time.sleep(0.2)

    def right_answers(self, task: Task) -> Iterator[str]:
        """One at least; of a trace_id, candidates of which one has to be right."""
        match task.kind:
            case "promql" | "logql" | "traceql" | "alert_rule" | "recording_rule":
                yield from (task.reference, *task.also_right)
            case "choice":
                yield from (choice.id for choice in task.choices if choice.right)
            case "text_set":
                yield from (", ".join(self._names(task)), *task.also_right)
            case "number":
                yield f"{self.client.query(task.reference)[-1].value:.6g}"
            case "trace_id":
                yield from self._found(task.reference)
            case "self_time":
                trace_id, spans, span = self._trace_with(task.span)
                yield f"{trace_id} {self_time(span, spans):.3f}"

    def await_right_trace(self, task: Task) -> str:
        """The first trace that passes, which may take a moment to arrive. Empty when none does."""
        deadline = time.monotonic() + _ARRIVAL_SECONDS
        while time.monotonic() < deadline:
            for trace_id in self.right_answers(task):
                if self.verdict(task, trace_id).passed:
                    return trace_id
            time.sleep(0.2)
        return ""

    def wrong_answers(self, task: Task) -> Iterator[Answer]:
        yield from (Answer(wrong.answer, wrong.says) for wrong in task.also_wrong)
        match task.kind:
            case "choice":
                yield from (Answer(choice.id, choice.why) for choice in task.choices if not choice.right)
            case "self_time":
                yield from self._wrong_times(task)
            case "trace_id":
                for mistake in task.mistakes:
                    yield Answer(self._trace_for(task, mistake.answer, mistake.says), mistake.says)
                yield Answer("0123456789abcdef0123456789abcdef", "There is no trace")
            case "number":
                for mistake in task.mistakes:
                    wrong = mistake.answer
                    if "(" in wrong or "{" in wrong:
                        wrong = f"{self.client.query(wrong)[-1].value:.6g}"
                    yield Answer(wrong, mistake.says)
            case _:
                yield from (Answer(mistake.answer, mistake.says) for mistake in task.mistakes)

    def _names(self, task: Task) -> list[str]:
        if task.names:
            return list(task.names)
        found = [
            series
            for result in gather(task, "", self.client, time.time()).reference.results
            for series in _series(result)
        ]
        return sorted({series.labels[task.label] for series in found})

    def _found(self, query: str) -> Iterator[str]:
        now = int(time.time())
        traces = self.client.search_traces(q=query, start=now - _MINUTES * 60, end=now + 2, limit=_MOST_FOUND)
        step = max(len(traces) // _MOST_CANDIDATES, 1)
        yield from (trace["traceID"].rjust(32, "0") for trace in traces[::step])

    def _trace_for(self, task: Task, query: str, says: str) -> str:
        """Of the traces that a mistake finds, one that nothing else explains better."""
        found = list(self._found(query))
        for trace_id in found:
            if self.verdict(task, trace_id).says == (says,):
                return trace_id
        raise NothingFits(f"{query} finds {len(found)} traces, and none is answered with {says!r}")

    def _trace_with(self, name: str) -> tuple[str, list[Span], Span]:
        for trace_id in self._found(f'{{ name = "{name}" }}'):
            with contextlib.suppress(TraceNotFound):
                spans = self.client.trace(trace_id)
                return trace_id, spans, next(span for span in spans if span.name == name)
        raise AssertionError(f"no trace has a span {name}")

    def _wrong_times(self, task: Task) -> Iterator[Answer]:
        trace_id, spans, span = self._trace_with(task.span)
        whole = span.duration_seconds * 1000
        hears = f"`{task.span}` has no children"
        if any(other.parent_span_id == span.span_id for other in spans):
            yield Answer(f"{trace_id} {whole:.3f}", "the whole duration")
            hears = f"`{task.span}` took {whole:.2f} ms"
        yield Answer(f"{trace_id} {3 * whole:.3f}", hears)
        yield Answer(trace_id, "Give the trace's id and the milliseconds")


def _series(result: Result) -> tuple[Series, ...]:
    return result.series if isinstance(result, Numbers) else ()


def self_time(span: Span, spans: list[Span]) -> float:
    """In milliseconds. Nothing in the chain's requests runs at the same time as something else."""
    children = sum(other.duration_seconds for other in spans if other.parent_span_id == span.span_id)
    return (span.duration_seconds - children) * 1000


def walk(learner: Learner, exercise: Exercise, name: str) -> tuple[list[str], dict[str, int]]:
    """All tasks in order, as a learner of this name gets them: what was not as it has to be, and how many wrong answers
    were tried for each task.

    There are minutes in which a wrong answer is right: in a lab that has just started, the quantile of everything is
    that of the last minute. So whatever is not as it has to be may be so a little later."""
    for _ in range(_WALKS - 1):
        problems, tried = _walk_once(learner, exercise, name)
        if not problems:
            return problems, tried
        time.sleep(_BETWEEN_WALKS_SECONDS)
    return _walk_once(learner, exercise, name)


def _walk_once(learner: Learner, exercise: Exercise, name: str) -> tuple[list[str], dict[str, int]]:
    answers: dict[str, str] = {}
    problems: list[str] = []
    tried: dict[str, int] = {}
    learner.prepare(personalise(exercise, name))
    for id in [task.id for task in exercise.tasks]:
        task = personalise(exercise, name, answers=answers).task(id)
        if task.kind == "trace_id":
            right = learner.await_right_trace(task)
            problems += [] if right else [f"{id}: no trace is right"]
            answers[id] = right
        else:
            for answer in learner.right_answers(task):
                answers.setdefault(id, answer)
                verdict = learner.verdict(task, answer)
                problems += [] if verdict.passed else [f"{id}: {answer!r} is right, but: {verdict.says}"]
                if not verdict.judged:
                    # Nor would the others be: each of them is waited for as long.
                    return problems, tried
        wrong: list[Answer] = []
        try:
            wrong += learner.wrong_answers(task)
        except NothingFits as error:
            problems.append(f"{id}: {error}")
        for one in wrong:
            verdict = learner.verdict(task, one.text)
            if verdict.passed or not verdict.judged or one.hears not in " ".join(verdict.says):
                problems.append(f"{id}: {one.text!r} should hear {one.hears!r}, but: {verdict.says}")
        tried[id] = len(wrong)
    return problems, tried
