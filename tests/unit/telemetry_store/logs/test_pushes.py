"""What Loki takes of a push, and what it says of the rest (its own answers to these bodies)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.logs import ingest, otlp
from telemetry_store.logs.label_text import parse_labels
from telemetry_store.refusals import BadRequest, Refusal

TIME = "1795172401000000000"
_STREAMS = "loghttp.PushRequest.Streams: []loghttp.LogProtoStream: "

REFUSED = {
    "": "EOF",
    "{": 'loghttp.PushRequest.readFieldHash: expect ", but found \x00, error found in #1 byte of ...|{|..., '
    "bigger context ...|{|...",
    "[]": "readObjectStart: expect { or n, but found [, error found in #1 byte of ...|[]|..., "
    "bigger context ...|[]|...",
    '{"st': 'loghttp.PushRequest.readFieldHash: incomplete field name, error found in #2 byte of ...|{"st|..., '
    'bigger context ...|{"st|...',
    '{"streams":{}}': _STREAMS + "decode slice: expect [ or n, but found {, error found in #10 byte of "
    '...|streams":{}}|..., bigger context ...|{"streams":{}}|...',
    '{"streams":[{"stream":{"a":"b"}x]}': _STREAMS + "ReadObjectCB: object not ended with }, error found in #10 byte "
    'of ...|{"a":"b"}x]}|..., bigger context ...|{"streams":[{"stream":{"a":"b"}x]}|...',
    '{"streams":[{"stream":[]}]}': _STREAMS + "unmarshalerDecoder: Value looks like object, but can't find closing "
    "'}' symbol, error found in #10 byte of ...|tream\":[]}]}|..., bigger context "
    '...|{"streams":[{"stream":[]}]}|...',
    '{"streams":[{"values":[["x","y"]]}]}': _STREAMS + "unmarshalerDecoder: Value looks like Number/Boolean/None, but "
    "can't find its end: ',' or '}' symbol, error found in #10 byte of ...|\"x\",\"y\"]]}]}|..., bigger context "
    '...|{"streams":[{"values":[["x","y"]]}]}|...',
}


@pytest.mark.parametrize(("body", "message"), REFUSED.items())
def test_a_body_that_cannot_be_read_is_refused_in_lokis_words(body: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        ingest.read_json(body.encode())
    assert str(error.value) == message


LABELS = {
    '{a="b", c-d="e"}': "1:10: parse error: unexpected character inside braces: '-'",
    '{5="x"}': "1:2: parse error: unexpected character inside braces: '5'",
    '{="x"}': '1:2: parse error: unexpected "=" in label set, expected identifier or "}"',
    '{a b="c"}': '1:4: parse error: unexpected identifier "b" in label set, expected "="',
    '{a,="x"}': '1:3: parse error: unexpected "," in label set, expected "="',
    '{a}="x"}': '1:3: parse error: unexpected "}" in label set, expected "="',
    '{a #="x"}': "1:10: parse error: unexpected end of input inside braces",
}


@pytest.mark.parametrize(("text", "message"), LABELS.items())
def test_labels_that_cannot_be_read_are_refused_in_lokis_words(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        parse_labels(text)
    assert str(error.value) == f"couldn't parse labels: {message}"


def test_labels_are_read_with_escapes_and_without_empty_values() -> None:
    assert parse_labels('{ a = "b\\n\\"c\\"" , by=`raw\\n`, empty="", }') == {"a": 'b\n"c"', "by": "raw\\n"}


def test_what_is_odd_but_readable_is_taken() -> None:
    body = {
        "STREAMS": [
            {"stream": {"a": 5, "b": True, "c": None}, "values": [[TIME], [TIME, "x", {}, "more"], None], "other": {}}
        ]
    }
    (stream,) = ingest.read_json(json.dumps(body).encode() + b" rubbish")
    assert stream.labels == {"a": "5", "b": "true", "c": "null", "service_name": "unknown_service"}
    assert stream.entries == [(int(TIME), b"", []), (int(TIME), b"x", [])]


@given(st.binary(max_size=60))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for read in (ingest.read_json, ingest.read_protobuf, lambda b: otlp.read_logs(b, "application/json")):
        try:
            read(body)
        except Refusal:
            continue


@given(st.text(alphabet='{}[]",:\\ntu5e- x', max_size=60))
def test_any_text_that_looks_like_json_is_read_or_refused(text: str) -> None:
    for body in (text, '{"streams":[{"stream":{"a":"b"},"values":[' + text, '{"streams":[{"stream":{' + text):
        try:
            ingest.read_json(body.encode())
        except Refusal:
            continue


def test_deep_nesting_is_read_without_recursion() -> None:
    body = b'{"streams":[{"x":' + b"[" * 9_000 + b"]" * 9_000 + b"}]}"
    assert [stream.entries for stream in ingest.read_json(body)] == [[]]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("http.method", "http_method"),
        ("a..b", "a_b"),
        ("1x", "key_1x"),
        ("_z", "_z"),
        ("a__b", "a_b"),
        ("__k__", "__k__"),
    ],
)
def test_names_of_metadata_become_names_of_labels(name: str, plain: str) -> None:
    assert ingest.normalize_name(name) == plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (7, "7"),
        (0.5, "0.5"),
        (3.0, "3"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (b"\x01", "AQ=="),
        (["a", 1, 2.0, None], '["a",1,2,null]'),
        ({"b": "<x>", "a": [True]}, '{"a":[true],"b":"\\u003cx\\u003e"}'),
        (None, ""),
    ],
)
def test_attribute_values_are_written_as_the_collector_does(value: object, text: str) -> None:
    assert otlp.as_text(value) == text
