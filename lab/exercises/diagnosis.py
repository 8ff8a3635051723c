"""What is wrong with series that are not the ones asked for, in words. Pure, and only about what the results show."""

import math
import re
from collections.abc import Iterable

from lab.exercises.comparing import MOMENTS_THAT_FIT, Comparison, Labels, common_factor, is_close, labels_of
from lab.exercises.exercise import Task
from lab.telemetry_client import Series

#: A constant factor -> what it means; `{unit}` is what the task asks for.
_FACTORS = (
    (60.0, "Your values are 60 times as large everywhere: yours are per minute. The task asks for {unit}."),
    (1 / 60, "Your values are a sixtieth everywhere, as if divided once more by 60. The task asks for {unit}."),
    (3600.0, "Your values are 3600 times as large everywhere: yours are per hour. The task asks for {unit}."),
    (1000.0, "Your values are 1000 times as large everywhere: milliseconds in place of seconds? It asks for {unit}."),
    (1 / 1000, "Your values are a thousandth everywhere: seconds in place of milliseconds? It asks for {unit}."),
    (100.0, "Your values are 100 times as large everywhere: yours are percent. The task asks for {unit}."),
    (1 / 100, "Your values are a hundredth everywhere: yours are a share of 1. The task asks for {unit}."),
    (-1.0, "Your values have the wrong sign: what is subtracted from what?"),
)
_MOST_NAMED = 3

_WINDOW = re.compile(r"\[\s*(\d[\w.]*)\s*[\]:]")
_DIVISION = re.compile(r"[)\]}]\s*/\s*[a-z(]")
_QUANTILE = re.compile(r"\bhistogram_quantile\s*\(\s*([\d.]*)")
_NO_SUM = re.compile(r"quantile|avg|max|min|\s[-/]\s")
#: What a log stream is told apart by; all else stands in its lines.
_STREAM_LABELS = frozenset({"service", "level"})
#: Behind a log stream: what makes labels of a line's fields.
FIELD_READER = re.compile(r"\|\s*(json|logfmt|regexp|pattern|unpack)\b")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def diagnose(
    task: Task,
    answer: tuple[Series, ...],
    reference: tuple[Series, ...],
    comparison: Comparison,
    query: str = "",
) -> list[str]:
    """Sentences about an answer that is not the reference; the most telling one first. `query` is what was asked."""
    if comparison.names != comparison.expected_names:
        return _other_label_names(task, answer, reference, comparison, query)
    if comparison.ambiguous:
        return ["Several of your series carry the same labels, but for the metric's name: ask for one metric only."]
    if comparison.missing or comparison.extra:
        return _other_series(comparison)
    return _other_values(task, answer, reference, comparison, query)


def _other_label_names(
    task: Task, answer: tuple[Series, ...], reference: tuple[Series, ...], comparison: Comparison, query: str
) -> list[str]:
    gone = comparison.expected_names - comparison.names
    more = comparison.names - comparison.expected_names
    if task.language == "logql" and (unread := gone - _STREAM_LABELS) and not FIELD_READER.search(query):
        return [f"{_names(unread)} stands in the lines, as text. `| json` makes labels of what stands there."]
    if gone and not more:
        kept = f"`by ({', '.join(sorted(comparison.expected_names))})` keeps what is asked for"
        are = "is" if len(gone) == 1 else "are"
        return [f"Too much has been added up: {_names(gone)} {are} gone from the result. An aggregation {kept}."]
    if more and not gone:
        says = f"Your series ({len(answer)}) still carry {_names(more)}, which the task does not ask for."
        if _QUANTILE.search(query):
            kept = ", ".join(["le", *sorted(comparison.expected_names - {"le"})])
            return [f"{says} Quantiles cannot be put together. Add the buckets up first: `sum by ({kept}) (…)` inside."]
        if comparison.expected_names:
            return [f"{says} Aggregate: `sum by ({', '.join(sorted(comparison.expected_names))}) (…)`."]
        how = (
            "aggregate both sides, as in `sum(…) / sum(…)`" if _DIVISION.search(query) else "aggregate, as in `sum(…)`"
        )
        return [f"{says} One value for everything is wanted: {how}, without `by`."]
    if _same_values(answer, reference, task.tolerance):
        return [f"The values are right, but they carry {_names(more)} in place of {_names(gone)}."]
    return [f"Your series are told apart by {_names(more)}; the task asks for {_names(gone)}."]


