"""Queries changed by a click: filters put into LogQL, and the simple filters that write it."""

import itertools

import pytest

from telemetry_store.logs.query_language.parser import parse

TEXTS = ["timeout", 'say "hi"', "a`b", "back\\slash", "new\nline", "{}|=", "日本", "\x00\x1f", "#no comment"]

FILTERS = [
    {"services": services, "levels": levels, "text": text, "traceId": trace}
    for services, levels, text, trace in itertools.product(
        [[], ["backend"], ["a.b", "c|d", "back\\slash"], ['with "quotes"']],
        [[], ["error"], ["error", "warning"], ["critical", "debug", "trace"]],
        ["", *TEXTS],
        ["", "5184f7d84fc0f0b2e086cdb8a2640c5d"],
    )
]


def test_simple_filters_come_back_out_of_the_query_that_they_write(module):
    found = module(
        "logs/simple_filters.js", "(m, list) => list.map((filters) => m.filtersOf(m.queryFor(filters)))", FILTERS
    )
    assert found == FILTERS


READ = [
    ('{service=~".+"}', {"services": [], "levels": [], "text": "", "traceId": ""}),
    ('{ service = "backend" } |= `x`', {"services": ["backend"], "levels": [], "text": "x", "traceId": ""}),
    ('{level="error", service="a"}', {"services": ["a"], "levels": ["error"], "text": "", "traceId": ""}),
    ('{service=~".+"} |= "' + "ab" * 16 + '"', {"services": [], "levels": [], "text": "", "traceId": "ab" * 16}),
    # More than the filters can say.
    ('{service=~"a.*"}', None),
    ('{service!="a"}', None),
    ('{service="a", pod="b"}', None),
    ('{service="a"} | json', None),
    ('{service="a"} |= "x" |= "y"', None),
    ('{service="a"} |= "x" or "y"', None),
    ('{service="a"} != "x"', None),
    ('{service="a"} |~ "x"', None),
    ('{level="error"}', None),
    ('{service="a", level=~"error|boom"}', None),
    ('{service="a", level=~"err|warn"}', None),
    ('count_over_time({service="a"}[1m])', None),
    ('{service="a"', None),
    ("", None),
]


@pytest.mark.parametrize(("query", "filters"), READ)
def test_a_query_is_read_as_simple_filters_only_where_they_say_all_of_it(module, query, filters):
    assert module("logs/simple_filters.js", "(m, query) => m.filtersOf(query)", query) == filters


LABEL = {"kind": "label", "name": "level", "value": "error"}
FIELD = {"kind": "field", "name": "user_id", "value": "12", "format": "json"}
META = {"kind": "metadata", "name": "pod", "value": "p-1"}

CONDITIONS = [
    ('{service="a"}', LABEL, "=", '{service="a", level="error"}'),
    ('{service="a"}', LABEL, "!=", '{service="a", level!="error"}'),
    ('{service="a", level="info"} |= "x"', LABEL, "=", '{service="a", level="error"} |= "x"'),
    ('{level=~".+"}', LABEL, "=", '{level="error"}'),
    ('{level="error"}', LABEL, "!=", '{level=~".+", level!="error"}'),
    ('{level="error"}', LABEL, "=", '{level="error"}'),
    ('{level=~".+"}', LABEL, "!=", '{level=~".+", level!="error"}'),
    ('{service="a",}', LABEL, "=", '{service="a", level="error"}'),
    ('{service="a"}', FIELD, "=", '{service="a"} | json | user_id="12"'),
    ('{service="a"} | json', FIELD, "!=", '{service="a"} | json | user_id!="12"'),
    ('{service="a"} | json | user_id="12"', FIELD, "!=", '{service="a"} | json | user_id!="12"'),
    ('{service="a"} | json | user_id="9"', FIELD, "=", '{service="a"} | json | user_id="9" | user_id="12"'),
    ('{service="a"} # why', FIELD, "=", '{service="a"} # why\n| json | user_id="12"'),
    ('{service="a"} |= "#1"', META, "=", '{service="a"} |= "#1"\n| pod="p-1"'),
    ('{service="a"}', {"kind": "line", "name": "", "value": 'a "b"'}, "=", '{service="a"} |= "a \\"b\\""'),
    ('{service="a"}', {**FIELD, "value": 'q"`\n'}, "=", '{service="a"} | json | user_id="q\\"`\\n"'),
    ('rate({service="a"}[1m])', LABEL, "=", 'rate({service="a"}[1m])'),
]


