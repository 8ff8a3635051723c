"""Two traces side by side: aligned by structure, and the difference in words."""

import pytest

from tests.unit.workbench.trace.traces import PARSED, answer, random_tree, span

_PAIRS = (
    PARSED
    + """
  return m.compareTraces(...traces).pairs.map(({ left, right, depth, difference }) =>
    [`${"  ".repeat(depth)}${(left ?? right).name}`, left ? "this" : "", right ? "other" : "", difference]);
}"""
)
_SUMMARY = PARSED + "return m.summary(m.compareTraces(...traces), (seconds) => `${Math.round(seconds * 1e3)} ms`); }"
_SUMS = (
    PARSED
    + """
  return traces.slice(1).map((trace, index) => {
    const { slower, byOperation } = m.compareTraces(traces[index], trace);
    return [slower, byOperation.reduce((sum, entry) => sum + entry.difference, 0)];
  });
}"""
)
_MODULE = "trace/comparison.js"
_MS = 1000


def _request(**durations):
    """A request with a query of so many ms, and with a second query where it is given."""
    query, second = durations.get("query", 10), durations.get("second")
    end = 20 + query + (second or 0)
    spans = [
        span("get_user", 0, end * _MS, service="web"),
        span("query", 10 * _MS, (10 + query) * _MS, "get_user", service="db"),
    ]
    if second:
        spans.append(span("query#2", (10 + query) * _MS, (10 + query + second) * _MS, "get_user", service="db"))
    return answer(spans)


def test_spans_belong_together_by_service_name_and_occurrence(module):
    assert module(_MODULE, _PAIRS, [_request(query=30, second=7), _request(query=12)]) == [
        ["get_user", "this", "other", 25 * _MS],
        ["  query", "this", "other", 18 * _MS],
        ["  query", "this", "", None],
    ]


def test_a_span_that_only_the_other_has_stands_where_it_is_there(module):
    left = [span("root", 0, 100), span("a", 0, 10, "root"), span("c", 20, 30, "root")]
    right = [
        span("root", 0, 100),
        span("x", 0, 1, "root"),
        span("a", 2, 10, "root"),
        span("b", 11, 12, "root"),
        span("c", 20, 30, "root"),
    ]
    rows = module(_MODULE, _PAIRS, [answer(left), answer(right)])
    assert [row[0] for row in rows] == ["root", "  x", "  a", "  b", "  c"]
    assert [row[0].strip() for row in rows if not row[1]] == ["x", "b"]


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ({"query": 52}, {"query": 10}, "42 ms slower, all of it in db query."),
        ({"query": 10}, {"query": 52}, "42 ms faster, all of it in db query."),
        ({"query": 10}, {"query": 10}, "Both took about as long."),
        (
            {"query": 40, "second": 12},
            {"query": 10},
            "42 ms slower, all of it in db query. 1 span is only in this trace.",
        ),
        (
            {"query": 10},
            {"query": 40, "second": 12},
            "42 ms faster, all of it in db query. 1 span is only in the other.",
        ),
    ],
)
def test_the_difference_in_a_sentence(module, left, right, sentence):
    assert module(_MODULE, _SUMMARY, [_request(**left), _request(**right)]) == sentence


def test_the_sentence_names_the_largest_part_and_what_went_the_other_way(module):
    def trace(web: int, db: int) -> dict:
        return answer(
            [span("root", 0, (web + db) * _MS, service="web"), span("query", 0, db * _MS, "root", service="db")]
        )

    assert module(_MODULE, _SUMMARY, [trace(14, 48), trace(10, 10)]) == "42 ms slower, 38 ms of them in db query."
    assert (
        module(_MODULE, _SUMMARY, [trace(5, 62), trace(15, 10)])
        == "42 ms slower: 52 ms more in db query, but 10 ms less in web root."
    )


def test_traces_of_different_operations_say_so(module):
    one, other = [span("get_user", 0, 50 * _MS)], [span("get_product", 0, 10 * _MS)]
    assert module(_MODULE, _SUMMARY, [answer(one), answer(other)]).startswith(
        "Two different operations. 40 ms slower: "
    )


def test_differences_by_operation_add_up_to_the_difference(module):
    trees = [random_tree(seed, 30, sequential=False) for seed in range(40)]
    for slower, total in module(_MODULE, _SUMS, trees):
        assert total == pytest.approx(slower, abs=1e-2)


def test_attributes_that_differ_are_told_and_ports_are_not(module):
    left = [span("root", 0, 10, attributes={"cache": "hit", "client.port": 1, "rows": 3, "same": "x"})]
    right = [span("root", 0, 10, attributes={"cache": "miss", "client.port": 2, "plan": "scan", "same": "x"})]
    attributes = PARSED + "return m.compareTraces(...traces).pairs[0].attributes; }"
    assert module(_MODULE, attributes, [answer(left), answer(right)]) == [
        {"name": "cache", "left": "hit", "right": "miss"},
        {"name": "rows", "left": 3, "right": None},
        {"name": "plan", "left": None, "right": "scan"},
    ]
