"""The queries that were asked, kept in the browser."""

import pytest

WITH_STORAGE = """async (m, script) => {
  const kept = new Map();
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text) };
  return await (SCRIPT)(() => new m.History(() => storage), kept);
}"""


def run(module, script):
    return module("explore/history.js", WITH_STORAGE.replace("SCRIPT", script))


def test_the_newest_is_first_and_a_query_asked_again_stands_once(module):
    script = """(open) => {
      const history = open();
      history.add({source: "loki", query: "{}", view: "lines"}, 1);
      history.add({source: "tempo", query: "{ }", view: "traces"}, 2);
      history.add({source: "loki", query: "{}", view: "lines"}, 3);
      history.add({source: "loki", query: "  ", view: "lines"}, 4);
      return open().entries.map(({source, at}) => [source, at]);
    }"""
    assert run(module, script) == [["loki", 3], ["tempo", 2]]


def test_of_more_than_a_hundred_the_oldest_without_a_star_go(module):
    script = """(open) => {
      const history = open();
      for (let i = 0; i < 130; i += 1) {
        history.add({source: "prometheus", query: `q${i}`, view: "graph"}, i);
        if (i === 0) history.star(history.entries[0], true);
      }
      const { entries } = open();
      return [entries.length, entries[0].query, entries.at(-1).query, entries.at(-2).query];
    }"""
    assert run(module, script) == [100, "q129", "q0", "q31"]


def test_entries_can_be_forgotten_one_by_one_or_all_without_a_star(module):
    script = """(open) => {
      const history = open();
      for (const query of ["a", "b", "c"]) history.add({source: "prometheus", query, view: "graph"}, 1);
      history.star(history.entries[0], true);
      history.remove(history.entries[1]);
      const left = history.entries.map(({query}) => query);
      history.clear();
      return [left, open().entries.map(({query}) => query)];
    }"""
    assert run(module, script) == [["c", "a"], ["c"]]


@pytest.mark.parametrize("kept", ["nonsense", "{}", "[1, null, {}]", '[{"source": "x", "query": "y", "at": 1}]'])
def test_what_is_kept_there_and_is_no_history_is_left_out(module, kept):
    script = f"""(open, kept) => {{
      kept.set("workbench.explore.history", {kept!r});
      return open().entries;
    }}"""
    assert run(module, script) == []


def test_where_the_browser_keeps_nothing_the_list_lasts_as_long_as_the_page(module):
    script = """(m) => {
      const history = new m.History(() => { throw new DOMException("denied", "SecurityError"); });
      history.add({source: "loki", query: "{}", view: "lines"}, 1);
      return history.entries.length;
    }"""
    assert module("explore/history.js", script) == 1


@pytest.mark.parametrize(
    ("answer", "csv"),
    [
        (
            {"kind": "series", "data": [{"labels": {"a": 'x,"y"'}, "times": [0, 1.5], "values": [1, 2]}]},
            'time,a,value\r\n1970-01-01T00:00:00.000Z,"x,""y""",1\r\n1970-01-01T00:00:01.500Z,"x,""y""",2\r\n',
        ),
        (
            {"kind": "lines", "data": [{"time": 0, "labels": {"s": "=1+1"}, "line": "a\nb"}]},
            'time,s,line\r\n1970-01-01T00:00:00.000Z,\'=1+1,"a\nb"\r\n',
        ),
        (
            {"kind": "values", "data": [{"labels": {}, "time": 1, "value": 3}]},
            "time,value\r\n1970-01-01T00:00:01.000Z,3\r\n",
        ),
    ],
)
def test_an_answer_is_saved_as_csv_that_no_spreadsheet_takes_for_a_formula(module, answer, csv):
    assert module("explore/download.js", "(m, answer) => m.csvOf(answer)", answer) == csv
