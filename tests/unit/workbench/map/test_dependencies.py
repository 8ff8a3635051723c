"""Dependencies: rows from numbers, what changed, a file of them, and what traces alone say."""

from __future__ import annotations

from typing import Any

from tests.browser import Modules
from tests.unit.workbench.trace.traces import answer, span

_ROWS = """(m, { numbers, history, before }) => m.dependenciesOf(new Map(Object.entries(numbers)),
  { history, before: before && new Map(Object.entries(before)) })"""


def call(client: str, server: str, value: float, connection: str = "") -> dict[str, Any]:
    kind = {"connection_type": connection} if connection else {}
    return {"labels": {"client": client, "server": server, **kind}, "value": value}


NUMBERS = {
    "calls": [call("b", "c", 1.0), call("a", "b", 3.0), call("x", "y", 0)],
    "callErrors": [call("a", "b", 0.1)],
    "callFailures": [call("a", "b", 0.3)],
    "callP50": [call("a", "b", 0.01)],
    "callP95": [call("a", "b", 0.2)],
}


def rows(module: Modules, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = module("map/dependencies.js", _ROWS, {"numbers": NUMBERS, "before": None, **given})
    return found


def test_rows_have_every_number_of_a_pair(module: Modules) -> None:
    first, second = rows(module)
    assert [(row["client"], row["server"]) for row in (first, second)] == [("a", "b"), ("b", "c")]
    assert {name: first[name] for name in ("calls", "errors", "failures", "p50", "p95", "share")} == {
        "calls": 3,
        "errors": 0.1,
        "failures": 0.3,
        "p50": 0.01,
        "p95": 0.2,
        "share": 0.75,
    }
    assert (second.get("errors"), second["before"], second["last"]) == (None, None, None)


def test_a_row_says_since_when_and_until_when(module: Modules) -> None:
    labels = {"client": "a", "server": "b"}
    history = [{"labels": labels, "times": [10, 20, 30, 40], "values": [0, 1, 2, 0]}]
    first, _ = rows(module, history=history)
    assert (first["since"], first["last"]) == (20, 30)
    first, _ = rows(module, history=[{**history[0], "values": [1, 1, 1, 1]}])
    assert (first["since"], first["last"]) == (None, 40)


def test_a_row_knows_what_was_before(module: Modules) -> None:
    first, second = rows(module, before={"calls": [call("a", "b", 2.0)], "callP95": [call("a", "b", 0.1)]})
    assert first["before"] == {"calls": 2, "errors": None, "p95": 0.1}
    assert second["before"] == {"calls": 0, "errors": None, "p95": None}


def test_the_file_has_a_line_for_each_row_and_no_formulas(module: Modules) -> None:
    asked = """(m, given) => m.csvOf(m.dependenciesOf(new Map(Object.entries(given)), {}))"""
    text = module("map/dependencies.js", asked, {"calls": [call("=1+1", 'a "b", c', 2.5)]})
    head, line, end = text.split("\r\n")
    assert head.startswith("client,server,kind,requests_per_second,failed_share")
    assert line.startswith('"\'=1+1",' if "\"'" in line else "'=1+1,")
    assert '"a ""b"", c",call,2.5' in line
    assert end == ""


def test_a_service_that_is_not_reached_is_down_however_its_calls_are(module: Modules) -> None:
    numbers = {"calls": [call("a", "b", 2)], "callErrors": [call("a", "b", 0)]}
    asked = """(m, given) => m.graphOf(m.dependenciesOf(new Map(Object.entries(given)), {}), { down: new Set("b") })
      .nodes.map((node) => [node.id, node.status, node.statusText])"""
    assert module("map/dependencies.js", asked, numbers) == [["a", "unknown", ""], ["b", "bad", "down"]]


def test_focus_dims_what_is_not_beside_it(module: Modules) -> None:
    numbers = {"calls": [call("a", "b", 1), call("b", "c", 1), call("d", "e", 1)]}
    asked = """(m, given) => {
      const g = m.graphOf(m.dependenciesOf(new Map(Object.entries(given)), {}), { focus: "a" });
      const near = (list) => list.filter((one) => !one.isDimmed);
      return [near(g.nodes).map((node) => node.id), near(g.edges).map((edge) => edge.target)]; }"""
    assert module("map/dependencies.js", asked, numbers) == [["a", "b"], ["b"]]


MAIL = {"peer.service": "mail"}


def calls_in(module: Modules, *spans: dict[str, Any]) -> list[list[Any]]:
    parsed = """async (m, answer) => {
      const base = performance.getEntriesByType("resource").map(({ name }) => name)
        .find((name) => name.endsWith("map/from_traces.js"));
      const { parseTrace } = await import(new URL("../trace/model.js", base).href);
      return m.callsIn(parseTrace(answer))
        .map((one) => [one.client, one.server, one.type, one.isFailed, one.isError]); }"""
    found: list[list[Any]] = module("map/from_traces.js", parsed, answer(spans))
    return sorted(found)


def test_calls_are_read_from_the_spans_of_a_trace(module: Modules) -> None:
    assert calls_in(
        module,
        span("in", 0, 90, service="gateway", kind="server"),
        span("out", 10, 80, "in", service="gateway", kind="client", status="error"),
        # 404 is the caller's error: only its span says so.
        span("order", 20, 70, "out", service="orders", kind="server"),
        span("query", 21, 22, "order", service="orders", kind="client", attributes={"db.system": "postgresql"}),
        span("mail", 23, 24, "order", service="orders", kind="client", status="error", attributes=MAIL),
        span("notify", 25, 26, "order", service="notifications", kind="consumer"),
        # Work inside a service is no call.
        span("work", 27, 28, "order", service="orders"),
        # Nobody knows whom this one called.
        span("call", 29, 30, "order", service="orders", kind="client"),
    ) == [
        ["gateway", "orders", "", False, True],
        ["orders", "mail", "virtual_node", True, True],
        ["orders", "notifications", "messaging_system", False, False],
        ["orders", "postgresql", "database", False, False],
        ["user", "gateway", "virtual_node", False, False],
    ]


def test_numbers_of_a_sample_of_calls(module: Modules) -> None:
    calls = [
        {"client": "a", "server": "b", "type": "", "seconds": seconds, "isFailed": seconds > 3, "isError": seconds > 2}
        for seconds in (4, 1, 3, 2)
    ]
    numbers = dict(module("map/from_traces.js", "(m, calls) => m.numbersOf(calls, 8)", calls))
    assert {name: one["value"] for name, (one,) in numbers.items()} == {
        "calls": 0.5,
        "callErrors": 0.25,
        "callFailures": 0.5,
        "callP50": 3,
        "callP95": 4,
    }
