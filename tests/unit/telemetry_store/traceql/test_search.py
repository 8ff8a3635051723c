"""What TraceQL searches find in a small block of spans."""

from __future__ import annotations

import time

import numpy as np
import pytest

from telemetry_store.deadline import Deadline
from telemetry_store.refusals import BadRequest, TimedOut
from telemetry_store.traces.columns import SpanBlock
from telemetry_store.traces.query_language.parser import parse
from telemetry_store.traces.query_language.search import FoundTrace, filter_rows, search
from telemetry_store.traces.query_language.structure import tree_of
from telemetry_store.traces.tag_search import parse_tags, search_by_tags

SECOND = 10**9
EVERYTHING = ["GET /buy", "call", "pay", "check", "book", "GET /list", "render", "orphan"]


def names(block: SpanBlock, query: str) -> list[str]:
    """Names of the spans that a query finds."""
    column = block.intrinsic("span:name")
    rows = np.flatnonzero(filter_rows(parse(query), block, Deadline()))
    return [str(column.values[code]) for code in column.codes[rows]]


def found(block: SpanBlock, query: str, limit: int = 10, spans: int = 10) -> list[FoundTrace]:
    return search(parse(query), [block], 0, 100 * SECOND, limit, spans, Deadline())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{}", EVERYTHING),
        ("{ false }", []),
        # Intrinsics.
        ('{ name = "pay" }', ["pay"]),
        ('{ name =~ "GET.*|pay" }', ["GET /buy", "pay", "GET /list"]),
        ('{ name !~ ".*e.*" && name != "book" && name > "a" }', ["call", "pay", "orphan"]),
        ("{ status = error && kind = server }", ["GET /buy", "pay"]),
        ("{ status = ok || kind = client }", ["call", "render"]),
        ('{ statusMessage = "no money" }', ["pay"]),
        ("{ duration >= 60ms && duration < 100ms }", ["call", "pay"]),
        ("{ duration = 1000000 }", ["orphan"]),
        ("{ traceDuration < 10ms }", ["orphan"]),
        ('{ rootName = "GET /list" && rootServiceName = "shop" }', ["GET /list", "render"]),
        ('{ rootName = "" }', ["orphan"]),
        ('{ span:id = "0000000000000003" }', ["pay"]),
        ('{ span:parentID = "3" }', []),
        ('{ trace:id = "00000000000000000000000000000002" }', ["GET /list", "render"]),
        ("{ nestedSetParent < 0 }", ["GET /buy", "GET /list"]),
        ("{ nestedSetLeft = 3 && nestedSetRight = 8 }", ["pay"]),
        ('{ instrumentation:name = "hand" && kind = client }', ["call"]),
        # Attributes, by scope and type.
        ("{ span.user.id = 5 }", ["GET /buy", "pay", "orphan"]),
        ("{ resource.user.id = 9 && kind = client }", ["call"]),
        # A span's own value hides the resource's.
        ("{ .user.id = 9 }", ["call", "check", "book", "render"]),
        ("{ span.user.id > 4.5 }", []),
        ("{ span.share > 0.1 && span.share < 1.0 }", ["GET /buy"]),
        ("{ span.share >= 0 }", []),
        ("{ span.cached }", ["GET /list"]),
        ("{ !span.cached }", ["pay"]),
        ("{ span.cached != true }", ["pay"]),
        ("{ span.user.id != nil && kind = internal }", ["orphan"]),
        ("{ span.user.id = nil && kind = internal }", ["check", "book", "render"]),
        ('{ span."user.id" = 7 }', ["GET /list"]),
        ('{ span.http.status_code = "500" }', []),
        ('{ resource.service.name != "shop" }', ["pay", "check", "book", "orphan"]),
        # What is not read is not there: the values other than 5 fulfil no condition.
        ("{ !(span.user.id = 5) }", []),
        # Arithmetic, and comparisons of attributes.
        ("{ span.rows * 2 + 1 > 7 }", ["book"]),
        ("{ span.rows / 3 = 1 && span.rows % 2 = 1 }", ["check", "render"]),
        ("{ -span.rows < -3 }", ["book"]),
        ("{ span.rows / 0 = 1 }", []),
        ("{ 2 ^ 3 = 9 }", EVERYTHING),
        ("{ duration * 2 > traceDuration && kind != server }", ["call", "orphan"]),
        ("{ span.user.id < resource.user.id }", ["GET /buy", "pay", "GET /list", "orphan"]),
        ("{ (span.user.id > 5) = (span.user.id < 8) }", ["GET /list"]),
        # Lists of values: one that fits is enough.
        ('{ span.tags = "paid" }', ["call", "book"]),
        ('{ span.tags != "paid" }', ["call"]),
        ('{ span.tags =~ "n.*" }', ["call"]),
        ('{ span.tags !~ "p.*" }', ["call"]),
        ('{ span.tags = "paid" || span.tags = "old" }', ["call", "book"]),
        ('{ span.tags != "paid" && span.tags != "new" }', []),
        # Events and links: one that fits is enough, but it must fit alone.
        ('{ event:name = "exception" }', ["pay"]),
        ('{ event:name = "exception" && event.left = 0 }', ["pay"]),
        ('{ event:name = "exception" && event.left = 1 }', []),
        ("{ event:timeSinceStart >= 2ms }", ["pay"]),
        ('{ link:spanID = "0000000000000005" && link.why = "again" }', ["render"]),
        ('{ link:traceID = "1" }', ["render"]),
        # Alternatives.
        ("{ span.rows = 3 || span.rows = 10 || status = ok }", ["check", "book", "render"]),
        ("{ span.user.id = 7 || name = 'x' }".replace("'x'", '"call"'), ["call", "GET /list"]),
    ],
)
def test_a_condition_selects_its_spans(block: SpanBlock, query: str, expected: list[str]) -> None:
    assert names(block, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ name = "pay" } > { }', ["check", "book"]),
        ('{ name = "call" } >> { }', ["pay", "check", "book"]),
        ('{ name = "check" } < { }', ["pay"]),
        ('{ name = "check" } << { }', ["GET /buy", "call", "pay"]),
        ('{ name = "check" } ~ { }', ["book"]),
        ('{ name = "pay" } !> { status = unset }', ["GET /list", "orphan"]),
        ('{ name = "call" } !>> { kind = internal }', ["render", "orphan"]),
        ('{ name = "check" } !< { kind = server }', ["GET /buy", "GET /list"]),
        ('{ name = "book" } !<< { status = error }', []),
        ('{ name = "book" } !~ { kind = internal }', ["book", "render", "orphan"]),
        ('{ name = "pay" } &> { name = "book" }', ["pay", "book"]),
        ('{ name = "call" } &>> { kind = internal }', ["call", "check", "book"]),
        ('{ name = "book" } &< { kind = server }', ["pay", "book"]),
        ('{ name = "book" } &<< { kind = server }', ["GET /buy", "pay", "book"]),
        ('{ name = "book" } &~ { kind = internal }', ["check", "book"]),
        ('{ name = "GET /buy" } > { kind = client } > { kind = server }', ["pay"]),
        ('{ name = "pay" } && { name = "check" }', ["pay", "check"]),
        ('{ name = "pay" } && { name = "render" }', []),
        ('{ name = "pay" } || { name = "render" }', ["pay", "render"]),
        ('({ kind = server } | count() > 1) && ({ name = "check" })', ["GET /buy", "pay", "check"]),
        # A span without a way to a root stands in no relation.
        ('{ name = "orphan" } ~ { }', []),
    ],
)
def test_a_structural_operator_selects_its_spans(block: SpanBlock, query: str, expected: list[str]) -> None:
    assert names(block, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{} | count() > 2", ["GET /buy", "call", "pay", "check", "book"]),
        ("{ kind = internal } | count() = 1", ["render", "orphan"]),
        ("{} | max(duration) < 50ms", ["GET /list", "render", "orphan"]),
        ("{} | min(span.rows) = 3 | avg(span.rows) > 6", ["GET /buy", "call", "pay", "check", "book"]),
        ("{} | sum(span.rows) = 13", ["GET /buy", "call", "pay", "check", "book"]),
        ("{} | avg(duration) = 15ms", ["GET /list", "render"]),
        ("{} | by(resource.service.name) | count() > 2", ["pay", "check", "book"]),
        ("{} | by(resource.service.name) | coalesce() | count() = 5", ["GET /buy", "call", "pay", "check", "book"]),
        ("{ status = error } | { kind = server }", ["GET /buy", "pay"]),
        ("{} | sum(span.nope) > 0", []),
    ],
)
def test_a_pipeline_leaves_its_spans(block: SpanBlock, query: str, expected: list[str]) -> None:
    assert names(block, query) == expected


