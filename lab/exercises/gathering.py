"""Asks the backends what a verdict needs: the answer, the reference and each known mistake, over the same time.

Everything ends at a whole step a moment ago, so that what is still on its way is missing from none of them.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lab.exercises.answers import is_query, read_self_time, read_trace_id
from lab.exercises.conditions import conditions
from lab.exercises.exercise import Language, Task, TimeRange
from lab.exercises.nothing_found import why_nothing
from lab.exercises.recording_checks import as_query
from lab.exercises.results import (
    AlertData,
    Data,
    Evaluated,
    FoundTrace,
    Lines,
    Numbers,
    Refused,
    Result,
    Stretch,
    Times,
    Traces,
    Watched,
    is_empty,
)
from lab.exercises.rules import RuleRefused, read_alerting_rule, read_recording_rule
from lab.telemetry_client import OtherResultType, QueryRefused, Span, TelemetryClient, TraceNotFound

#: Log lines and spans are visible within a fifth of a second, samples as soon as their target has answered.
LAG_SECONDS = 2.0

#: How often rules are evaluated: as `evaluation_interval` of observability/prometheus/prometheus.yml.
EVALUATION_SECONDS = 5.0

#: What has not fired by then never does, for all that somebody at a lab wants to wait.
_LONGEST_ILL_SECONDS = 180.0

#: As many lines as Loki gives, and more traces than a range of a few minutes has.
_MOST_LINES = 5000
_MOST_TRACES = 2000

#: Before there was any lab.
_LONG_AGO_SECONDS = 20 * 24 * 3600.0


def gather(task: Task, answer: str, client: TelemetryClient, now: float, times: Times | None = None) -> Data:
    """`times` is when all was well and since when something is not, which alerts are judged by.

    Raises TelemetryError when a backend does not answer; a query that is refused is a result."""
    match task.kind:
        case "promql" | "logql" | "traceql":
            return _of_query(task, answer, client, now)
        case "trace_id":
            return _of_trace_id(task, answer, client)
        case "self_time":
            return _of_self_time(answer, client)
        case "number" | "text_set" if task.reference:
            return _of_value(task, client, now)
        case "alert_rule" if times is not None:
            return _of_alert(task, answer, client, now, times)
        case "recording_rule":
            with suppress(RuleRefused):
                return _of_query(as_query(task), read_recording_rule(answer).expr, client, now)
        case "instrument":
            # Only here: an HTTP client and a reader of metrics, which no other kind needs.
            from lab.exercises.services.driving import observe

            assert task.service is not None
            return Data(service=observe(task.service, Path(answer)))
    return Data()


def _of_query(task: Task, answer: str, client: TelemetryClient, now: float) -> Data:
    language = task.language
    reference = _over(client, language, task.reference, task.over, now)
    asked = _over(client, language, answer, task.over, now)
    long_ago: list[Result] = [Numbers(()), Numbers(())]
    if language == "promql":
        long_ago = [_long_ago(client, query, now) for query in (answer, task.reference)]
    return Data(
        ranges=task.over,
        reference=reference,
        answer=asked,
        mistakes=tuple(_over(client, language, mistake.answer, task.over, now) for mistake in task.mistakes),
        answer_long_ago=long_ago[0],
        reference_long_ago=long_ago[1],
        reasons_for_nothing=why_nothing(client, language, answer, _end(language, task.over[0], now))
        if all(is_empty(result) for result in asked.results)
        else (),
    )


def _of_trace_id(task: Task, answer: str, client: TelemetryClient) -> Data:
    trace_id = read_trace_id(answer)
    trace = None if trace_id is None else _trace(client, trace_id)
    if trace is None or trace_id is None:
        return Data()
    return Data(
        reference=_in_trace(client, task.reference, trace_id, trace),
        unwanted=_in_trace(client, task.lacks, trace_id, trace).results[0] if task.lacks else Traces(()),
        mistakes=tuple(_in_trace(client, mistake.answer, trace_id, trace) for mistake in task.mistakes),
        trace=trace,
    )


def _of_self_time(answer: str, client: TelemetryClient) -> Data:
    read = read_self_time(answer)
    return Data(trace=None if read is None else _trace(client, read[0]))


def _of_value(task: Task, client: TelemetryClient, now: float) -> Data:
    queries = [mistake.answer for mistake in task.mistakes if is_query(task, mistake.answer)]
    return Data(
        ranges=task.over,
        reference=_over(client, task.language, task.reference, task.over, now),
        mistakes=tuple(_over(client, task.language, query, task.over, now) for query in queries),
    )


def _of_alert(task: Task, answer: str, client: TelemetryClient, now: float, times: Times) -> Data:
    try:
        rule = read_alerting_rule(answer)
    except RuleRefused:
        return Data()
    well = _whole_steps(times.well)
    ill = _whole_steps(Stretch(times.onset, min(now - LAG_SECONDS, times.onset + _LONGEST_ILL_SECONDS)))

    def watch(expr: str) -> Watched:
        results = [evaluate(client, "promql", expr, time.start, time.end, EVALUATION_SECONDS) for time in (well, ill)]
        return Watched(*results)

    watched = watch(rule.expr)
    left_sides = [(one, watch(one.left)) for one in conditions(rule.expr).deciding]
    nothing = [rule.expr] if is_empty(watched.ill) and not left_sides else []
    nothing += [one.left for one, side in left_sides if is_empty(side.ill)]
    return Data(
        alert=AlertData(
            well=well,
            ill=ill,
            step_seconds=EVALUATION_SECONDS,
            answer=watched,
            reference=watch(read_alerting_rule(task.reference).expr),
            mistakes=tuple(watch(read_alerting_rule(one.answer).expr) for one in task.mistakes),
            left_sides=tuple(left_sides),
        ),
        reasons_for_nothing=tuple(said for query in nothing for said in why_nothing(client, "promql", query, ill.end)),
    )


def _whole_steps(time: Stretch) -> Stretch:
    """From the first evaluation in it to the last."""
    step = EVALUATION_SECONDS
    return Stretch(math.ceil(time.start / step) * step, math.floor(time.end / step) * step)


def _over(
    client: TelemetryClient, language: Language, query: str, ranges: Sequence[TimeRange], now: float
) -> Evaluated:
    return Evaluated(
        tuple(
            evaluate(client, language, query, end - one.minutes * 60, end, one.step_seconds)
            for one in ranges
            for end in [_end(language, one, now)]
        )
    )


def _end(language: Language, time_range: TimeRange, now: float) -> float:
    latest = now - LAG_SECONDS - time_range.ended_minutes_ago * 60
    # Values are compared at whole steps. Lines and traces have their own times: the newest belong to them.
    step = time_range.step_seconds if language == "promql" else 1.0
    return math.floor(latest / step) * step


def _long_ago(client: TelemetryClient, query: str, now: float) -> Result:
    moment = math.floor(now - _LONG_AGO_SECONDS)
    return evaluate(client, "promql", query, moment, moment, 1.0)


def evaluate(
    client: TelemetryClient, language: Language, query: str, start: float, end: float, step_seconds: float
) -> Result:
    """One query over one time."""
    try:
        match language:
            case "promql":
                return Numbers(tuple(client.query_range(query, start, end, step_seconds)))
            case "logql":
                return _of_logs(client, query, start, end, step_seconds)
            case "traceql":
                return _found(client, query, start, end)
    except QueryRefused as refusal:
        return Refused(refusal.said)


def _of_logs(client: TelemetryClient, query: str, start: float, end: float, step_seconds: float) -> Result:
    """Numbers or lines, whichever the query makes."""
    try:
        return Numbers(tuple(client.log_series(query, start, end, step_seconds)))
    except OtherResultType:
        return Lines(tuple(client.logs(query, int(start * 1e9), int(end * 1e9), limit=_MOST_LINES)))


def _found(client: TelemetryClient, query: str, start: float, end: float) -> Traces:
    found = client.search_traces(q=query, start=int(start), end=int(end), limit=_MOST_TRACES)
    return Traces(
        tuple(
            FoundTrace(
                trace["traceID"].rjust(32, "0"), trace.get("rootTraceName", ""), float(trace.get("durationMs", 0))
            )
            for trace in found
        )
    )


def _trace(client: TelemetryClient, trace_id: str) -> tuple[Span, ...] | None:
    try:
        return tuple(client.trace(trace_id))
    except TraceNotFound:
        return None


def _in_trace(client: TelemetryClient, query: str, trace_id: str, trace: Sequence[Span]) -> Evaluated:
    """What `query` finds in this one trace."""
    start = min(span.start_time_unix_nano for span in trace) / 1e9
    end = max(span.end_time_unix_nano for span in trace) / 1e9
    of_it = f'{{ trace:id = "{trace_id}" }} && ({query})'
    return Evaluated((evaluate(client, "traceql", of_it, math.floor(start) - 1, math.ceil(end) + 1, 1.0),))
