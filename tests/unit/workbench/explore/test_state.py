"""A pane's state in the address: everything comes back, and what anybody wrote there does no harm."""

import json

import pytest

ROUND = "(m, pane) => m.readPane(m.writePane(pane))"

FULL = {
    "source": "loki",
    "query": '{service="a & b", x=~"100%"} |= `<script>alert("#?+ü😀")</script>`\n| json',
    "view": "graph",
    "style": "stacked",
    "step": 15,
    "limit": 1000,
    "spans": 7,
    "order": "oldest",
    "range": {"from": "now-3h", "to": "1763640000000"},
}


def test_a_full_state_comes_back_whole(module):
    assert module("explore/state.js", ROUND, FULL) == FULL


def test_what_is_as_usual_is_not_written(module):
    pane = module("explore/state.js", "(m) => m.writePane({...m.emptyPane('tempo'), query: '{ }'})")
    assert json.loads(pane) == {"source": "tempo", "query": "{ }"}


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', "\\", "a&b=c", "%41%", "+ +", "#x", "\u2028", "💥", '{"source":"x"}', "</script>", "a" * 2000],
)
def test_a_query_survives_the_way_through_an_address(module, query):
    way = """(m, [address, pane]) => {
      const url = new URL(address.replace("STATE", encodeURIComponent(m.writePane(pane))));
      return m.readPane(url.searchParams.get("left")).query;
    }"""
    pane = {"source": "prometheus", "query": query}
    assert module("explore/state.js", way, ["http://x/explore?left=STATE&from=now-1h", pane]) == query


@pytest.mark.parametrize(
    "text",
    [None, "", "null", "[]", "7", '"x"', "{", "{}", '{"source": "mysql"}', '{"source": "__proto__"}', "\x00"],
)
def test_what_is_no_pane_is_none(module, text):
    assert module("explore/state.js", "(m, text) => m.readPane(text)", text) is None


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"query": 7}, {"query": ""}),
        ({"view": "constructor"}, {"view": "graph"}),
        ({"style": "toString"}, {"style": "lines"}),
        ({"step": -5}, {"step": None}),
        ({"step": "NaN"}, {"step": None}),
        ({"limit": 10**9}, {"limit": 5000}),
        ({"range": "now"}, {"range": None}),
        ({"range": {"from": 1, "to": 2}}, {"range": None}),
    ],
)
def test_what_makes_no_sense_is_left_out(module, told, read):
    found = module("explore/state.js", "(m, text) => m.readPane(text)", json.dumps({"source": "prometheus", **told}))
    assert {name: found[name] for name in read} == read


KIND = "(m, pane) => m.kindOf(pane)"


@pytest.mark.parametrize(
    ("source", "view", "query", "kind"),
    [
        ("prometheus", "graph", "up", "series"),
        ("prometheus", "now", "up", "values"),
        ("loki", "graph", '{a="b"}', "lines"),
        ("loki", "lines", 'sum(rate({a="b"}[1m]))', "series"),
        ("loki", "now", 'sum(rate({a="b"}[1m]))', "values"),
        ("tempo", "traces", "{ }", "traces"),
        ("tempo", "spans", "{ }", "spans"),
        ("tempo", "traces", "{ } | rate()", "series"),
        ("tempo", "traces", '{ name = "rate" } | count() > 1', "traces"),
        ("tempo", "traces", " 0AF7651916CD43DD8448EB211C80319C ", "trace"),
        ("tempo", "service map", "{}", "map"),
    ],
)
def test_what_a_question_answers_shows_in_it(module, source, view, query, kind):
    assert module("explore/asking.js", KIND, {"source": source, "view": view, "query": query}) == kind


@pytest.mark.parametrize(
    ("seconds", "points", "step"),
    [(900, 400, 5), (900, 60, 15), (21600, 400, 60), (60, 400, 5), (7 * 86400, 300, 3600)],
)
def test_the_step_is_round_and_fits_the_width(module, seconds, points, step):
    asked = [{"from": 0, "to": seconds}, {"points": points, "least": 5}]
    assert module("explore/steps.js", "(m, args) => m.stepFor(...args)", asked) == step


def test_a_step_that_an_api_would_refuse_gets_longer(module):
    assert module("explore/steps.js", "(m) => m.allowedStep(1, {from: 0, to: 110000})") == 10


PANES_TOLD = """(m, pane) => {
  const address = m.toGrafana("http://g:3000/", [pane], {from: "a", to: "b"});
  return new URL(address).searchParams.get("panes");
}"""

GRAFANA = "(m, panes) => m.toGrafana('http://g:3000/', panes, {from: 'now-15m', to: 'now'})"


def test_grafana_gets_the_panes_that_the_lab_itself_would_write(module):
    from lab.explore import every_question, explore_query

    for link in every_question():
        pane = {"source": link.data_source, "query": link.query, "view": link.view}
        if "{trace_id}" in link.query:
            pane["query"] = link.query.replace("{trace_id}", "0" * 31 + "1")
        address = module("explore/grafana.js", PANES_TOLD, pane)
        (query,) = json.loads(address)["lab"]["queries"]
        expected = {
            name: value.replace("{trace_id}", "0" * 31 + "1") if isinstance(value, str) else value
            for name, value in explore_query(link).items()
        }
        assert query == expected, link.title


def test_two_panes_are_two_panes_in_grafana(module):
    panes = [
        {"source": "prometheus", "query": "up", "view": "graph"},
        {"source": "loki", "query": "{}", "view": "lines"},
    ]
    address = module("explore/grafana.js", GRAFANA, panes)
    assert address.startswith("http://g:3000/explore?schemaVersion=1&panes=")
