"""LogQL's pipelines: what a line and its labels become, stage by stage. Compared with Loki 3.7."""

from __future__ import annotations

import pytest

from telemetry_store.logs.query_language.labels import Hints, LineLabels
from telemetry_store.logs.query_language.parser import parse
from telemetry_store.logs.query_language.simple_patterns import simplify
from telemetry_store.logs.query_language.stages import compile_pipeline
from telemetry_store.logs.query_language.syntax import LogQuery
from telemetry_store.refusals import BadRequest

STREAM = {"app": "shop", "level": "info"}
METADATA = {"pod": "p-1"}
TIME = 1_679_577_215_123_456_789


def run(stages: str, line: str) -> tuple[str, dict[str, str]] | None:
    """The line that comes out and the labels that are new or changed (gone: empty); None when it does not come out."""
    query = parse('{app="shop"} ' + stages)
    assert isinstance(query, LogQuery)
    pipeline = compile_pipeline(query.stages)
    pipeline.current.time = TIME
    labels = LineLabels(STREAM, METADATA, Hints(filters=pipeline.early_filters))
    text, stays = pipeline.process(line, labels)
    if not stays:
        return None
    before, after = {**STREAM, **METADATA}, labels.all()
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    return text, changed | {name: "" for name in before if name not in after}


JSON = (
    '{"level":"warn","n":1.50,"big":123456789012345678901,"ok":true,"no":null,'
    '"http":{"path":"/a","1x":2},"tags":["a"],"pod":"q"}'
)
BROKEN = '{"a":"1","b":{"c":2},"d":'


@pytest.mark.parametrize(
    ("stages", "line", "labels"),
    [
        # names that are taken get a suffix; numbers stay as they are written; null and arrays are left out
        ("| json", JSON, {
            "level_extracted": "warn", "n": "1.50", "big": "123456789012345678901", "ok": "true", "http_path": "/a",
            "http_1x": "2", "pod_extracted": "q",
        }),
        ("| json", BROKEN, {
            "a": "1", "b_c": "2", "__error__": "JSONParserErr", "__error_details__": "Malformed JSON error",
        }),
        ("| json", "plain", {
            "__error__": "JSONParserErr",
            "__error_details__": "Value looks like object, but can't find closing '}' symbol",
        }),
        ("| json", '{"a.b":1,"a b":2,"9":3,"x":"\\u00e9\\n"}', {"a_b": "1", "_9": "3", "x": "é\n"}),
        ('| json p="http.path", t="tags[0]", h="http", none="x.y"', JSON, {
            "p": "/a", "t": "a", "h": '{"path":"/a","1x":2}', "none": "",
        }),
        ("| logfmt", 'a=1 b="x \\"y\\"" flag =z c= d="', {"a": "1", "b": 'x "y"'}),
        ("| logfmt --keep-empty", "a=1 flag", {"a": "1", "flag": ""}),
        ("| logfmt --strict", "a=1 b=c=d e=2", {
            "a": "1", "__error__": "LogfmtParserErr",
            "__error_details__": "logfmt syntax error at pos 8 : unexpected '='",
        }),
        ('| logfmt x="a", y', "a=1 b=2", {"x": "1", "y": ""}),
        ('| regexp "(?P<verb>[A-Z]+) (?P<level>.*)"', "GET up", {"verb": "GET", "level_extracted": "up"}),
        ("| pattern `<ip> - <_> <size>`", "1.2.3.4 - x 17", {"ip": "1.2.3.4", "size": "17"}),
        # label_format and selection
        ('| label_format level=`{{.level | ToUpper}}!`, app=pod', "x", {"level": "INFO!", "app": "p-1", "pod": ""}),
        ("| drop level, pod=~`p.*`", "x", {"level": "", "pod": ""}),
        ("| keep pod", "x", {"app": "", "level": ""}),
        ("| json | drop __error__, __error_details__", "plain", {}),
        # filters that cannot read a label let the line pass and say why
        ("| logfmt | a > 5", "a=x", {
            "a": "x", "__error__": "LabelFilterErr",
            "__error_details__": 'strconv.ParseFloat: parsing "x": invalid syntax',
        }),
        ("| logfmt | a > 5s or a <= 2KB", "a=2000", {
            "a": "2000", "__error__": "LabelFilterErr", "__error_details__": 'time: missing unit in duration "2000"',
        }),
    ],
)  # fmt: skip
def test_a_line_gets_labels(stages: str, line: str, labels: dict[str, str]) -> None:
    assert run(stages, line) == (line, labels)


@pytest.mark.parametrize(
    ("stages", "line", "stays"),
    [
        ('|= "a" or "b" != "c"', "xb", True),
        ("|> `<_>a<_>` !> `<_>zz<_>`", "1a2", True),
        ('| json | n > 1 and n < 2 or n = 7', '{"n":1.5}', True),
        ('| json | n > 1, n < 2', '{"n":3}', False),
        ("| logfmt | took >= 1m30s", "took=95s", True),
        ("| logfmt | size == 1KB", "size=1000", True),
        ('| logfmt | ip = ip("10.0.0.0/8")', "ip=10.2.3.4", True),
        ('| logfmt | ip != ip("10.0.0.1-10.0.0.9")', "ip=10.0.0.5", False),
        ('| logfmt | nope = ""', "a=1", True),
        ('| logfmt | nope > 1', "a=1", False),
        # Loki searches for simple patterns instead of matching the whole value
        ('| logfmt | a =~ "err.*"', "a=xerror", True),
        ('| logfmt | a =~ "err[o]r"', "a=xerror", False),
        ('| logfmt | a =~ "one|two"', "a=twofold", False),
        ('| logfmt | a =~ "to|two"', "a=twofold", True),
        ('| __error__ = ""', "x", True),
    ],
)  # fmt: skip
def test_a_line_passes_or_not(stages: str, line: str, stays: bool) -> None:
    if stages.startswith("|=") or stages.startswith("|>"):
        # Leading line filters are the storage's; behind a stage that changes lines they are the pipeline's.
        stages = "| line_format `{{__line__}}` " + stages
    assert (run(stages, line) is not None) == stays