def _same_values(answer: tuple[Series, ...], reference: tuple[Series, ...], tolerance: float) -> bool:
    """Whether the values agree when labels are looked away from."""

    def last(series: Iterable[Series]) -> list[float]:
        return sorted(one.points[-1][1] for one in series if one.points)

    mine, theirs = last(answer), last(reference)
    return len(mine) == len(theirs) and all(is_close(a, b, tolerance) for a, b in zip(mine, theirs, strict=True))


def _other_series(comparison: Comparison) -> list[str]:
    if not comparison.fits and (elsewhere := _of_something_else(comparison)):
        return [elsewhere]
    says = []
    telling = _telling_labels({*comparison.missing, *comparison.extra, *comparison.fits})
    well = [labels for labels, share in comparison.fits.items() if share >= MOMENTS_THAT_FIT]
    if comparison.extra:
        right = "What is asked for is there, but" if well and not comparison.missing else "The result"
        says.append(f"{right} also includes {_series(comparison.extra, telling)}, which does not belong to it.")
    if comparison.missing:
        says.append(f"The result lacks {_series(comparison.missing, telling)}.")
    return says


def _of_something_else(comparison: Comparison) -> str:
    """Said when all series differ from the expected ones in the one value of the same label, such as the service."""
    for name in sorted(comparison.names - {"instance"}):
        mine = {value for labels in comparison.extra for label, value in labels if label == name}
        theirs = {value for labels in comparison.missing for label, value in labels if label == name}
        if len(mine) == len(theirs) == 1 and mine != theirs:
            return f"Your series have the `{name}` `{mine.pop()}`. The task asks for `{theirs.pop()}`."
    return ""


def _telling_labels(all_labels: set[Labels]) -> frozenset[str]:
    """The labels by which these series can be told apart; those that are the same on all say nothing."""
    names = {name for labels in all_labels for name, _ in labels}
    if len(all_labels) == 1:
        return frozenset(names)
    return frozenset(name for name in names if len({dict(labels).get(name) for labels in all_labels}) > 1)


def _other_values(
    task: Task,
    answer: tuple[Series, ...],
    reference: tuple[Series, ...],
    comparison: Comparison,
    query: str,
) -> list[str]:
    factor = common_factor(_counted(answer, task, reference), reference)
    if factor is not None and (known := _known_factor(factor, task)):
        return [known]
    if (quantile := _QUANTILE.search(query)) and _is_percentage(quantile[1]):
        return [f"A quantile is between 0 and 1: `0.{quantile[1].replace('.', '')}` for {quantile[1]} %."]
    if other := _other_windows(query, task.reference):
        return [other]
    if _only_rises(answer) and not _only_rises(reference):
        return [
            (
                "Your values only ever rise: that is the counter itself, everything since the service has started. "
                "How fast it rises is `rate(…[1m])`."
            )
        ]
    if factor is not None:
        return [_about_factor(factor)]
    if _swapped(answer, reference, task):
        return ["The values are right, but they stand at the wrong labels."]
    share = min(comparison.fits.values(), default=0.0)
    near = share > 0.3 or _same_level(answer, reference)
    if near and _is_a_sum(query, task) and (side := _always_on_one_side(answer, reference)):
        return [side]
    same_time = bool(query) and _windows(query) == _windows(task.reference)
    if share > 0.3:
        is_it = "Is" if same_time else "Is the time in `[…]` the one that is asked for, and is"
        return [
            (
                f"Some moments fit and others do not ({share:.0%} of them): close, but not the same question. "
                f"{is_it} everything in that belongs to it?"
            )
        ]
    if near and same_time:
        return [
            (
                "On average your values are about right, at single moments they are not: another question has an "
                "answer of the same size."
            )
        ]
    if near:
        return [
            (
                "On average your values are right, at single moments they are not: most likely the time in `[…]` is "
                "another than the task asks for."
            )
        ]
    return ["The labels are right, the values are not.", *_example(answer, reference)]


def _known_factor(factor: float, task: Task) -> str:
    for known, says in _FACTORS:
        if math.isclose(factor, known, rel_tol=0.04):
            return says.format(unit=task.unit or "the plain value")
    return ""


def _windows(query: str) -> set[float]:
    """The times in brackets, in seconds."""
    parts = (re.findall(r"([\d.]+)(ms|[smhd])", found) for found in _WINDOW.findall(query))
    return {sum(float(number) * _UNIT_SECONDS[unit] for number, unit in each) for each in parts}