def test_traces_come_newest_first_and_as_many_as_are_wanted(block: SpanBlock) -> None:
    assert [trace.trace_id for trace in found(block, "{}")] == ["3", "2", "1"]
    assert [trace.trace_id for trace in found(block, "{}", limit=2)] == ["3", "2"]


def test_a_trace_is_found_in_every_range_it_touches(block: SpanBlock) -> None:
    def ids(start: int, end: int) -> list[str]:
        return [trace.trace_id for trace in search(parse("{}"), [block], start, end, 10, 3, Deadline())]

    assert ids(int(1.05 * SECOND), 2 * SECOND) == ["1"]
    assert ids(int(1.1 * SECOND) + 1, 2 * SECOND) == []
    assert ids(0, SECOND) == ["1"]
    assert ids(0, SECOND - 1) == []


def test_a_found_trace_is_summed_up(block: SpanBlock) -> None:
    (trace,) = found(block, "{ status = error } | select(span.user.id, kind)", spans=2)[-1:]
    assert (trace.root_service, trace.root_name, trace.start, trace.duration) == (
        "shop",
        "GET /buy",
        SECOND,
        100_000_000,
    )
    assert trace.services == {"shop": (2, 2), "bank": (3, 1)}
    (spans,) = trace.sets
    assert spans.matched == 3
    shown = [{str(key): str(value) for key, value in span.attributes} for span in spans.spans]
    assert shown == [{"status": "error", "span.user.id": "5", "kind": "server"}, {"status": "error", "kind": "client"}]


