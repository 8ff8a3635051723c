"""Whether a query finds what the reference finds, over the same time; and if not, what it finds instead."""

import re
from collections.abc import Iterable

from lab.exercises import diagnosis, refusals
from lab.exercises.comparing import compare, enough_moments
from lab.exercises.exercise import Task
from lab.exercises.results import Data, Evaluated, FoundTrace, Lines, Numbers, Refused, Result, Traces, is_empty
from lab.exercises.verdict import WAIT, Verdict, not_yet, right, wrong
from lab.telemetry_client import LogLine

#: In TraceQL: a duration compared with a mere number.
_TIME_WITHOUT_UNIT = re.compile(r"duration\s*[<>]=?\s*(\d+(?:\.\d+)?)(?![\w.])", re.IGNORECASE)


def check_query(task: Task, answer: str, data: Data) -> Verdict:
    for result in data.answer.results:
        if isinstance(result, Refused):
            said = _said_to_the_same_text(task, answer)
            return wrong(said) if said else wrong(*refusals.explain(task.language, answer, result.said))
    if not all(_enough(result) for result in data.reference.results):
        return not_yet(WAIT)
    if _says_the_same_without_data(data):
        return wrong(
            "Your query does not look at any data: it says the same for a day on which there was no lab. "
            "A number that fits now does not fit a minute later."
        )
    if _same(task, data.answer, data.reference):
        return right()
    # What finds the same as a mistake today may be another tomorrow: its own words go first.
    if said := _said_to_the_same_text(task, answer):
        return wrong(said)
    for mistake, asked in zip(task.mistakes, data.mistakes, strict=True):
        if _same(task, data.answer, asked) and not all(is_empty(result) for result in asked.results):
            return wrong(mistake.says)
    for mine, theirs in zip(data.answer.results, data.reference.results, strict=True):
        if not _same(task, Evaluated((mine,)), Evaluated((theirs,))):
            return wrong(*_difference(task, answer, mine, theirs, data))
    raise AssertionError("what differs as a whole differs somewhere")


def _said_to_the_same_text(task: Task, answer: str) -> str:
    """What is said to a mistake that finds nothing, or is refused: there is no result to know it by."""

    def without_spaces(query: str) -> str:
        return "".join(query.split())

    for mistake in task.mistakes:
        if without_spaces(mistake.answer) == without_spaces(answer):
            return mistake.says
    return ""


def _enough(reference: Result) -> bool:
    if isinstance(reference, Numbers):
        return enough_moments(reference.series)
    return not is_empty(reference) and not isinstance(reference, Refused)


def _says_the_same_without_data(data: Data) -> bool:
    long_ago, now = data.answer_long_ago, data.answer.results[0]
    if not isinstance(long_ago, Numbers) or not isinstance(now, Numbers) or not is_empty(data.reference_long_ago):
        return False
    values = {value for series in (*long_ago.series, *now.series) for _, value in series.points}
    return bool(long_ago.series) and len(values) == 1


def _same(task: Task, one: Evaluated, other: Evaluated) -> bool:
    return all(_same_result(task, a, b) for a, b in zip(one.results, other.results, strict=True))


def _same_result(task: Task, answer: Result, reference: Result) -> bool:
    match answer, reference:
        case Numbers(mine), Numbers(theirs):
            return compare(mine, theirs, task.tolerance, task.extra_labels).same
        case Lines(mine_lines), Lines(their_lines):
            # However a line is written out or labelled: it is the same line.
            return _moments(mine_lines) == _moments(their_lines)
        case Traces(mine_traces), Traces(their_traces):
            return _ids(mine_traces) == _ids(their_traces)
    return False


def _moments(lines: Iterable[LogLine]) -> set[int]:
    return {line.time_unix_nano for line in lines}


def _ids(traces: Iterable[FoundTrace]) -> set[str]:
    return {trace.trace_id for trace in traces}


def _difference(task: Task, query: str, answer: Result, reference: Result, data: Data) -> list[str]:
    if is_empty(answer):
        return ["Your query finds nothing.", *data.reasons_for_nothing]
    match answer, reference:
        case Numbers(mine), Numbers(theirs):
            comparison = compare(mine, theirs, task.tolerance, task.extra_labels)
            return diagnosis.diagnose(task, mine, theirs, comparison, query)
        case Lines(mine_lines), Lines(their_lines):
            return _other_lines(mine_lines, their_lines)
        case Traces(mine_traces), Traces(their_traces):
            without_unit = _TIME_WITHOUT_UNIT.search(query)
            said = [f"`{without_unit[1]}` of what? A time without a unit is in nanoseconds."] if without_unit else []
            return [*said, *_other_traces(mine_traces, their_traces)]
        case Lines(), Numbers():
            return [
                (
                    "Your query gives log lines; the task asks for numbers over time. "
                    "`count_over_time(… [1m])` counts lines, `rate(… [1m])` counts them per second."
                )
            ]
        case Numbers(), Lines():
            return ["Your query gives numbers over time; the task asks for the log lines themselves."]
    return ["Your query gives something else than the task asks for."]


def _other_lines(mine: tuple[LogLine, ...], theirs: tuple[LogLine, ...]) -> list[str]:
    asked_for, found = _moments(theirs), _moments(mine)
    extra = [line for line in mine if line.time_unix_nano not in asked_for]
    missing = [line for line in theirs if line.time_unix_nano not in found]
    return _differences(
        "lines",
        len(theirs),
        (len(extra), f": {_line(extra[-1])}" if extra else ""),
        (len(missing), f": {_line(missing[-1])}" if missing else ""),
    )


def _line(line: LogLine) -> str:
    service, level = line.labels.get("service", "?"), line.labels.get("level", "?")
    return f"`{service}, {level}: {str(line.fields.get('message', line.line))[:100]}`"


def _other_traces(mine: tuple[FoundTrace, ...], theirs: tuple[FoundTrace, ...]) -> list[str]:
    asked_for, found = _ids(theirs), _ids(mine)
    extra = [trace for trace in mine if trace.trace_id not in asked_for]
    missing = [trace for trace in theirs if trace.trace_id not in found]
    return _differences(
        "traces",
        len(theirs),
        (len(extra), f" {_trace(extra[0])}." if extra else ""),
        (len(missing), f" {_trace(missing[0])}." if missing else ""),
    )


def _differences(what: str, wanted: int, extra: tuple[int, str], missing: tuple[int, str]) -> list[str]:
    """In words; of `extra` and `missing` how many there are, and an example of them."""
    says = []
    if extra[0]:
        are = "one" if extra[0] == 1 else str(extra[0])
        do = "does" if extra[0] == 1 else "do"
        begin = f"All the {what} asked for are there, and {are} that" if not missing[0] else f"Of your {what}, {are}"
        says.append(f"{begin} {do} not belong, such as{extra[1]}")
    if missing[0]:
        verb = "is" if missing[0] == 1 else "are"
        says.append(f"Of {wanted} that are asked for, {missing[0]} {verb} missing, such as{missing[1]}")
    return says


def _trace(trace: FoundTrace) -> str:
    return f"`{trace.trace_id}` ({trace.root}, {trace.duration_ms:g} ms)"
