"""Go's text/template: what templates give, and in which words they are refused. Compared with Go 1.26."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.go_template import Int64, StringMap, TemplateError, compile_template


def up(text: str) -> str:
    return text.upper()


def fail(text: str) -> str:
    raise ValueError("boom")


def add(*numbers: float) -> float:
    return sum(numbers)


def wide(number: int) -> Int64:
    return Int64(number)


FUNCTIONS = {"up": up, "fail": fail, "add": add, "wide": wide}
DATA = StringMap(a="x", b="5", u='héllo "q" <&>')


def render(text: str, data: object = DATA) -> str:
    return compile_template(text, FUNCTIONS, name="line").render(data)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        # actions, trimming, comments
        ("{{.a}}-{{ .b }}-{{.missing}}", "x-5-"),
        ("x {{- .a -}} y{{/* c */}} {{- /* d */ -}} z", "xxyz"),
        ("{{.}}", 'map[a:x b:5 u:héllo "q" <&>]'),
        # conditions and loops
        ("{{if .missing}}x{{else if .a}}y{{else}}z{{end}}", "y"),
        ("{{with .missing}}x{{else with .a}}{{.}}{{end}}", "x"),
        ('{{if and .a (eq .b "5")}}ok{{end}}', "ok"),
        ("{{range $k, $v := .}}{{$k}}={{$v}};{{end}}", 'a=x;b=5;u=héllo "q" <&>;'),
        ('{{range $k, $v := .}}{{if eq $k "b"}}{{continue}}{{end}}{{$k}}{{end}}', "au"),
        ('{{range $k, $v := .}}{{if eq $k "b"}}{{break}}{{end}}{{$k}}{{end}}', "a"),
        ("{{range 3}}{{.}}{{else}}none{{end}}{{range 0}}x{{else}}none{{end}}", "012none"),
        # variables
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$.a}}{{with .b}}{{.}}{{$.a}}{{end}}", "x5x"),
        # templates within templates
        ('{{define "d"}}D{{.}}{{end}}{{template "d" .a}}{{template "d"}}', "DxD<no value>"),
        # pipelines and functions
        ("{{.a | up | up}}{{up (up .a)}}", "XX"),
        ('{{.a | printf "%s-%s" "q"}}', "q-x"),
        ("{{or 0 .a (fail .a)}}{{and 1 0 (fail .a)}}{{not .missing}}", "x0true"),
        ("{{len .u}} {{slice .u 0 3}} {{index .u 1}} {{index . `b`}}", "14 hé 195 5"),
        ("{{html .u}}|{{js .u}}|{{urlquery .u}}",
         "héllo &#34;q&#34; &lt;&amp;&gt;|héllo \\\"q\\\" \\u003C\\u0026\\u003E|h%C3%A9llo+%22q%22+%3C%26%3E"),
        ('{{print 1 2 "a" 3 true}}|{{println 1 "a"}}', "1 2a3 true|1 a\n"),
        # comparisons know types
        ("{{eq 1 2 1}}{{eq (wide 1) 1}}{{lt 1.5 2.5}}{{ge `b` `a`}}{{ne .a .b}}", "truetruetruetruetrue"),
        # numbers
        ("{{1.5}} {{1e3}} {{1e6}} {{0x1F}} {{0b11}} {{017}} {{1_000}} {{'a'}}", "1.5 1000 1e+06 31 3 15 1000 97"),
        ("{{add 1 2.5}} {{add 1e20 1}} {{add 1e-7}}", "3.5 1e+20 1e-07"),
        # printf
        ('{{printf "%05d|%-4d|%4s|%q|%.2f|%x|%t|%T" 42 7 .a .u 3.14159 .a true 1.5}}',
         '00042|7   |   x|"héllo \\"q\\" <&>"|3.14|78|true|float64'),
        ('{{printf "%d %s %d" .a 5}}', "%!d(string=x) %!s(int=5) %!d(MISSING)"),
        ('{{printf "%d" 1 2 "x"}}', "1%!(EXTRA int=2, string=x)"),
        ('{{printf "%[2]d %[1]d %" 1 2}}|{{printf "%*d" 5 1}}', "2 1 %!(NOVERB)|    1"),
        ('{{printf "%v %s %v" nil nil 1e21}}', "<nil> %!s(<nil>) 1e+21"),
    ],
)  # fmt: skip
def test_a_template_gives(text: str, outcome: str) -> None:
    assert render(text) == outcome


def test_maps_of_anything_have_no_value_where_maps_of_texts_are_empty() -> None:
    data = {"list": [1, 2.5, "x"], "map": {"k": None}}
    text = "{{range $i, $v := .list}}{{$i}}={{$v}};{{end}} {{.map}} {{.list}} {{.nothing}} {{.nothing.more}}"
    assert render(text, data) == "0=1;1=2.5;2=x; map[k:<nil>] [1 2.5 x] <no value> <no value>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{.a", "template: line:1: unclosed action"),
        ("\n{{.a\n", "template: line:3: unclosed action started at line:2"),
        ("{{/* x }}", "template: line:1: unclosed comment"),
        ("{{nofunc .a}}", 'template: line:1: function "nofunc" not defined'),
        ("{{$x}}", 'template: line:1: undefined variable "$x"'),
        ("{{if}}{{end}}", "template: line:1: missing value for if"),
        ("{{if .a}}", "template: line:1: unexpected EOF"),
        ("{{end}}", "template: line:1: unexpected {{end}}"),
        ("{{break}}", "template: line:1: {{break}} outside {{range}}"),
        ("{{.a | 5}}", "template: line:1: non executable command in pipeline stage 2"),
        ("{{.a@}}", "template: line:1: bad character U+0040 '@'"),
        ("{{(.a}}", "template: line:1: unclosed left paren"),
        ('{{"a}}', "template: line:1: unterminated quoted string"),
        ('{{"a".b}}', 'template: line:1: unexpected . after term "\\"a\\""'),
        ("{{1a}}", 'template: line:1: bad number syntax: "1a"'),
        ("{{.a}} {{.b}} {{else}}", "template: line:1: unexpected {{else}}"),
        ("{{.a.b}}", 'template: line:1:4: executing "line" at <.a.b>: can\'t evaluate field b in type string'),
        ("é{{fail .a}}", 'template: line:1:4: executing "line" at <fail .a>: error calling fail: boom'),
        ("{{up}}", 'template: line:1:2: executing "line" at <up>: wrong number of args for up: want 1 got 0'),
        ("{{up 5}}", 'template: line:1:5: executing "line" at <5>: expected string; found 5'),
        ("{{5 | up}}", 'template: line:1:6: executing "line" at <up>: wrong type for value; expected string; got int'),
        (
            "{{eq 1 1.0}}",
            (
                'template: line:1:2: executing "line" at <eq 1 1.0>: error calling eq: '
                "incompatible types for comparison: int and float64"
            ),
        ),
        ("{{range .a}}x{{end}}", 'template: line:1:8: executing "line" at <.a>: range can\'t iterate over x'),
        (
            "{{index .a 5}}",
            'template: line:1:2: executing "line" at <index .a 5>: error calling index: index out of range: 5',
        ),
    ],
)
def test_a_template_is_refused_in_the_words_of_go(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        render(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "{{range 1000000000}}x{{end}}",
        "{{range 100000}}{{range 100000}}{{end}}{{end}}",
        "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
        "{{if .a}}" * 2000 + "{{end}}" * 2000,
        '{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}',
        '{{printf "%999999d%999999d%999999d" 1 2 3}}',
    ],
)
def test_templates_that_would_run_away_are_stopped(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text)


@given(st.text(alphabet='{}ab.$|=:"`()- \n1%é', max_size=40))
def test_any_text_gives_a_text_or_a_template_error(text: str) -> None:
    with contextlib.suppress(TemplateError):
        assert isinstance(render("{{" + text), str)