@pytest.mark.parametrize(
    ("stages", "line", "outcome"),
    [
        ("| line_format `{{.level}}-{{.nope}}-{{__line__ | len}}`", "héé", "info--5"),
        ("| line_format `{{.pod}}`", "x", "p-1"),
        ("| decolorize", "\x1b[31mred\x1b[0m", "red"),
        ("| unpack", '{"pod":"z","_entry":"inner"}', "inner"),
        ('| line_format `{{ __timestamp__ | date "2006-01-02T15:04:05.000" }}`', "x", "2023-03-23T13:13:35.123"),
        ("| line_format `{{ __timestamp__ }}`", "x", "2023-03-23 13:13:35.123456789 +0000 UTC"),
        ("| line_format `{{ add 1 `+`\"2\"`+` }}`", "x", None),
        ('| line_format `{{ add 1 "2" 3.7 }} {{ div -7 2 }} {{ mod 7 -3 }} {{ divf 10 4 }}`', "x", "6 -3 1 2.5"),
        ('| line_format `{{ trunc -3 "hello" }} {{ substr 1 3 "hello" }} {{ alignRight 3 "a" }}`', "x", "llo el   a"),
        ('| line_format `{{ regexReplaceAll "(a+)b" "aab" "<$1>" }} {{ count "a" "banana" }}`', "x", "<aa> 3"),
        ('| line_format `{{ range (fromJson __line__) }}{{.}};{{ end }}`', '[1,"b",2.5]', "1;b;2.5;"),
        ('| line_format `{{ bytes "2KB" }} {{ duration "1m30s" }} {{ default "d" .nope }}`', "x", "2000 90 d"),
        ('| line_format `{{ title "o\'neil wOrld" }} {{ b64enc "hi" }} {{ urlencode "a b&" }}`', "x",
         "O'Neil WOrld aGk= a+b%26"),
        ('| line_format `{{ toDateInZone "2006-01-02 15:04" "Europe/Paris" "2023-07-01 12:00" | unixEpoch }}`', "x",
         "1688205600"),
    ],
)  # fmt: skip
def test_a_line_is_rewritten(stages: str, line: str, outcome: str | None) -> None:
    if outcome is None:
        with pytest.raises(BadRequest):
            run(stages, line)
        return
    result = run(stages, line)
    assert result is not None
    assert result[0] == outcome


def test_a_template_that_fails_leaves_the_line_and_says_why() -> None:
    assert run("| line_format `{{ div 1 0 }}`", "x") == (
        "x",
        {
            "__error__": "TemplateFormatErr",
            "__error_details__": 'template: line:1:3: executing "line" at <div 1 0>: error calling div: '
            "runtime error: integer divide by zero",
        },
    )


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ("| line_format `{{.a`",
         "stage '| line_format \"{{.a\"' : invalid line template: template: line:1: unclosed action"),
        ("| label_format a=b, a=c",
         "stage '| label_format a=b,a=c' : multiple label name 'a' not allowed in a single format operation"),
        ("| json a=`x[`",
         ("stage '| json a=\"x[\"' : cannot parse expression [x[]: "
         "syntax error: unexpected $end, expecting STRING or INDEX")),
        ("| pattern `<a><b>`", "invalid pattern parser: found consecutive capture '<a><b>': invalid expression"),
        ("| regexp `a`", "invalid regexp parser: at least one named capture must be supplied"),
        ("|~ `(`", "stage '|~ \"(\"' : error parsing regexp: missing closing ): `(`"),
        ("|~ ip(`10.0.0.1`)", "stage '|~ ip(\"10.0.0.1\")' : ip: invalid operation"),
        ("| a = ip(`x`)", "stage '| a=ip(\"x\")' : ip: invalid pattern: \"x\""),
    ],
)  # fmt: skip
def test_a_stage_that_cannot_be_made_is_refused(stages: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        run(stages, "x")
    assert str(refused.value) == f"parse error : {message}"


@pytest.mark.parametrize(
    "stages",
    [
        '| line_format `{{ repeat 1000000000 "x" }}`',
        "| line_format `{{ range 1000000000 }}x{{ end }}`",
        '| line_format `{{ indent 1000000000 "x" }}`',
        '| line_format `{{ printf "%999999d%999999d" 1 2 }}`',
    ],
)
def test_templates_cannot_run_away(stages: str) -> None:
    result = run(stages, "x")
    assert result is not None
    assert result[0] == "x"
    assert result[1]["__error__"] == "TemplateFormatErr"


@pytest.mark.parametrize(
    ("pattern", "is_simple"),
    [
        ("error", True), ("err.*", True), ("a1|b2", True), (".+", True),
        ("a|b", False), ("[ab]", False), ("a+", False), ("x.+", False),
    ],
)  # fmt: skip
def test_which_expressions_are_searched_as_texts(pattern: str, is_simple: bool) -> None:
    assert (simplify(pattern, is_label=True) is not None) == is_simple
