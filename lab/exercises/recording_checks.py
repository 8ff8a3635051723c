"""Whether a recording rule is named as its readers expect, and records what is asked for."""

import re
from collections.abc import Iterable
from dataclasses import replace

from lab.exercises.exercise import Mistake, Task
from lab.exercises.query_checks import check_query
from lab.exercises.results import Data, Numbers
from lab.exercises.rules import RecordingRule, RuleRefused, read_recording_rule
from lab.exercises.verdict import Verdict, right, wrong

_RANGE = re.compile(r"\[(\d+(?:ms|s|m|h|d)(?:\d+(?:ms|s|m|h|d))*)\s*[\]:]")
_TIME_IN_NAME = re.compile(r"\d+(?:ms|s|m|h|d)")


def check_recording_rule(task: Task, answer: str, data: Data) -> Verdict:
    try:
        rule = read_recording_rule(answer)
    except RuleRefused as refused:
        return wrong(*refused.says)
    verdict = check_query(as_query(task), rule.expr, data)
    if not verdict.passed:
        return verdict
    expected = read_recording_rule(task.reference)
    if said := [*_about_name(rule, data), *_about_labels(rule, expected)]:
        return wrong("It records the right values. But:", *said)
    return right(f"Right. Whoever needs these values asks for `{rule.record}` from now on.")


def as_query(task: Task) -> Task:
    """The task with the expressions of its rules in place of the rules."""
    return replace(
        task,
        kind="promql",
        reference=read_recording_rule(task.reference).expr,
        also_right=(),
        mistakes=tuple(Mistake(read_recording_rule(one.answer).expr, one.says) for one in task.mistakes),
    )


def _about_name(rule: RecordingRule, data: Data) -> list[str]:
    """By the convention level:metric:operations."""
    parts = rule.record.split(":")
    if len(parts) != 3 or not all(parts):
        return [_about_parts(rule.record, parts)]
    level, _, operations = parts
    says = []
    labels = _labels(data)
    if _words([level]) != _words(labels):
        kept = ", ".join(f"`{name}`" for name in sorted(labels)) or "no label at all"
        says.append(
            f"The name begins with the level `{level}`, and the result has {kept}: the level names what is left."
        )
    ranges, told = set(_RANGE.findall(rule.expr)), set(_TIME_IN_NAME.findall(operations))
    if len(ranges) == 1 and ranges.isdisjoint(told):
        over = ranges.pop()
        says.append(
            f"The name says {' and '.join(sorted(told))}; the expression looks over {over}."
            if told
            else f"What was done includes over which time: the operations of the name end in {over}, as in "
            f"`rate{over}`."
        )
    return says


def _about_parts(name: str, parts: list[str]) -> str:
    begin = f"`{name}` is not named by the convention `level:metric:operations`"
    match parts:
        case [_]:
            return (
                f"{begin}: it has no colon. First the labels that are left, then the metric, then what was done to it: "
                "`service:requests:rate1m`."
            )
        case [first, second]:
            missing = (
                "the level (which labels are left)" if _TIME_IN_NAME.search(second) else "what was done to the metric"
            )
            return f"{begin}: it has two parts, `{first}` and `{second}`. Missing is {missing}."
        case [_, _, _]:
            empty = [what for what, part in zip(("level", "metric", "operations"), parts, strict=True) if not part]
            return f"{begin}: the {' and the '.join(empty)} before or after a colon is empty."
    return f"{begin}: it has {len(parts)} parts in place of three."


def _labels(data: Data) -> set[str]:
    return {
        name
        for result in data.answer.results
        if isinstance(result, Numbers)
        for series in result.series
        for name in series.labels
        if name != "__name__"
    }


def _words(names: Iterable[str]) -> set[str]:
    return {word for name in names for word in name.split("_") if word}


def _about_labels(rule: RecordingRule, expected: RecordingRule) -> list[str]:
    says = []
    for name, value in expected.labels.items():
        if rule.labels.get(name) != value:
            says.append(f"The label `{name}: {value}` is missing below `labels`.")
    if extra := sorted(rule.labels.keys() - expected.labels.keys()):
        says.append(f"Nobody has asked for the label `{extra[0]}` below `labels`.")
    return says
