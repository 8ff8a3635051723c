"""TraceQL texts and their trees, or the words with which they are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.refusals import BadRequest
from telemetry_store.traces.query_language.parser import parse, parse_attribute
from telemetry_store.traces.query_language.syntax import Attribute, format_duration, format_float


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("{}", "{ true }"),
        ("{ .a && .b || .c }", "{ (.a && .b) || .c }"),
        # `&&` and `||` are equally strong, and group to the left.
        ("{ .a || .b && .c }", "{ (.a || .b) && .c }"),
        ("{ .a + .b * .c ^ .d ^ .e > 1 }", "{ (.a + (.b * (.c ^ (.d ^ .e)))) > 1 }"),
        ("{ !.a = .b }", "{ (!.a) = .b }"),
        ("{ -.a * 2 < 1 }", "{ (-(.a * 2)) < 1 }"),
        ("{ .a = nil && nil != .b }", "{ (.a = nil) && (.b != nil) }"),
        ("{ 1 + 1 = 2 }", "{ true }"),
        ('{ span."a b" = "c" }', '{ span."a b" = `c` }'),
        ('{ trace:id = "00ab" }', "{ trace:id = `ab` }"),
        ("{ duration > 1d2h && span:duration < 1.5ms }", "{ (duration > 26h0m0s) && (duration < 1.5ms) }"),
        ("{ status = error && kind != server }", "{ (status = error) && (kind != server) }"),
        ("{ .a = -0.5 || .b = 1e3 }", "{ (.a = -0.5) || (.b = 1000.0) }"),
        ("{} >> {} && {}", "(({ true }) >> ({ true })) && ({ true })"),
        ("{} | by(.a) | count() > 2", "{ true }|by(.a)|(count()) > 2"),
        ("{} | select(.a, name) | avg(duration) > 1s", "{ true }|select(.a, name)|(avg(duration)) > 1s"),
        ("{} | coalesce()", "{ true }|coalesce()"),
        ("({} | count() > 1) && ({})", "({ true }|(count()) > 1) && ({ true })"),
        ("(((((({ .a }))))))", "{ .a }"),
    ],
)  # fmt: skip
def test_a_query_is_read_by_the_strength_of_its_operators(query: str, printed: str) -> None:
    assert str(parse(query).pipeline) == printed


@pytest.mark.parametrize(
    ("query", "message"),
    [
        # Where parsing stops, and what could have stood there when that is little.
        ("{", "parse error at line 1, col 2: syntax error: unexpected $end"),
        ("{} {}", "parse error at line 1, col 4: syntax error: unexpected {, expecting with"),
        ("{} &&", "parse error at line 1, col 6: syntax error: unexpected $end, expecting { or ("),
        ("{} | count", "parse error at line 1, col 11: syntax error: unexpected $end, expecting ("),
        ("&& {}", "parse error at line 0, col 1: syntax error: unexpected &&"),
        ("{ .a =\n}", "parse error at line 2, col 1: syntax error: unexpected }"),
        ("{ link:x = 1 }",
         "parse error at line 1, col 8: syntax error: unexpected IDENTIFIER, expecting traceID or spanID"),
        ("{} | rate() | topk()", "parse error at line 1, col 20: syntax error: unexpected ), expecting INTEGER"),
        ("({} | rate()) + 1", "parse error at line 1, col 7: syntax error: unexpected rate"),
        # Words and literals.
        ("{ foo }", "parse error at line 1, col 3: unknown identifier: foo"),
        ('{ name = "x }', "parse error at line 1, col 10: literal not terminated"),
        ('{ span."a }', "parse error at line 0, col 3: unexpected EOF, expecting \""),
        ("{ .a = 99999999999999999999 }",
         'parse error at line 1, col 8: strconv.Atoi: parsing "99999999999999999999": value out of range'),
        # Types.
        ('{ status = "error" }', "binary operations must operate on the same type: status = `error`"),
        ("{ kind > server }", "illegal operation for the given types: kind > server"),
        ('{ name =~ "(" }', "invalid regex: `(`"),
        ("{ .a =~ .b }", "invalid type for =~ or !~: .b"),
        ("{ 1 }", "span filter field expressions must resolve to a boolean: { 1 }"),
        ("{ !duration }", "illegal operation for the given type: !duration"),
        ("{ name = nil }", "name=nil is not valid because intrinsics cannot be nil"),
        ("{ parent.a = 1 }", "parent not yet supported"),
        ("{} | avg(name) > 1", "aggregate field expressions must resolve to a number type: avg(name)"),
        ("{} | by(1)", "grouping field expressions must reference the span: by(1)"),
        ("{} | count() > 1 + 8", "scalar filter rhs of type (%v) not yet supported"),
        ("{} | quantile_over_time(duration, 2)", "quantile must be between 0 and 1: 2"),
        ("{} | rate() by (.a,.b,.c,.d,.e,.f)", "metrics group by 6 values not yet supported"),
        ("{} | compare({}, 0)", "compare() top number of values must be integer greater than 0"),
        ("{} | compare({}) | topk(3)", "`compare()` cannot be used with second stage functions"),
        ("{} | rate() | topk(0)", "limit must be greater than 0"),
    ],
)  # fmt: skip
def test_a_broken_query_is_refused_in_tempos_words(query: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(query)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        (".a", Attribute("", "a")),
        ("resource.service.name", Attribute("resource", "service.name")),
        ('event."a \\"b"', Attribute("event", 'a "b')),
        ("name", Attribute("intrinsic", "span:name")),
        ("span:name", Attribute("intrinsic", "span:name")),
        ("parent.span.a", Attribute("span", "a", parent=True)),
    ],
)
def test_an_attribute_can_stand_alone(text: str, attribute: Attribute) -> None:
    assert parse_attribute(text) == attribute


def test_what_is_no_attribute_is_refused() -> None:
    with pytest.raises(BadRequest, match="expected Attribute but got"):
        parse_attribute(".a = 1")


@pytest.mark.parametrize(
    "query",
    [
        "{" + "(" * 50_000 + "}",
        "{" + "!" * 20_000 + ".a}",
        "{ .a = 1 " + "|| .a = 1 " * 20_000 + "}",
        "({} | " * 3_000 + "{}" + ")" * 3_000,
        "{ .a = 1" + "".join(f" || .b{number} = 1" for number in range(3_000)) + "}",
        "{}" + " >> {}" * 2_000,
    ],
    ids=("open", "negated", "long", "pipelines", "alternatives", "structure"),
)
def test_a_hostile_query_is_refused_or_read_without_overflow(query: str) -> None:
    with pytest.raises(BadRequest):
        parse(query)


def test_a_long_chain_of_alternatives_is_read() -> None:
    assert len(str(parse("{ .a = 1 " + "|| .a = 1 " * 5_000 + "}").pipeline)) > 5_000


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadRequest:
        return


@given(
    st.lists(
        st.sampled_from(
            [
                "{",
                "}",
                "(",
                ")",
                ".a",
                "span.b",
                "name",
                "duration",
                "1",
                "2.5",
                "3ms",
                '"x"',
                "error",
                "nil",
                "true",
                "=",
                "!=",
                ">",
                "=~",
                "&&",
                "||",
                "!",
                "-",
                "+",
                "*",
                "|",
                ">>",
                "~",
                "&>",
                "!<",
                "by(",
                "count()",
                "avg(",
                "select(",
                "coalesce()",
                "rate()",
                "quantile_over_time(",
                "compare(",
                ",",
                "topk(",
                "with",
                "x",
            ]
        ),
        max_size=14,
    )
)
def test_any_order_of_words_is_parsed_or_refused(words: list[str]) -> None:
    try:
        parse(" ".join(words))
    except BadRequest:
        return


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (1, "1ns"), (1500, "1.5µs"), (100_000_000, "100ms"), (61 * 10**9, "1m1s"), (3600 * 10**9, "1h0m0s")],
)
def test_durations_are_printed_as_go_prints_them(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1.0, "1"), (0.1, "0.1"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-5, "1e-05")]
)
def test_numbers_are_printed_as_go_prints_them(number: float, text: str) -> None:
    assert format_float(number) == text
