"""Whether a trace that somebody has found is one of those asked for, and what he has read from it."""

from lab.exercises.answers import read_self_time, read_trace_id
from lab.exercises.exercise import Task
from lab.exercises.results import Data, Refused, is_empty
from lab.exercises.span_times import self_time_ms
from lab.exercises.verdict import Verdict, right, wrong
from lab.telemetry_client import Span


def check_trace(task: Task, answer: str, data: Data) -> Verdict:
    trace_id = read_trace_id(answer)
    if trace_id is None:
        return wrong("That is no trace id: 32 characters of 0-9 and a-f, such as `4bf92f3577b34da6a3ce929d0e0e4736`.")
    if data.trace is None:
        return wrong(
            f"There is no trace `{trace_id}`. Is the whole id there? A trace that has just been made takes a second."
        )
    if not is_empty(data.reference.results[0]) and is_empty(data.unwanted):
        return right()
    for mistake, result in zip(task.mistakes, data.mistakes, strict=True):
        if not is_empty(result.results[0]) and not isinstance(result.results[0], Refused):
            return wrong(mistake.says)
    return wrong(f"That trace exists, but it is not one of those asked for. It is {_described(data.trace)}.")


def _described(trace: tuple[Span, ...]) -> str:
    root = next((span for span in trace if not span.parent_span_id), trace[0])
    path = root.attributes.get("url.path")
    services = ", ".join(dict.fromkeys(span.service for span in trace))
    status = root.attributes.get("http.response.status_code", "no status")
    return (
        f"`{root.name}`{f' of `{path}`' if path else ''}: {root.duration_seconds * 1000:.1f} ms, answer {status}, "
        f"{len(trace)} {'span' if len(trace) == 1 else 'spans'} in {services}"
    )


def check_self_time(task: Task, answer: str, data: Data) -> Verdict:
    read = read_self_time(answer)
    if read is None:
        return wrong("Give the trace's id and the milliseconds, such as `4bf92f3577b34da6a3ce929d0e0e4736 3.2`.")
    trace_id, milliseconds = read
    if data.trace is None:
        return wrong(f"There is no trace `{trace_id}`.")
    spans = [span for span in data.trace if span.name == task.span]
    if not spans:
        return wrong(f"In this trace there is no span `{task.span}`. It is {_described(data.trace)}.")
    if any(_is_near(milliseconds, self_time_ms(span, data.trace), task.tolerance) for span in spans):
        return right()
    span = spans[0]
    if _is_near(milliseconds, span.duration_seconds * 1000, task.tolerance):
        return wrong(
            f"That is the whole duration of `{task.span}`: the time of its children is in it. "
            "Its self time is what is left without them."
        )
    children = span.duration_seconds * 1000 - self_time_ms(span, data.trace)
    if _is_near(milliseconds, children, task.tolerance):
        return wrong(f"That is what the children of `{task.span}` took. Its self time is the rest of its duration.")
    if _is_near(milliseconds * 1000, self_time_ms(span, data.trace), task.tolerance):
        return wrong("That would be right in seconds. The task asks for milliseconds.")
    if not any(one.parent_span_id == span.span_id for span in spans for one in data.trace):
        return wrong(f"`{task.span}` has no children in this trace: all of its duration is its own.")
    return wrong(
        f"Not yet. `{task.span}` took {span.duration_seconds * 1000:.2f} ms; take away what its direct children took "
        "(not their children as well: their time lies within)."
    )


def _is_near(value: float, expected: float, tolerance: float) -> bool:
    # People read times off a page, where they are rounded.
    return abs(value - expected) <= max(tolerance * abs(expected), 0.06)
