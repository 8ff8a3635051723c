"""LogQL texts: the tree they give (as it prints), or the words with which they are refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.logs.query_language.parser import parse, parse_selector, parse_without_validation
from telemetry_store.refusals import BadRequest


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('{ service = `frontend` } |= "a\\"b" or `c` !~ "d" # what it is',
         '{service="frontend"} |= "a\\"b" or "c" !~ "d"'),
        ('{a="b"} != "x" or "y"', '{a="b"} != "x" != "y"'),
        ('{a="b"} | json | a > 5 and b="x" or c=~"y.+z"', '{a="b"} | json | ( ( a>5 , b="x" ) or c=~`y.+z` )'),
        ('{a="b"} | json | a > 5, b="x" or c<=10ms', '{a="b"} | json | ( a>5 , ( b="x" or c<=10ms ) )'),
        ('{a="b"} | logfmt --strict x="y", z | size == 1.5KiB', '{a="b"} | logfmt --strict x="y",z="z" | size==1.5kB'),
        ('rate({a="b"}[1h5m] offset 1d)', 'rate({a="b"}[1h5m] offset 24h0m0s)'),
        ('sum by (a) (rate({a="b"}[5m])) * 2 + 1 ^ 2 ^ 3', '((sum by (a)(rate({a="b"}[5m])) * 2) + 1)'),
        ('1 - 2 - 3', "-4"),
        ('2 ^ 3 ^ 2 > bool 500', "1"),
        ('max(count_over_time({a="b"}[1m])) without (level)', 'max without (level)(count_over_time({a="b"}[1m]))'),
        ("vector(1) / on (a) group_left (b) vector(2)", "(vector(1.000000) / on (a) group_left (b) vector(2.000000))"),
        ('quantile_over_time(0.9, {a="b"} | unwrap duration(x) | x > 1 [1m]) by (c)',
         'quantile_over_time(0.9,{a="b"} | unwrap duration(x) | x>1[1m]) by (c)'),
    ],
)  # fmt: skip
def test_a_query_gives_its_tree(text: str, printed: str) -> None:
    assert str(parse_without_validation(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", " : syntax error: unexpected $end"),
        ('{a="b"', " at line 1, col 7: syntax error: unexpected $end, expecting } or ,"),
        ("{a=b}", " at line 1, col 4: syntax error: unexpected IDENTIFIER, expecting STRING"),
        ('\n  {a="b}', " at line 2, col 6: literal not terminated"),
        ('rate({a="b"})', " at line 1, col 13: syntax error: unexpected )"),
        ('rate({a="b"}[5x])', ' at line 0, col 13: unknown unit "x" in duration "5x"'),
        ('{1a="b"}', " at line 1, col 2: syntax error: unexpected NUMBER, expecting IDENTIFIER or }"),
        ('{a.b="c"}', " at line 1, col 3: syntax error: unexpected ., expecting = or =~ or !~ or !="),
        ("vector(abc)", " at line 1, col 8: syntax error: unexpected IDENTIFIER, expecting NUMBER"),
        ('topk(rate({a="b"}[1m]))', " : parameter required for operation topk"),
        ('avg_over_time({a="b"}[1m])', " : invalid aggregation avg_over_time without unwrap"),
        ('sum_over_time({a="b"} | unwrap x [1m]) by (a)', " : grouping not allowed for sum_over_time aggregation"),
        (
            'rate({a="b"}[1m]) and 1',
            " : unexpected literal for right leg of logical/set binary operation (and): 1.000000",
        ),
    ],
)
def test_a_broken_query_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(text)
    assert str(refused.value) == f"parse error{message}"


@pytest.mark.parametrize("selector", ["{}", '{a=~".*"}', '{a!="b"}', '{a=""}'])
def test_a_query_must_select_something(selector: str) -> None:
    with pytest.raises(BadRequest, match="empty-compatible"):
        parse(selector)
    assert parse_selector(selector) is not None


@given(st.text(max_size=50))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(BadRequest):
        parse(text)
