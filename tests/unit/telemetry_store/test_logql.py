"""LogQL texts: the tree they give, or the words with which they are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.logs.levels import level_of_labels, level_of_line
from telemetry_store.logs.query_language.parser import (
    LineFilter,
    LogQuery,
    RangeAggregation,
    VectorAggregation,
    parse,
    parse_selector,
)
from telemetry_store.matchers import Matcher
from telemetry_store.refusals import BadRequest, Unsupported
from telemetry_store.vectors import Grouping

SECOND = 10**9
FRONTEND = (Matcher("service", "=", "frontend"),)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('{service="frontend"}', LogQuery(FRONTEND)),
        (
            '{ service = `frontend` , } |= "a\\"b" or `c` !~ "d" # what it is',
            LogQuery(FRONTEND, (LineFilter("|=", ('a"b', "c")), LineFilter("!~", ("d",)))),
        ),
        ('rate({service="frontend"}[1h5m])', RangeAggregation("rate", LogQuery(FRONTEND), 3900 * SECOND)),
        (
            'count_over_time({service="frontend"}[30s] |= "x" offset 1m)',
            RangeAggregation(
                "count_over_time", LogQuery(FRONTEND, (LineFilter("|=", ("x",)),)), 30 * SECOND, 60 * SECOND
            ),
        ),
        (
            'sum by (level, service) (rate({service="frontend"}[1m]))',
            VectorAggregation(
                "sum", Grouping(("level", "service")), RangeAggregation("rate", LogQuery(FRONTEND), 60 * SECOND)
            ),
        ),
        (
            'max(count_over_time({service="frontend"}[1m])) without (level)',
            VectorAggregation(
                "max",
                Grouping(("level",), without=True),
                RangeAggregation("count_over_time", LogQuery(FRONTEND), 60 * SECOND),
            ),
        ),
    ],
)
def test_a_query_gives_its_tree(text: str, tree: object) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{a="b"} | json', "the pipeline stage | json"),
        ('{a="b"} | line_format "x"', "the pipeline stage | line_format"),
        ('{a="b"} | level="error"', "a label filter after |"),
        ('{a="b"} |> "<_>"', "the pattern filter |>"),
        ('{a="b"} |= ip("10.0.0.0/8")', "the ip() line filter"),
        ('topk(1, rate({a="b"}[1m]))', "the function topk"),
        ('sum_over_time({a="b"} [1m])', "the function sum_over_time"),
        ('rate({a="b"}[1m]) / 2', "the binary operator /"),
        ('rate({a="b"}[1m]) and rate({a="c"}[1m])', "the binary operator and"),
    ],
)
def test_what_is_not_supported_is_named(text: str, words: str) -> None:
    with pytest.raises(Unsupported) as refused:
        parse(text)
    assert f"{words} is not supported here" in str(refused.value)
    assert str(refused.value).startswith("parse error at line 1, col ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "parse error : syntax error: unexpected $end"),
        ('{a="b"', "parse error at line 1, col 7: syntax error: unexpected $end"),
        ("{a=b}", "parse error at line 1, col 4: syntax error: unexpected IDENTIFIER"),
        ('\n  {a="b}', "parse error at line 2, col 6: literal not terminated"),
        ('rate({a="b"})', "parse error at line 1, col 13: syntax error: unexpected )"),
        ('rate({a="b"}[5x])', 'parse error at line 0, col 13: not a valid duration string: "5x"'),
        ('{a="\\z"}', "parse error at line 1, col 4: invalid syntax"),
    ],
)
def test_a_broken_query_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize("selector", ["{}", '{a=~".*"}', '{a!="b"}', '{a=""}'])
def test_a_query_must_select_something(selector: str) -> None:
    with pytest.raises(BadRequest, match="empty-compatible"):
        parse(selector)
    assert parse_selector(selector) is not None


@given(st.text(max_size=50))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadRequest:
        return


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level":"WARNING","msg":"error in it"}', "warn"),
        ('{"msg":"an error"}', "error"),
        ("level=err msg=info", "error"),
        ("2026 [DEBUG] info", "debug"),
        ("nothing to see", "unknown"),
        ("{broken", "unknown"),
    ],
)
def test_a_line_states_its_level(line: str, level: str) -> None:
    assert level_of_line(line) == level


def test_a_label_states_the_level_before_the_line_does() -> None:
    assert level_of_labels({"service": "a", "level": "INFO"}) == "info"
    assert level_of_labels({"severity": "odd"}) == "odd"
    assert level_of_labels({"service": "error"}) is None
