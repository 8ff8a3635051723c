"""What is wrong with a query that a server refused: its place, its reason, and what usually helps."""

import re
from collections.abc import Mapping

from lab.exercises.exercise import Language

_LINE_AND_COLUMN = re.compile(r"at line (\d+), col (\d+)")
_PROMETHEUS_PLACE = re.compile(r"(?:invalid parameter \"query\": )?(\d+):(\d+): parse error: ")

#: What a server says -> what to do about it.
_ADVICE = (
    (
        r"expected type range vector in call to function \"(\w+)\"",
        "`{0}` looks at samples over a time, and here it gets one value. Say over which: `[1m]` behind the selector.",
    ),
    (
        r"expected type instant vector in aggregation expression",
        (
            "An aggregation puts several series together at one moment, and this is a whole range of moments. The sum, "
            "mean or most of one series over a time are other functions; one such as `rate` can come first as well."
        ),
    ),
    (
        r"expected type instant vector in call to function",
        "One value a moment is needed here, and this is a whole range of them: a function such as `rate` comes first.",
    ),
    (
        r"invalid expression type \"range vector\"",
        "`[…]` gives many samples for every moment. A function such as `rate` makes one value of them.",
    ),
    (r"ranges only allowed for vector selectors", "`[1m]` stands directly behind a selector, inside of `rate(…)`."),
    (
        r"expected type scalar in call to function \"(\w+)\"",
        "`{0}` wants a number first, then a comma, and then the series.",
    ),
    (r"in grouping opts, expected \"\(\"", "Labels stand in round brackets: `by (label)`."),
    (r"inside braces: '[<>]'", "A label is a text: it is compared with `=`, or with a pattern, `=~`."),
    (r"unexpected character inside braces", 'Values of labels stand in quotes: `{label="value"}`.'),
    (r"unexpected end of input|unclosed left paren", "Something is open at the end: a bracket, a brace or a quote."),
    (r"unterminated quoted string|literal not terminated", "A quote is open: texts stand between two quotes."),
    (
        r"queries require at least one regexp or equality matcher",
        'A log query begins with the streams to read. A pattern that matches each of them is `{service=~".+"}`.',
    ),
    (
        r"unknown identifier: trace\b",
        "What a trace has as a whole is written with a colon: `trace:duration`.",
    ),
    (
        r"unknown identifier: (\w+)",
        'A text stands in quotes: `name = "…"`. An attribute says whose it is: `span.…`, or `resource.…`.',
    ),
    (
        r"operations must operate on the same type: status\b",
        "`status` of a span is `ok`, `error` or `unset`. What HTTP answered is `span.http.response.status_code`.",
    ),
    (
        r"operations must operate on the same type: kind\b",
        "The kinds of a span stand without quotes: `kind = client`, `kind = server`, `kind = consumer`.",
    ),
    (
        r"operations must operate on the same type",
        "Both sides must be of a kind: a number has no quotes, a text has, and a time has a unit, as in `10ms`.",
    ),
)

#: For one language only: the words of its server, or its query -> what to do about it.
_ADVICE_OF: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "logql": (
        (r"unexpected IDENTIFIER, expecting STRING", 'A text stands in quotes: `"…"`.'),
        (r"unexpected STRING$", 'Behind the braces an operator comes before the text: `|= "…"` means "with it".'),
        (r"unexpected IDENTIFIER, expecting } or ,", "Conditions within the braces have commas between them."),
        (
            r"unexpected [}>].*, expecting = or",
            'In braces: labels of streams, `{service="…"}`. Behind them: what is in lines, `| json | name > 10`.',
        ),
        (
            r"unexpected \.",
            "A label has no dots in its name. `json` puts `_` in their place: `http.route` becomes `http_route`.",
        ),
        (r"unexpected (json|logfmt|line_format)", "Each step behind the braces begins with `|`: `| json`."),
    ),
    "traceql": (
        (r"unexpected \.", "An attribute says whose it is: `span.…`, or `resource.…` for what a whole service has."),
        (r"unexpected ,", "Conditions in braces are joined by `&&`: `{ … && … }`."),
        (r"unexpected duration", "A condition on spans stands inside of the braces: `{ … && duration > 10ms }`."),
        (r"unexpected IDENTIFIER", "A time is written with its unit and without a space: `10ms`."),
    ),
    "promql": (
        (
            r"unexpected identifier \"[kKMG]i?B?\"",
            "A number has no unit: bytes are written out, as in `4e8` for 400 MB.",
        ),
        (
            r"unexpected duration",
            "A time such as `15m` stands in `[…]` or behind `offset`. Here it is a number of seconds: `900`.",
        ),
        (r"unexpected (<aggr|<by|identifier|number)", "Is a comma, an operator or a bracket missing before the mark?"),
    ),
}

