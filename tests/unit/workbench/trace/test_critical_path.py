"""The critical path: at each moment the span that everything waited for."""

import pytest

from tests.unit.workbench.trace.traces import PARSED, answer, random_tree, span

_PATHS = (
    PARSED
    + "return traces.map((trace) => m.criticalPath(trace).map(({ span, start, end }) => [span.name, start, end])); }"
)
_TILES = (
    PARSED
    + """
  return traces.map((trace) => {
    const path = m.criticalPath(trace);
    const gaps = path.slice(1).filter((part, index) => part.start !== path[index].end).length;
    const outside = path.filter(({ span, start, end }) => start >= end || start < span.start || end > span.end).length;
    return { root: [trace.root.start, trace.root.end], path: [path[0].start, path.at(-1).end], gaps, outside };
  });
}"""
)

CASES = {
    "one span works alone": ([span("root", 0, 10)], [["root", 0, 10]]),
    "children in turn, and what is between them": (
        [span("root", 0, 100), span("a", 10, 30, "root"), span("b", 40, 90, "root")],
        [["root", 0, 10], ["a", 10, 30], ["root", 30, 40], ["b", 40, 90], ["root", 90, 100]],
    ),
    "of two at the same time the one that ends last": (
        [span("root", 0, 100), span("short", 10, 50, "root"), span("long", 10, 80, "root")],
        [["root", 0, 10], ["long", 10, 80], ["root", 80, 100]],
    ),
    "one that still ran when a later one began was not waited for": (
        [
            span("root", 0, 100),
            span("first", 0, 60, "root"),
            span("last", 50, 100, "root"),
            span("early", 10, 40, "root"),
        ],
        [["root", 0, 10], ["early", 10, 40], ["root", 40, 50], ["last", 50, 100]],
    ),
    "down to grandchildren": (
        [span("root", 0, 100), span("call", 10, 90, "root"), span("work", 20, 80, "call")],
        [["root", 0, 10], ["call", 10, 20], ["work", 20, 80], ["call", 80, 90], ["root", 90, 100]],
    ),
    "a child with another clock counts as far as it is within its parent": (
        [span("root", 0, 100), span("skewed", 60, 130, "root"), span("inner", 90, 125, "skewed")],
        [["root", 0, 60], ["skewed", 60, 90], ["inner", 90, 100]],
    ),
    "a consumer that ends later worked on its own": (
        [span("root", 0, 100), span("consumer", 60, 130, "root", kind="consumer")],
        [["root", 0, 100]],
    ),
    "a child without duration changes nothing": ([span("root", 0, 10), span("mark", 5, 5, "root")], [["root", 0, 10]]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_path_is(module, case):
    spans, expected = CASES[case]
    assert module("trace/critical_path.js", _PATHS, [answer(spans)]) == [expected]


def test_whatever_the_tree_is_the_path_tiles_the_roots_duration(module):
    trees = [random_tree(seed, 1 + seed % 50, sequential=seed % 2 == 0) for seed in range(120)]
    for found in module("trace/critical_path.js", _TILES, trees):
        assert found["path"] == found["root"]
        assert (found["gaps"], found["outside"]) == (0, 0)


def test_a_trace_without_spans_has_no_path(module):
    assert module("trace/critical_path.js", _PATHS, [{}]) == [[]]


def test_sums_say_where_the_time_went(module):
    spans = [
        span("root", 0, 100, service="web"),
        span("query#1", 10, 30, "root", service="db"),
        span("query#2", 40, 80, "root", service="db", status="error"),
    ]
    sums = PARSED + "return m.sumsByOperation(traces[0]).map(({ first, ...sum }) => sum); }"
    assert module("trace/statistics.js", sums, [answer(spans)]) == [
        {"service": "db", "operation": "query", "count": 2, "total": 60, "mean": 30, "p95": 40, "longest": 40}
        | {"self": 60, "share": 0.6, "critical": 60, "errors": 1},
        {"service": "web", "operation": "root", "count": 1, "total": 100, "mean": 100, "p95": 100, "longest": 100}
        | {"self": 40, "share": 0.4, "critical": 40, "errors": 0},
    ]


def test_calls_between_services_are_counted_where_the_service_changes(module):
    spans = [
        span("root", 0, 100, service="web"),
        span("inner", 5, 95, "root", service="web"),
        span("query#1", 10, 30, "inner", service="db"),
        span("query#2", 40, 80, "inner", service="db", status="error"),
    ]
    calls = PARSED + "return m.callsBetweenServices(traces[0]).calls; }"
    assert module("trace/statistics.js", calls, [answer(spans)]) == [
        {"source": "web", "target": "db", "count": 2, "total": 60, "errors": 1}
    ]


def test_a_flame_graph_folds_siblings_of_one_operation(module):
    spans = [
        span("root", 0, 100),
        span("step#1", 10, 30, "root"),
        span("step#2", 40, 80, "root"),
        span("query#1", 12, 20, "step#1"),
        span("query#2", 42, 50, "step#2"),
    ]
    fold = (
        PARSED
        + """
      const flat = (node) => [node.name, node.count, node.total, node.self, node.children.map(flat)];
      return flat(m.foldedTrace(traces[0]));
    }"""
    )
    assert module("trace/flame.js", fold, [answer(spans)]) == [
        "root",
        1,
        100,
        40,
        [["step", 2, 60, 44, [["query", 2, 16, 16, []]]]],
    ]


def test_blocks_of_a_flame_graph_stay_within_their_callers(module):
    spans = [span("root", 0, 100), span("a", 0, 90, "root"), span("b", 10, 100, "root"), span("tiny", 1, 1.1, "a")]
    blocks = (
        PARSED
        + """
      const drawn = m.blocks(m.foldedTrace(traces[0]), 0.01);
      return drawn.map(({ node, left, width, level }) => [node.name, left, width, level]);
    }"""
    )
    found = sorted(module("trace/flame.js", blocks, [answer(spans)]))
    assert found == [["a", 0, 0.5, 1], ["b", 0.5, 0.5, 1], ["root", 0, 1, 0]]
