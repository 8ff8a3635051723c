"""Why a query finds nothing: which name or value in it does not exist, and what there is in its place."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab.exercises.diagnosis import FIELD_READER
from lab.exercises.exercise import Language
from lab.telemetry_client import LogLine, OtherResultType, QueryRefused, Series, TelemetryClient

#: How far back a name counts as existing.
_WINDOW = "10m"
_WINDOW_SECONDS = 600

_STRING = r'"(?:[^"\\]|\\.)*"|`[^`]*`|\'(?:[^\'\\]|\\.)*\''
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\s*\{((?:" + _STRING + r"|[^{}\"'`])*)\}")
_MATCHER = re.compile(r"([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*(" + _STRING + ")")
_WORD = re.compile(r"[a-zA-Z_:][\w:]*")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_GROUPING_WORDS = ("by", "without", "on", "ignoring", "group_left", "group_right")
_KEYWORDS = frozenset(
    (*_GROUPING_WORDS, "offset", "bool", "and", "or", "unless", "atan2", "inf", "nan", "start", "end")
)
_CONDITIONS = re.compile(r"\{([^{}]*)\}")
_TEXT_CONDITION = re.compile(r'([\w.:]+)\s*(=~|=)\s*"([^"\\]+)"')

#: What pairs series of both sides by their labels.
_ARITHMETIC = re.compile(r"(?:[)\]}]|[a-zA-Z_]\w*)\s*([-+*/%])\s*(?=[a-zA-Z_(])")
#: A comparison of a field of the line, behind a `|`.
_FIELD_FILTER = re.compile(r"\|\s*([a-zA-Z_]\w*)\s*(?:=~|!~|!=|==|=|>=|<=|>|<)")
_TEXT_FILTER = re.compile(r"\|=\s*(" + _STRING + ")")

_SHOWN_VALUES = 8
_LINES_LOOKED_AT = 1000


@dataclass(frozen=True)
class _Selector:
    name: str
    #: label, operator, value
    matchers: tuple[tuple[str, str, str], ...]


def why_nothing(client: TelemetryClient, language: Language, query: str, end: float) -> tuple[str, ...]:
    """Sentences; none when nothing in particular is to blame. `end` is the moment the query was asked for."""
    match language:
        case "promql":
            return tuple(_of_metrics(client, query, end))
        case "logql":
            return tuple(_of_streams(client, query, end))
        case "traceql":
            return tuple(_of_spans(client, query, end))


def _of_metrics(client: TelemetryClient, query: str, end: float) -> Iterator[str]:
    reasons = list(_of_names(client, query, end))
    yield from dict.fromkeys(reasons) if reasons else _of_pairs(client, query, end)


def _of_pairs(client: TelemetryClient, query: str, end: float) -> Iterator[str]:
    """What can be to blame when every name and value is right."""
    if re.search(r"\bhistogram_quantile\s*\(", query) and _without_le(query):
        yield "`histogram_quantile` needs the label `le` to tell buckets apart: keep it, as in `sum by (le) (…)`."
    elif operators := _arithmetic(query):
        unpaired = _unpaired(client, query, end) or operators[0][1]
        yield (
            f"`{unpaired}` takes series of both sides together that have the same labels, and here no two of them do. "
            "`sum(…)` on both sides takes the labels away; `sum by (label) (…)` keeps those that both have."
        )


def _arithmetic(query: str) -> list[tuple[int, str, int]]:
    """Where an operator stands, which one, and how many brackets it stands in."""
    plain = re.sub(_STRING, lambda text: "_" * len(text[0]), query)
    return [
        (found.start(1), found[1], sum({"(": 1, ")": -1}.get(letter, 0) for letter in plain[: found.start(1)]))
        for found in _ARITHMETIC.finditer(plain)
    ]


def _unpaired(client: TelemetryClient, query: str, end: float) -> str | None:
    """The operator that has series on both sides and finds no two that go together; None where it is not to be seen."""
    outside = [(place, operator) for place, operator, depth in _arithmetic(query) if depth == 0]
    # What binds least divides the whole, and of several the last.
    place, operator = max(outside, key=lambda one: (one[1] in "+-", one[0]), default=(0, ""))
    if not operator:
        return None
    try:
        for side in (query[:place], query[place + 1 :]):
            if not client.query(side, end):
                return _unpaired(client, side, end)
    except QueryRefused:
        # It was cut at a place that is none, or a word such as `on` belongs to the operator.
        return None
    return operator


def _without_le(query: str) -> bool:
    """Whether buckets are added up over `le` as well."""
    kept = [found[0] for found in _GROUPING.finditer(query) if found[0].startswith("by")]
    return bool(re.search(r"\bsum\b", query)) and not any(re.search(r"\ble\b", one) for one in kept)


def _of_names(client: TelemetryClient, query: str, end: float) -> Iterator[str]:
    for selector in _metric_selectors(query):
        if selector.name and not client.query(f"count(last_over_time({selector.name}[{_WINDOW}]))", end):
            names = (sample.labels["__name__"] for sample in client.query('group by (__name__) ({__name__!=""})', end))
            yield f"There is no metric `{selector.name}`.{_similar(selector.name, names)}"
            continue

        def series_by(label: str, selected: str = selector.name) -> list[Series]:
            by_label = f"count by ({label}) (last_over_time({selected}[{_WINDOW}]))"
            return client.query_range(by_label, end, end, 1)

        of_what = f"`{selector.name}`"
        yield from _missing_values(selector, of_what, series_by if selector.name else None)


def _metric_selectors(query: str) -> list[_Selector]:
    with_braces = [_Selector(found[1] or "", _matchers(found[2])) for found in _SELECTOR.finditer(query)]
    rest = _GROUPING.sub(" ", re.sub(_STRING, " ", _SELECTOR.sub(" ", query)))
    bare = [
        _Selector(found[0], ())
        for found in _WORD.finditer(rest)
        if found[0].lower() not in _KEYWORDS
        and not rest[found.end() :].lstrip().startswith("(")
        # The unit of a duration such as 5m.
        and not rest[: found.start()][-1:].isdigit()
        and not re.match(r"\s*(by|without)\b", rest[found.end() :])
    ]
    return list(dict.fromkeys(with_braces + bare))


def _of_streams(client: TelemetryClient, query: str, end: float) -> Iterator[str]:
    def series_by(label: str) -> list[Series]:
        by_label = f'sum by ({label}) (count_over_time({{{label}=~".+"}}[{_WINDOW}]))'
        try:
            return client.log_series(by_label, end, end, 1)
        except (QueryRefused, OtherResultType):
            return []

    found = _SELECTOR.search(query)
    if found is None:
        return
    reasons = list(_missing_values(_Selector("", _matchers(found[2])), "a log stream", series_by))
    yield from reasons
    if reasons:
        return
    begin = int((end - _WINDOW_SECONDS) * 1e9)
    lines = client.logs(found[0], begin, int(end * 1e9), limit=_LINES_LOOKED_AT)
    if lines:
        yield f"`{found[0].strip()}` does have lines, but not one of them passes what stands after it."
        yield from _of_texts(client, found[0], query[found.end() :], (begin, int(end * 1e9)))
        yield from _of_fields(query[found.end() :], lines)


def _of_texts(client: TelemetryClient, selector: str, steps: str, time: tuple[int, int]) -> Iterator[str]:
    """Which text stands in the lines with other capital letters only."""
    for text in (found[1:-1] for found in _TEXT_FILTER.findall(steps)):
        if "`" in text or "\\" in text:
            continue
        alike = client.logs(f"{selector} |~ `(?i){re.escape(text)}`", *time, limit=_LINES_LOOKED_AT)
        found_at = [(line.line, line.line.casefold().find(text.casefold())) for line in alike]
        written = {line[at : at + len(text)] for line, at in found_at if at >= 0}
        if text and written and text not in written:
            yield f"`{text}` is in none of them, but `{min(written)}` is: capital letters count."


def _of_fields(steps: str, lines: Sequence[LogLine]) -> Iterator[str]:
    """Which field that is compared is in none of the lines, or was not read from them."""
    steps = re.sub(_STRING, lambda text: "_" * len(text[0]), steps)
    present = {re.sub(r"\W", "_", name) for line in lines for name in (*line.fields, *line.labels)}
    labels = {name for line in lines for name in line.labels}
    for name in dict.fromkeys(_FIELD_FILTER.findall(steps)):
        if name in present - labels and not FIELD_READER.search(steps):
            yield f"`{name}` stands in the line, as text. `| json` reads it, and has to come first."
        elif name not in present:
            yield f"None of the last {len(lines)} lines has a field `{name}`.{_similar(name, present, anywhere=True)}"


def _matchers(text: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((label, operator, value[1:-1]) for label, operator, value in _MATCHER.findall(text))


def _missing_values(
    selector: _Selector, of_what: str, series_by: Callable[[str], list[Series]] | None
) -> Iterator[str]:
    """`series_by(label)`: one series for each value that the label has."""
    if series_by is None:
        return
    for label, operator, value in selector.matchers:
        if operator not in ("=", "=~") or value == "":
            continue
        values = sorted({series.labels[label] for series in series_by(label) if series.labels.get(label)})
        if not values and of_what == "a log stream":
            yield (
                f"`{label}` is no label of {of_what}: streams have `service` and `level`. What stands in the line "
                f"becomes a label after `| json`, and can be asked for behind it: `| json | {label}{operator}…`."
            )
        elif not values:
            yield f"{of_what} has no label `{label}`."
        elif not any(_matches(operator, value, one) for one in values):
            yield f"`{label}` of {of_what} is never `{value}`. It is {_listed(values)}."


def _matches(operator: str, wanted: str, value: str) -> bool:
    if operator == "=":
        return wanted == value
    try:
        return re.fullmatch(wanted, value) is not None
    except re.error:
        # RE2 knows forms that Python does not: no reason to blame this one.
        return True


def _of_spans(client: TelemetryClient, query: str, end: float) -> Iterator[str]:
    start = int(end) - _WINDOW_SECONDS

    def some_have(condition: str) -> bool:
        try:
            return bool(client.search_traces(q=f"{{ {condition} }}", start=start, end=int(end), limit=1))
        except QueryRefused:
            # A part of an expression that was cut in the wrong place.
            return True

    of_one_span = [found.strip() for found in _CONDITIONS.findall(query)]
    conditions = [one.strip() for found in of_one_span for one in re.split(r"&&|\|\|", found)]
    missing = [one for one in dict.fromkeys(filter(None, conditions)) if not some_have(one)]
    for condition in missing:
        yield f"No span has `{condition}`.{_as_a_part(condition, some_have)}"
    for several in () if missing else dict.fromkeys(one for one in of_one_span if "&&" in one):
        if not some_have(several):
            yield (
                f"Some spans have one of the conditions in `{{ {several} }}`, some another, and none has all of them: "
                "what stands in one pair of braces is about one and the same span."
            )


def _as_a_part(condition: str, some_have: Callable[[str], bool]) -> str:
    """Said of a text that is compared as a whole, and is a part of what there is."""
    found = _TEXT_CONDITION.fullmatch(condition)
    if found is None:
        return ""
    # Within a text a backslash would need another one: whatever is special in a pattern may be any letter.
    pattern = found[3] if found[2] == "=~" else re.sub(r"[^\w /-]", ".", found[3])
    with_more = f'{found[1]} =~ ".*{pattern}.*"'
    return f" A text is compared as a whole; some have `{with_more}`." if some_have(with_more) else ""


def _similar(name: str, names: Iterable[str], anywhere: bool = False) -> str:
    """`anywhere`: also names that contain it, as `duration_ms` does `duration`."""
    listed = sorted(names)
    close = [one for one in listed if anywhere and name in one][:2]
    close = close or difflib.get_close_matches(name, listed, n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else ""


def _listed(values: list[str]) -> str:
    shown = ", ".join(f"`{value}`" for value in values[:_SHOWN_VALUES])
    return shown if len(values) <= _SHOWN_VALUES else f"{shown} and {len(values) - _SHOWN_VALUES} more"
