"""What the trace's parts put into a page, without a lab behind it."""

import pytest

from tests.unit.workbench.trace.traces import PARSED, answer, random_tree, span

HOSTILE = "<img src=x onerror=alert(1)>"

_LIST = """(m, traces) => {
  const root = document.createElement("div");
  document.body.append(root);
  const list = m.traceList(root, { traces, context: { navigate() {} } });
  const cells = (row) => [...row.cells].slice(1).map((cell) => cell.textContent);
  const rows = [...root.querySelectorAll("tbody tr")].map(cells);
  const found = { rows, images: root.querySelectorAll("img").length,
    links: [...root.querySelectorAll("a")].map((link) => link.getAttribute("href")) };
  list.destroy();
  root.remove();
  return found;
}"""

_WATERFALL = (
    PARSED
    + """
  const { criticalPath, criticalTimes } = await import(address.replace(/[^/]+$/, "critical_path.js"));
  const [trace] = traces;
  const root = document.createElement("div");
  root.style.setProperty("--room", "600px");
  document.body.append(root);
  const told = [];
  const act = { onSelect: (id) => told.push(id), onToggle() {}, onWindow() {}, onNext() {} };
  const shown = m.waterfall(root, { trace, critical: criticalTimes(criticalPath(trace)), path: true, lines: new Map(),
    window: { start: 0, end: trace.duration }, selected: null, collapsed: new Set(), matches: null,
    onlyMatches: false }, act);
  const result = await look(shown, root, trace, told);
  shown.destroy();
  root.remove();
  return result;
}"""
)


def _trace(**more):
    found = {
        "traceId": "ab" * 16,
        "rootService": "web",
        "rootName": "get_user",
        "start": 1.8e9,
        "durationSeconds": 0.012,
    }
    return {**found, "services": [{"name": "web", "spanCount": 3, "errorCount": 1}], "spanSets": [], **more}


def test_a_list_of_traces_says_what_each_was(module):
    other = _trace(rootService=HOSTILE, rootName=HOSTILE, durationSeconds=0, services=[])
    found = module("trace/list.js", _LIST, [_trace(), other])
    assert found["rows"] == [
        ["web get_user", "12 ms", "3", "1", "–"],
        [f"{HOSTILE} {HOSTILE}", "< 1 ms", "–", "0", "–"],
    ]
    assert found["images"] == 0
    assert found["links"] == ["/trace/" + "ab" * 16] * 2


def test_spans_that_match_lead_to_themselves(module):
    spans = [{"spanId": "cd" * 8, "name": "query", "durationSeconds": 0.004, "start": 1.8e9, "attributes": {}}]
    found = module("trace/list.js", _LIST, [_trace(spanSets=[{"matched": 2, "attributes": {}, "spans": spans}])])
    assert found["rows"][0][-1] == "2 query 4 ms"
    assert found["links"][1] == f"/trace/{'ab' * 16}?span={'cd' * 8}"


@pytest.mark.parametrize("spans", [3, 3000])
def test_a_waterfall_has_rows_only_for_what_is_seen(module, spans):
    look = """const look = (shown, root, trace) => ({ rows: root.querySelectorAll(".wf-row").length,
      told: Number(root.querySelector("[role=treegrid]").getAttribute("aria-rowcount")) });"""
    content = random_tree(1, spans, sequential=False)
    found = module("trace/waterfall.js", _WATERFALL.replace("const [trace]", f"{look} const [trace]"), [content])
    assert found["told"] == spans + 1
    assert 3 <= found["rows"] < 150


def test_a_row_names_its_span_to_a_screen_reader(module):
    look = """const look = (shown, root) => [...root.querySelectorAll(".wf-row")].map((row) =>
      [row.getAttribute("aria-level"), row.getAttribute("aria-expanded"), row.getAttribute("aria-label")]);"""
    spans = [span("root", 0, 1000, service="web"), span("q", 200, 700, "root", service="db", status="error")]
    assert module(
        "trace/waterfall.js", _WATERFALL.replace("const [trace]", f"{look} const [trace]"), [answer(spans)]
    ) == [
        [
            "1",
            "true",
            "web root · 1 ms, 100 % of the trace · self 500 µs · 500 µs on the critical path · starts 0 s in",
        ],
        [
            "2",
            None,
            "db q · 500 µs, 50 % of the trace · self 500 µs · 500 µs on the critical path · starts 200 µs in · error",
        ],
    ]


def test_arrow_keys_go_along_the_rows_and_enter_opens_one(module):
    look = """const look = (shown, root, trace, told) => {
      const grid = root.querySelector("[role=treegrid]");
      grid.focus();
      const names = ["ArrowDown", "ArrowDown", "ArrowUp", "End", "Home", "ArrowRight", "Enter"].map((key) => {
        grid.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        const id = grid.getAttribute("aria-activedescendant");
        return document.getElementById(id).querySelector(".wf-operation").textContent;
      });
      return [names, told.map((id) => trace.byId.get(id).name)];
    };"""
    spans = [span("root", 0, 100), span("a", 10, 40, "root"), span("b", 50, 90, "root")]
    found = module("trace/waterfall.js", _WATERFALL.replace("const [trace]", f"{look} const [trace]"), [answer(spans)])
    assert found == [["a", "b", "a", "b", "root", "a", "a"], ["a"]]