@pytest.mark.parametrize(("query", "wanted", "operator", "expected"), CONDITIONS)
def test_a_condition_is_put_where_it_belongs(module, query, wanted, operator, expected):
    found = module(
        "logs/query_text.js",
        "(m, [query, wanted, operator]) => m.withCondition(query, wanted, operator)",
        [query, wanted, operator],
    )
    assert found == expected


def test_the_store_accepts_every_query_that_filters_write(module):
    queries = module("logs/simple_filters.js", "(m, list) => list.map(m.queryFor)", FILTERS)
    changed = module(
        "logs/query_text.js",
        "(m, list) => list.map(([q, w, o]) => m.withCondition(q, w, o))",
        [[query, wanted, operator] for query, wanted, operator, _ in CONDITIONS],
    )
    for query in [*queries, *changed]:
        parse(query)


SOUGHT = [
    ('{a="b"} |= "x" |~ "y.*z" != "no" |> "a <_> b"', [["text", "x"], ["expression", "y.*z"], ["pattern", "a <_> b"]]),
    ('{a="b"} |= "x" or "y" | json | level="error"', [["text", "x"], ["text", "y"]]),
    ('{a="b"} |= ip("10.0.0.0/8")', []),
    ('{a="b"} |= ""', []),
    ('sum(rate({a="b"} |= "x" [1m]))', []),
]


@pytest.mark.parametrize(("query", "expected"), SOUGHT)
def test_what_line_filters_look_for_is_known(module, query, expected):
    found = module(
        "logs/query_text.js", "(m, query) => m.soughtTexts(query).map(({kind, value}) => [kind, value])", query
    )
    assert found == expected


MARKS = [
    ([["text", "ab"]], "xabxab", "x[ab]x[ab]"),
    ([["text", "ab"], ["text", "bc"]], "abc", "[abc]"),
    ([["expression", "(?i)ERR\\w+"]], "an error", "an [error]"),
    ([["expression", "("]], "a (b", "a (b"),
    ([["expression", "x*"]], "axxb", "a[xx]b"),
    ([["pattern", "user <_> done"]], "user 12 done", "[user] 12 [done]"),
    # Expressions that could take for ever are not tried.
    ([["expression", "(a+)+$"]], "a" * 3000 + "b", "a" * 3000 + "b"),
    ([["expression", "a*a*a*b"]], "a" * 3000, "a" * 3000),
    ([], "", ""),
]


def test_marks_stand_where_the_texts_are(module):
    found = module(
        "logs/marks.js",
        """(m, list) => list.map(([sought, text]) => {
          const find = m.finder(sought.map(([kind, value]) => ({kind, value})));
          return m.pieces(text, find(text)).map((piece) => piece.marked ? `[${piece.text}]` : piece.text).join("");
        })""",
        [[sought, text] for sought, text, _ in MARKS],
    )
    assert found == [expected for _, _, expected in MARKS]


def test_the_address_says_what_the_page_shows_and_nothing_else_gets_in(module):
    read = """(m, search) => {
      const params = new URLSearchParams(search);
      const state = m.readState({get: (name) => params.get(name), all: (name) => params.getAll(name)});
      return [state, m.parametersOf(state)];
    }"""
    state, parameters = module(
        "logs/page_state.js",
        read,
        "query=%7Ba%3D%22b%22%7D&columns=user_id&columns=a-b&columns=user_id&wrap=1&direction=forward&live=1"
        "&line=1795261777996438385-1abc&panel=fields",
    )
    assert state == {
        "query": '{a="b"}',
        "columns": ["user_id"],
        "wrap": True,
        "direction": "forward",
        "live": True,
        "line": "1795261777996438385-1abc",
        "panel": "fields",
    }
    assert parameters == {
        "query": '{a="b"}',
        "columns": ["user_id"],
        "wrap": 1,
        "direction": "forward",
        "live": 1,
        "line": "1795261777996438385-1abc",
        "panel": "fields",
    }
    state, parameters = module("logs/page_state.js", read, "line=javascript:1&panel=x&direction=up")
    assert set(parameters.values()) == {None}
    assert state["line"] is None