#: A function over time without its time, or with the time outside of its brackets.
_OVER_TIME = re.compile(r"\b(count_over_time|rate|bytes_rate|bytes_over_time)\s*\(")

#: Characters of a query that fit beside Explore.
_WIDEST = 42

_TOO_MANY_SERIES = (
    "The result has more series than the server gives out. After `json` each line has labels of its own, such as its "
    "`trace_id`, and is a series by itself: aggregate, as in `sum(…)`."
)


def explain(language: Language, query: str, said: str) -> list[str]:
    """Sentences for a person, with the query and a mark below the place where reading it ended."""
    if "maximum number of series" in said:
        return [_TOO_MANY_SERIES]
    name = {"promql": "PromQL", "logql": "LogQL", "traceql": "TraceQL"}[language]
    place = _place(said)
    reason = _PROMETHEUS_PLACE.sub("", _LINE_AND_COLUMN.sub("", said)).strip(" :")
    reason = re.sub(r"^(invalid TraceQL query: )?parse error *:? *", "", reason).strip()
    says = [f"This is no {name} yet: {reason}"]
    if place is not None:
        says.append(_marked(query, *place))
    if (
        other := _counted_elsewhere(language, query)
        or _other_language(language, query)
        or _other_comparison(language, query, said)
        or _without_a_time(language, query)
    ):
        return [*says, other]
    for pattern, advice in (*_ADVICE, *_ADVICE_OF[language]):
        if found := re.search(pattern, reason):
            return [*says, advice.replace("{0}", found[found.lastindex or 0])]
    return says


def _place(said: str) -> tuple[int, int] | None:
    """Line and column, from 1."""
    found = _PROMETHEUS_PLACE.search(said) or _LINE_AND_COLUMN.search(said)
    return (int(found[1]), int(found[2])) if found else None


def _marked(query: str, line: int, column: int) -> str:
    lines = query.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    place = min(column, len(shown) + 1) - 1
    if len(shown) > _WIDEST:
        # What is beside the edge of a narrow column is not seen: the mark has to stand in it.
        begin, end = max(place - _WIDEST // 2, 0), place + _WIDEST // 2
        before, after = "…" if begin else "", "…" if end < len(shown) else ""
        place -= begin - len(before)
        shown = f"{before}{shown[begin:end]}{after}"
    return f"```\n{shown}\n{' ' * place}^\n```"


def _other_language(language: Language, query: str) -> str:
    if language == "promql" and ("|=" in query or "| json" in query):
        return "It looks like LogQL. This task asks the metrics: PromQL."
    if language == "traceql" and query.lstrip()[:1] not in ("{", "("):
        return 'TraceQL begins with a condition on spans in braces: `{ name = "GET" }`.'
    if language == "logql" and "{" not in query:
        return 'A log query begins with the streams to read: `{service="…"}`.'
    return ""


def _counted_elsewhere(language: Language, query: str) -> str:
    if language == "traceql" and re.search(r"^\s*count\s*\(|\}\s*(?:[<>]=?|!?=)\s*\d", query):
        return "How many spans of a trace fit is asked behind the braces: `{ … } | count() > 1`."
    return ""


def _other_comparison(language: Language, query: str, said: str) -> str:
    if language == "logql" and "unexpected STRING" in said and re.search(r"(==|[<>]=?)\s*[\"`]", query):
        return "A text is compared with one `=`, and a number has no quotes."
    return ""


def _without_a_time(language: Language, query: str) -> str:
    found = _OVER_TIME.search(query) if language == "logql" else None
    if found is None or re.search(r"\[[^\]]*\]\s*\)", query):
        return ""
    return f"`{found[1]}` looks back over a time, which stands last within its brackets: `{found[1]}({{…}} … [1m])`."
