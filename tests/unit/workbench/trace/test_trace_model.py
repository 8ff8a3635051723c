"""A trace as a tree: what the page shows in which order, with which times."""

import json
from pathlib import Path

import pytest

from tests.unit.workbench.trace.traces import TRACE_ID, answer, hex_id, random_tree, span

_TREE = """(m, answer) => {
  const trace = m.parseTrace(answer);
  return trace.rows.map((row) => `${"  ".repeat(row.depth)}${row.missing ? "missing" : row.name}`);
}"""
_NUMBERS = """(m, answer) => m.parseTrace(answer).rows.map((row) =>
  [row.name, row.start, row.duration, row.selfTime, row.outside && [row.outside.before, row.outside.after]])"""
_SUMMARY = """(m, answer) => {
  const { traceId, spans, services, duration, depth, errors, missingParents, duplicates, outside, root, errorOrigins } =
    m.parseTrace(answer);
  return { traceId, spans: spans.length, services, duration, depth, errors, missingParents, duplicates, outside,
    root: root && root.name, errorOrigins: errorOrigins.map((span) => span.name) };
}"""
_MODEL = "trace/model.js"

CHAIN = [
    "frontend_get_user",
    "  GET",
    "    backend_get_user",
    "      validate_user_id",
    "      GET",
    "        database_get_user",
    "          transaction_begin",
    "          query_planning",
    "          query_execution",
    "          transaction_commit",
]


@pytest.mark.parametrize("name", ["tempo_v1.json", "tempo_v2.json"])
def test_both_answers_of_tempo_are_the_tree_of_the_request(module, name):
    content = json.loads(Path(__file__).with_name(name).read_text())
    assert module(_MODEL, _TREE, content) == CHAIN
    assert module(_MODEL, _SUMMARY, content) == {
        "traceId": TRACE_ID,
        "spans": 10,
        "services": ["frontend", "backend", "database"],
        "duration": 23780.97,
        "depth": 6,
        "errors": 0,
        "missingParents": 0,
        "duplicates": 0,
        "outside": 0,
        "root": "frontend_get_user",
        "errorOrigins": [],
    }


def test_otlp_json_with_ids_in_hex_and_numbers_for_names_is_the_same_trace(module):
    content = json.loads(Path(__file__).with_name("tempo_v2.json").read_text())
    otlp = module("trace/otlp.js", "(m, answer) => m.toOtlpJson(answer)", content)
    assert module(_MODEL, _TREE, otlp) == CHAIN
    facts = """(m, answer) =>
      m.parseTrace(answer).spans.map(({ spanId, kind, status, startNano }) => [spanId, kind, status, startNano])"""
    assert module(_MODEL, facts, otlp) == module(_MODEL, facts, content)


def test_children_stand_in_order_of_their_start_and_the_longer_first(module):
    spans = [
        span("root", 0, 100),
        span("late", 50, 60, "root"),
        span("short", 10, 20, "root"),
        span("long", 10, 40, "root"),
        span("inner", 12, 13, "long"),
    ]
    assert module(_MODEL, _TREE, answer(spans)) == ["root", "  long", "    inner", "  short", "  late"]


def test_times_are_exact_to_the_nanosecond(module):
    spans = [span("root", 0, 1.001), span("child", 0.001, 0.002, "root")]
    assert module(_MODEL, _NUMBERS, answer(spans)) == [
        ["root", 0, 1.001, 1.0, None],
        ["child", 0.001, 0.001, 0.001, None],
    ]


def test_self_time_leaves_out_what_children_cover_once(module):
    spans = [
        span("root", 0, 100),
        span("a", 10, 40, "root"),
        span("b", 30, 60, "root"),
        span("c", 35, 38, "root"),
        span("d", 90, 120, "root"),
    ]
    assert module(_MODEL, _NUMBERS, answer(spans))[0] == ["root", 0, 100, 40, None]


def test_a_span_that_leaves_its_parents_time_is_marked_with_how_far(module):
    spans = [
        span("root", 10, 100),
        span("early", 4, 20, "root"),
        span("late", 90, 130, "root"),
        span("fine", 10, 100, "root"),
    ]
    numbers = {name: outside for name, *_, outside in module(_MODEL, _NUMBERS, answer(spans))}
    assert numbers == {"root": None, "early": [6, 0], "late": [0, 30], "fine": None}
    assert module(_MODEL, _SUMMARY, answer(spans))["duration"] == 126


def test_who_handles_a_message_may_end_after_its_sender_and_not_begin_before(module):
    spans = [
        span("publish", 10, 12, kind="producer"),
        span("handle", 500, 900, "publish", kind="consumer"),
        span("ahead", 4, 20, "publish", kind="consumer"),
    ]
    numbers = {name: outside for name, *_, outside in module(_MODEL, _NUMBERS, answer(spans))}
    assert numbers == {"publish": None, "handle": None, "ahead": [6, 0]}


