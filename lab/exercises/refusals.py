"""What is wrong with a query that a server refused: its place, its reason, and what usually helps."""

import re

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
        r"expected type instant vector in (?:call to function|aggregation expression)",
        "One value a moment is needed here, and this is a whole range of them: a function such as `rate` comes first.",
    ),
    (
        r"invalid expression type \"range vector\"",
        "`[…]` gives many samples for every moment. A function such as `rate` makes one value of them.",
    ),
    (r"ranges only allowed for vector selectors", "`[1m]` stands directly behind a selector, inside of `rate(…)`."),
    (r"unexpected end of input|unclosed left paren", "Something is open at the end: a bracket, a brace or a quote."),
    (r"unterminated quoted string|literal not terminated", "A quote is open: texts stand between two quotes."),
    (
        r"queries require at least one regexp or equality matcher",
        'A log query begins with the streams to read: `{service="backend"}`.',
    ),
)

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
    for pattern, advice in _ADVICE:
        found = re.search(pattern, said)
        if found:
            says.append(advice.replace("{0}", found[found.lastindex or 0]))
            break
    else:
        says += _other_language(language, query)
    return says


def _place(said: str) -> tuple[int, int] | None:
    """Line and column, from 1."""
    found = _PROMETHEUS_PLACE.search(said) or _LINE_AND_COLUMN.search(said)
    return (int(found[1]), int(found[2])) if found else None


def _marked(query: str, line: int, column: int) -> str:
    lines = query.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    return f"```\n{shown}\n{' ' * (min(column, len(shown) + 1) - 1)}^\n```"


def _other_language(language: Language, query: str) -> list[str]:
    if language == "promql" and ("|=" in query or "| json" in query):
        return ["It looks like LogQL. This task asks the metrics: PromQL."]
    if language == "traceql" and query.lstrip()[:1] not in ("{", "("):
        return ['TraceQL begins with a condition on spans in braces: `{ name = "GET" }`.']
    if language == "logql" and "{" not in query:
        return ['A log query begins with the streams to read: `{service="backend"}`.']
    return []
