"""TraceQL texts: what they select, or the words with which they are refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.deadline import Deadline
from telemetry_store.refusals import BadRequest, TimedOut, Unsupported
from telemetry_store.traces.ingest import decode_json
from telemetry_store.traces.query_language.evaluator import search
from telemetry_store.traces.query_language.parser import parse
from telemetry_store.traces.storage import TraceStorage
from telemetry_store.traces.tag_search import parse_tags

SECOND = 10**9


def attribute(key: str, value: str | int | float | bool) -> dict[str, Any]:
    kind = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}[type(value)]
    return {"key": key, "value": {kind: str(value) if kind == "intValue" else value}}


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStorage]:
    storage = TraceStorage(Path(tmp_path_factory.mktemp("traces")))
    spans = [
        {"name": "root", "kind": 2, "attributes": [attribute("user.id", 5), attribute("part", 0.5)]},
        {"name": "child", "kind": 3, "parentSpanId": "0" * 15 + "1", "status": {"code": 2, "message": "no"}},
        {"name": "leaf", "kind": 1, "parentSpanId": "0" * 15 + "2", "attributes": [attribute("flag", True)]},
    ]
    for number, span in enumerate(spans, 1):
        span |= {
            "traceId": "0" * 31 + "a",
            "spanId": f"{number:016x}",
            "startTimeUnixNano": str(SECOND * 100 + number),
            "endTimeUnixNano": str(SECOND * 100 + number + 10_000_000 // number),
        }
    resource = {"attributes": [attribute("service.name", "frontend"), attribute("shared", "resource")]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    storage.append(decode_json(msgspec.json.encode(body)), 1000)
    yield storage
    storage.close()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("{}", ["root", "child", "leaf"]),
        ('{ name = "child" }', ["child"]),
        ('{ name =~ "c.*|leaf" }', ["child", "leaf"]),
        ('{ name !~ "c.*" }', ["root", "leaf"]),
        ("{ status = error }", ["child"]),
        ("{ kind != server && duration > 4ms }", ["child"]),
        ("{ duration >= 10ms || span.flag = true }", ["root", "leaf"]),
        ("{ span.user.id = 5 }", ["root"]),
        ("{ span.user.id > 4.5 }", []),
        ("{ span.part < 1.0 }", ["root"]),
        ('{ .service.name = "frontend" && .user.id = 5 }', ["root"]),
        ('{ resource.shared = "resource" }', ["root", "child", "leaf"]),
        ('{ span.shared = "resource" }', []),
        ("{ span.flag }", ["leaf"]),
        ("{ span.user.id != nil }", ["root"]),
        ('{ span.user.id != 6 && rootName = "root" }', ["root"]),
        ('{ traceDuration > 1ms && statusMessage = "no" }', ["child"]),
        ("{ !(kind = server) }", ["child", "leaf"]),
        ('{ span."user.id" = 5 }', ["root"]),
        ('{ resource.service.name = "backend" }', []),
    ],
)
def test_a_query_selects_its_spans(storage: TraceStorage, query: str, names: list[str]) -> None:
    found = search(storage, parse(query), 0, 200 * SECOND, 10, Deadline())
    assert [span.name for item in found for span in item.spans] == names


def test_a_trace_is_found_in_every_range_it_touches(storage: TraceStorage) -> None:
    query = parse("{}")
    assert search(storage, query, 100 * SECOND + 5_000_000, 200 * SECOND, 10, Deadline())
    assert not search(storage, query, 101 * SECOND, 200 * SECOND, 10, Deadline())
    assert not search(storage, query, 0, 100 * SECOND, 10, Deadline())


def test_a_search_that_takes_too_long_is_cut_off(storage: TraceStorage) -> None:
    deadline = Deadline(0.0)
    time.sleep(0.001)
    with pytest.raises(TimedOut):
        search(storage, parse("{}"), 0, 200 * SECOND, 10, deadline)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{} >> {}", ">>"),
        ("{} | count() > 2", "|"),
        ("{} with (most_recent=true)", "with"),
        ("{ span.a + 1 = 2 }", "the arithmetic operator +"),
        ("({})", "("),
        ("{ nestedSetParent < 0 }", "nestedSetParent"),
    ],
)
def test_what_is_not_supported_is_named(query: str, words: str) -> None:
    with pytest.raises(Unsupported) as refused:
        parse(query)
    assert f": {words} " in str(refused.value)
    assert "not supported here" in str(refused.value)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{", "parse error at line 1, col 2: syntax error: unexpected $end"),
        ("{ foo }", "parse error at line 1, col 3: unknown identifier: foo"),
        ('{ status = "error" }', "binary operations must operate on the same type: status = `error`"),
        ("{ kind > server }", "illegal operation for the given types: kind > server"),
        ('{ name =~ "(" }', "invalid regex: `(`"),
        ("{ 1 }", "span filter field expressions must resolve to a boolean: { 1 }"),
        ('{ name = "x }', "parse error at line 1, col 10: literal not terminated"),
    ],
)
def test_a_broken_query_is_refused_in_tempos_words(query: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(query)
    assert str(refused.value) == f"invalid TraceQL query: {message}"


@given(st.text(max_size=50))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadRequest:
        return


def test_tags_are_read_as_logfmt() -> None:
    assert parse_tags('service.name=frontend name="GET \\"/\\"" error') == {
        "service.name": "frontend",
        "name": 'GET "/"',
        "error": "",
    }
    with pytest.raises(BadRequest, match="logfmt"):
        parse_tags('a="unterminated')