def _other_windows(query: str, reference: str) -> str:
    """Said when the answer looks back over other times than the task asks for, or over none at all."""
    mine, theirs = _windows(query), _windows(reference)
    if mine and not theirs:
        return f"Your query looks back over `[{_WINDOW.findall(query)[0]}]`; the task asks for the values as they are."
    if not query or not theirs or mine & theirs:
        return ""
    asked_for = re.sub(r"\s", "", _WINDOW.findall(reference)[0])
    if mine:
        return f"Your query looks back over `[{_WINDOW.findall(query)[0]}]`; the task asks for `[{asked_for}]`."
    return (
        "Your query has no time in `[…]`. A counter by itself is everything since its service has started; "
        f"the task asks for `[{asked_for}]`."
    )


def _is_percentage(number: str) -> bool:
    return bool(re.fullmatch(r"\d\d(\.\d+)?", number)) and float(number) > 1


def _is_a_sum(query: str, task: Task) -> bool:
    """Whether a value grows with each request that is in it: not so for shares, quantiles, means and the like."""
    return bool(query) and not _NO_SUM.search(query) and not _NO_SUM.search(task.reference)


def _always_on_one_side(answer: tuple[Series, ...], reference: tuple[Series, ...]) -> str:
    """Said when values are right at some moments, and at all others on the same side: something is left out of them, or
    too much is in them."""
    expected = {labels_of(series): dict(series.points) for series in reference}
    differences = [
        value - theirs[moment]
        for series in answer
        for theirs in [expected.get(labels_of(series), {})]
        for moment, value in series.points
        if moment in theirs
    ]
    if differences and max(differences) <= 1e-9:
        return (
            "Your values are never above the right ones, and mostly below: something is left out. "
            "Is there a condition too many?"
        )
    if differences and min(differences) >= -1e-9:
        return (
            "Your values are never below the right ones, and mostly above: something is in them that does not belong. "
            "Is a condition missing?"
        )
    return ""


def _about_factor(factor: float) -> str:
    if factor > 1:
        seconds = " (Is that the number of seconds in `[…]`? Then it counts, and does not say how fast.)"
        return f"Your values are {factor:.3g} times as large everywhere.{seconds if factor >= 5 else ''}"
    return f"Your values are {factor:.2g} of what they should be, everywhere."


def _counted(answer: tuple[Series, ...], task: Task, reference: tuple[Series, ...]) -> list[Series]:
    """The answer's series with the labels by which they are compared."""
    expected = {name for series in reference for name, _ in labels_of(series)}
    ignored = set(task.extra_labels) - expected
    return [
        Series({name: value for name, value in series.labels.items() if name not in ignored}, series.points)
        for series in answer
    ]


def _only_rises(series: tuple[Series, ...]) -> bool:
    """Whether no value is below the one before, and one at least is above."""
    pairs = [
        (earlier, later) for one in series for (_, earlier), (_, later) in zip(one.points, one.points[1:], strict=False)
    ]
    return all(later >= earlier for earlier, later in pairs) and any(later > earlier for earlier, later in pairs)


def _swapped(answer: tuple[Series, ...], reference: tuple[Series, ...], task: Task) -> bool:
    return len(answer) > 1 and _same_values(answer, reference, task.tolerance)


def _same_level(answer: tuple[Series, ...], reference: tuple[Series, ...]) -> bool:
    def mean(series: tuple[Series, ...]) -> float:
        values = [value for one in series for _, value in one.points if math.isfinite(value)]
        return sum(values) / len(values) if values else 0.0

    expected = mean(reference)
    return bool(expected) and abs(mean(answer) - expected) <= 0.2 * abs(expected)


def _example(answer: tuple[Series, ...], reference: tuple[Series, ...]) -> list[str]:
    """Where the two are furthest apart, without giving the value away: whether too large or too small."""
    expected = {labels_of(series): dict(series.points) for series in reference}
    for series in answer:
        theirs = expected.get(labels_of(series), {})
        for moment, value in series.points:
            if moment in theirs and value != theirs[moment]:
                which = f" of {_shown(labels_of(series))}" if series.labels else ""
                size = "larger" if value > theirs[moment] else "smaller"
                return [f"For example, your last values{which} are {size} than they should be."]
    return []


def _series(all_labels: frozenset[Labels], telling: frozenset[str]) -> str:
    shown = sorted(
        _shown(frozenset((name, value) for name, value in labels if name in telling)) for labels in all_labels
    )
    rest = len(shown) - _MOST_NAMED
    return ", ".join(shown[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _shown(labels: Labels) -> str:
    if not labels:
        return "a series without labels"
    return "`{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels)) + "}`"


def _names(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "no label"
