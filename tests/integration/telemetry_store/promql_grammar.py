"""Random PromQL over the data of `prometheus_comparison`: well-typed expressions of every kind, nested a few deep.

Left out is what Prometheus itself leaves to chance where series come in a map's order: which of equals topk chooses,
and deviations that are hardly more than rounding. Left out, too, are dates of NaN, which are of no calendar.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

_SELECTORS = (
    "up",
    "http_requests_total",
    'http_requests_total{service="frontend"}',
    'http_requests_total{code=~"2..",method!="POST"}',
    "request_seconds_bucket",
    "request_seconds_count",
    "queue_length",
    "pod_restarts",
    'pod_restarts{pod=~"pod-[0-3]"}',
    "request_limit",
    "service_info",
    "flat",
    "always_nan",
    'temperature_celsius{room!="attic"}',
    "nothing",
)
_LABELS = ("service", "instance", "method", "code", "queue", "pod", "room", "le", "nosuch")
_DURATIONS = ("15s", "1m", "90s", "5m", "10m", "17m3s")
_OVER_RANGES = (
    *("rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv", "avg_over_time", "min_over_time"),
    *("max_over_time", "sum_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time", "last_over_time"),
    *("present_over_time", "absent_over_time"),
)
_OF_VALUES = (
    *("abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "round", "sin", "cos", "atan", "tanh"),
    *("deg", "rad", "absent", "timestamp", "sort", "sort_desc"),
)
_ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
_COMPARISON = ("==", "!=", ">", "<", ">=", "<=")
_SETS = ("and", "or", "unless")


def expressions(depth: int = 3) -> SearchStrategy[str]:
    """An expression that is a vector or a number."""
    return st.one_of(_vector(depth), _vector(depth), _vector(depth), _number(depth))


@st.composite
def _modifiers(draw: DrawFn) -> str:
    anchor = draw(st.sampled_from(("", "", "", "", " @ start()", " @ end()", " @ 1700005000.5")))
    offset = draw(st.sampled_from(("", "", "", " offset 1m", " offset -3m", " offset 10m")))
    return anchor + offset if draw(st.booleans()) else offset + anchor


@st.composite
def _range(draw: DrawFn, depth: int) -> str:
    length = draw(st.sampled_from(_DURATIONS))
    modifiers = draw(_modifiers())
    if depth > 0 and draw(st.integers(0, 2)) == 0:
        step = draw(st.sampled_from(("", "15s", "1m", "47s")))
        offset = draw(st.sampled_from(("", "", " offset 1m")))
        return f"({draw(_vector(depth - 1))})[{length}:{step}]{offset}"
    return f"{draw(st.sampled_from(_SELECTORS))}[{length}]{modifiers}"


@st.composite
def _number(draw: DrawFn, depth: int) -> str:
    kind = draw(st.integers(0, 5 if depth > 0 else 2))
    if kind <= 1:
        return draw(st.sampled_from(("0", "1", "2", "0.5", "-3", "100", "1e3", "Inf", "NaN", "0x10")))
    if kind == 2:
        return draw(st.sampled_from(("time()", "pi()")))
    if kind == 3:
        return f"scalar({draw(_vector(depth - 1))})"
    left, right = draw(_number(depth - 1)), draw(_number(depth - 1))
    if kind == 4:
        return f"({left} {draw(st.sampled_from(_ARITHMETIC))} {right})"
    return f"({left} {draw(st.sampled_from(_COMPARISON))} bool {right})"


@st.composite
def _grouping(draw: DrawFn) -> str:
    word = draw(st.sampled_from(("", " by ", " without ")))
    if not word:
        return " "
    names = draw(st.lists(st.sampled_from(_LABELS), max_size=3, unique=True))
    return f"{word}({', '.join(names)}) "


@st.composite
def _matching(draw: DrawFn, grouped: bool) -> str:
    kind = draw(st.sampled_from(("", " on ", " ignoring ")))
    if not kind:
        return ""
    names = draw(st.lists(st.sampled_from(_LABELS), max_size=3, unique=True))
    text = f"{kind}({', '.join(names)})"
    if grouped and draw(st.booleans()):
        taken = draw(st.sampled_from(("", " (team)", " ()")))
        text += draw(st.sampled_from((" group_left", " group_right"))) + (taken or " ()")
    return text


@st.composite
def _vector(draw: DrawFn, depth: int) -> str:
    if depth <= 0:
        return draw(st.sampled_from(_SELECTORS)) + draw(_modifiers())
    kind = draw(st.integers(0, 12))
    if kind <= 1:
        return draw(st.sampled_from(_SELECTORS)) + draw(_modifiers())
    if kind <= 3:
        return f"{draw(st.sampled_from(_OVER_RANGES))}({draw(_range(depth - 1))})"
    if kind == 4:
        return draw(
            st.sampled_from(
                (
                    "quantile_over_time({n}, {r})",
                    "predict_linear({r}, {n})",
                    "holt_winters({r}, 0.3, 0.7)",
                )
            )
        ).format(n=draw(_number(depth - 1)), r=draw(_range(depth - 1)))
    inner = draw(_vector(depth - 1))
    if kind == 5:
        return f"{draw(st.sampled_from(_OF_VALUES))}({inner})"
    if kind == 6:
        return draw(
            st.sampled_from(
                (
                    "clamp_min({v}, {n})",
                    "clamp_max({v}, {n})",
                    "clamp({v}, 0, {n})",
                    "round({v}, {n})",
                    "histogram_quantile({n}, {v})",
                    'label_replace({v}, "service", "$1", "instance", "(.).*")',
                    'label_join({v}, "all", "-", "service", "queue")',
                    "vector({n})",
                    "-{v}",
                    "({v})",
                )
            )
        ).format(v=inner, n=draw(_number(depth - 1)))
    if kind in (7, 8):
        operation = draw(st.sampled_from(("sum", "avg", "min", "max", "count", "group")))
        return f"{operation}{draw(_grouping())}({inner})"
    if kind == 9:
        if draw(st.booleans()):
            return f"quantile{draw(_grouping())}({draw(_number(0))}, {inner})"
        operation, count = draw(st.sampled_from(("topk", "bottomk"))), draw(st.sampled_from(("0", "1", "2", "5")))
        return f"{operation}{draw(_grouping())}({count}, {draw(st.sampled_from(_SELECTORS))})"
    if kind == 10:
        operator = draw(st.sampled_from(_ARITHMETIC + _COMPARISON))
        number = draw(_number(depth - 1))
        modifier = " bool" if operator in _COMPARISON and draw(st.booleans()) else ""
        pair = (inner, number) if draw(st.booleans()) else (number, inner)
        return f"({pair[0]} {operator}{modifier} {pair[1]})"
    other = draw(_vector(depth - 1)) if draw(st.booleans()) else inner
    if kind == 11:
        return f"({inner} {draw(st.sampled_from(_SETS))}{draw(_matching(False))} {other})"
    operator = draw(st.sampled_from(_ARITHMETIC + _COMPARISON))
    modifier = " bool" if operator in _COMPARISON and draw(st.booleans()) else ""
    return f"({inner} {operator}{modifier}{draw(_matching(True))} {other})"