def test_spans_whose_parent_is_missing_stand_under_a_place_for_it(module):
    spans = [
        span("root", 0, 100),
        span("lost", 20, 60, "gone"),
        span("too", 30, 90, "gone"),
        span("below", 31, 32, "too"),
    ]
    assert module(_MODEL, _TREE, answer(spans)) == ["root", "missing", "  lost", "  too", "    below"]
    summary = module(_MODEL, _SUMMARY, answer(spans))
    assert (summary["missingParents"], summary["spans"], summary["root"]) == (1, 4, "root")
    place = """(m, answer) => {
      const { spanId, start, end, selfTime } = m.parseTrace(answer).rows.find((row) => row.missing);
      return [spanId, start, end, selfTime];
    }"""
    assert module(_MODEL, place, answer(spans)) == [hex_id("gone"), 20, 90, 0]


def test_several_roots_stand_in_order_of_time_and_the_first_is_the_root(module):
    spans = [span("second", 50, 60), span("first", 0, 10), span("child", 51, 52, "second")]
    assert module(_MODEL, _TREE, answer(spans)) == ["first", "second", "  child"]
    assert module(_MODEL, _SUMMARY, answer(spans))["root"] == "first"


def test_a_span_that_came_twice_is_shown_once_and_counted(module):
    spans = [span("root", 0, 100), span("child", 10, 20, "root"), span("child", 10, 20, "root")]
    assert module(_MODEL, _TREE, answer(spans)) == ["root", "  child"]
    assert module(_MODEL, _SUMMARY, answer(spans))["duplicates"] == 1


def test_two_spans_that_share_an_id_are_both_shown(module):
    spans = [
        span("root", 0, 100),
        span("call#1", 10, 40, "root", kind="client"),
        span("call#1", 12, 38, "root", kind="server"),
    ]
    assert module(_MODEL, _TREE, answer(spans)) == ["root", "  call", "  call"]
    ids = "(m, answer) => m.parseTrace(answer).spans.map((span) => span.id.slice(16))"
    assert module(_MODEL, ids, answer(spans)) == ["", "", "#2"]


def test_spans_that_are_each_others_parents_do_not_hang_the_page(module):
    spans = [
        span("root", 0, 9),
        span("a", 10, 100, "c"),
        span("b", 20, 90, "a"),
        span("c", 30, 80, "b"),
        span("own", 5, 6, "own"),
    ]
    rows = module(_MODEL, _TREE, answer(spans))
    assert sorted(row.strip() for row in rows) == ["a", "b", "c", "missing", "own", "root"]
    assert rows[-3:] == ["a", "  b", "    c"]


def test_errors_began_where_nothing_below_failed_the_deepest_first(module):
    spans = [
        span("root", 0, 100, status="error"),
        span("call", 10, 90, "root", status="error"),
        span("deep", 20, 80, "call", status="error"),
        span("fine", 30, 40, "deep"),
        span("side", 91, 95, "root", status="error"),
    ]
    summary = module(_MODEL, _SUMMARY, answer(spans))
    assert summary["errors"] == 4
    assert summary["errorOrigins"] == ["deep", "side"]


def test_a_span_that_ends_before_it_begins_has_no_duration(module):
    assert module(_MODEL, _NUMBERS, answer([span("odd", 20, 10), span("root", 0, 30)]))[1] == ["odd", 20, 0, 0, None]


@pytest.mark.parametrize(
    "content", [{}, {"trace": {}}, {"batches": []}, {"trace": {"resourceSpans": [None, {}, {"scopeSpans": [{}]}]}}]
)
def test_an_answer_without_spans_is_a_trace_without_spans(module, content):
    assert module(
        _MODEL,
        "(m, answer) => { const t = m.parseTrace(answer); return [t.spans.length, t.root, t.duration]; }",
        content,
    ) == [0, None, 0]


def test_a_chain_of_ten_thousand_spans_does_not_exhaust_the_stack(module):
    deepest = """(m) => {
      const id = (n) => n.toString(16).padStart(16, "0");
      const spans = Array.from({ length: 10_000 }, (_, n) => ({ traceId: "ab".repeat(16), spanId: id(n + 1),
        parentSpanId: n ? id(n) : "", name: "n", startTimeUnixNano: String(n), endTimeUnixNano: String(20_000 - n) }));
      return m.parseTrace({ resourceSpans: [{ scopeSpans: [{ spans }] }] }).depth;
    }"""
    assert module(_MODEL, deepest) == 10_000


def test_self_times_of_sequential_traces_add_up_to_the_duration(module):
    """Whatever the tree is: when no two spans work at the same time, all of the time is somebody's own."""
    sums = """(m, answers) => answers.map((answer) => {
      const { spans, duration } = m.parseTrace(answer);
      return [spans.reduce((sum, span) => sum + span.selfTime, 0), duration];
    })"""
    trees = [random_tree(seed, 1 + seed % 40, sequential=True) for seed in range(120)]
    for total, duration in module(_MODEL, sums, trees):
        assert total == pytest.approx(duration, abs=1e-3)


def test_self_times_never_exceed_a_spans_duration(module):
    worst = """(m, answers) => answers.flatMap((answer) => m.parseTrace(answer).spans)
      .filter((span) => span.selfTime < 0 || span.selfTime > span.duration).length"""
    trees = [random_tree(seed, 40, sequential=False) for seed in range(60)]
    assert module(_MODEL, worst, trees) == 0