def test_a_trace_without_its_root_says_so(block: SpanBlock) -> None:
    (trace,) = found(block, '{ name = "orphan" }')
    assert (trace.root_service, trace.root_name) == ("<root span not yet received>", "")


def test_groups_are_sets_of_their_own(block: SpanBlock) -> None:
    (trace,) = [
        trace for trace in found(block, "{} | by(resource.service.name) | count() > 1") if trace.trace_id == "1"
    ]
    assert [(one.matched, [(key, str(value)) for key, value in one.attributes]) for one in trace.sets] == [
        (2, [("by(resource.service.name)", "`shop`"), ("count()", "2")]),
        (3, [("by(resource.service.name)", "`bank`"), ("count()", "3")]),
    ]


def test_structural_operators_need_one_set_a_trace(block: SpanBlock) -> None:
    with pytest.raises(BadRequest, match="consider using coalesce"):
        found(block, "({} | by(kind)) > ({} | by(kind))")


def test_nested_sets_count_depth_first(block: SpanBlock) -> None:
    tree = tree_of(block)
    assert tree.left.tolist() == [1, 2, 3, 4, 6, 1, 2, 0]
    assert tree.right.tolist() == [10, 9, 8, 5, 7, 4, 3, 0]
    assert tree.parent_left.tolist() == [-1, 1, 2, 3, 3, -1, 1, 0]


def test_a_search_that_takes_too_long_is_cut_off(block: SpanBlock) -> None:
    deadline = Deadline(0.0)
    time.sleep(0.001)
    with pytest.raises(TimedOut):
        search(parse("{} >> {}"), [block], 0, 100 * SECOND, 10, 3, deadline)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", ["3", "2", "1"]),
        # Names and what Tempo keeps in columns of its own are searched for parts, other attributes for the whole.
        ("service.name=sho", ["2", "1"]),
        ('name="GET /"', ["2", "1"]),
        ("root.name=buy", ["1"]),
        ("tags=paid", ["1"]),
        ("tags=pai", []),
        ("status.code=error", ["1"]),
        ("http.status_code=200", ["2"]),
        ("service.name=bank name=orphan", ["3"]),
    ],
)
def test_the_older_search_takes_tags(block: SpanBlock, tags: str, expected: list[str]) -> None:
    traces = search_by_tags(parse_tags(tags), None, None, [block], 0, 100 * SECOND, 10, Deadline())
    assert [trace.trace_id for trace in traces] == expected


def test_the_older_search_takes_durations(block: SpanBlock) -> None:
    traces = search_by_tags({}, 10_000_000, 50_000_000, [block], 0, 100 * SECOND, 10, Deadline())
    assert [trace.trace_id for trace in traces] == ["2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a="', "invalid tags: unterminated quoted value at pos 4"),
        ("=x", "invalid tags: unexpected '=' at pos 1"),
        ("a=b a=c", "invalid tags: tag a has been set twice"),
    ],
)
def test_broken_tags_are_refused(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_tags(text)
    assert str(refused.value) == message


def test_tags_are_read_as_logfmt() -> None:
    assert parse_tags('service.name=frontend name="GET \\"/\\"" error') == {
        "service.name": "frontend",
        "name": 'GET "/"',
        "error": "",
    }
