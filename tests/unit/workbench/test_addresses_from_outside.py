"""Links that the lab makes into the workbench are those that its own pages make: one in Python, one in JavaScript."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from lab import workbench_links
from lab.explore import every_question, workbench_url

BASE = "http://127.0.0.1:8000"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
QUERY = '{service=~".+"} |= "a b+c & ü / \\" ~*" | json'


def same(python: str, javascript: str) -> None:
    one, other = urlsplit(python), urlsplit(BASE + javascript)
    assert (one.netloc, one.path) == (other.netloc, other.path)
    assert parse_qsl(one.query, strict_parsing=bool(one.query)) == parse_qsl(other.query)


LAST = {"from": "now-30m", "to": "now"}


@pytest.mark.parametrize("link", every_question(), ids=lambda link: link.title)
def test_a_question_opens_with_its_query_view_and_time(module, link):
    written = workbench_url(link, BASE).replace("{trace_id}", TRACE)
    query = link.query.replace("{trace_id}", TRACE)
    last = {"from": f"now-{link.minutes}m", "to": "now"}
    if link.view == "trace":
        same(written, module("addresses.js", "(m, id) => m.traceAddress(id)", query))
    elif link.view == "service map":
        same(written, module("addresses.js", "(m, range) => m.mapAddress(range)", last))
    else:
        pane = {"source": link.data_source, "query": query, "view": link.view}
        same(written, module("addresses.js", "(m, [pane, range]) => m.exploreAddress([pane], range)", [pane, last]))


def test_any_query_comes_through(module):
    pane = {"source": "loki", "query": QUERY, "view": "lines"}
    same(
        workbench_links.explore_address(BASE, "loki", QUERY, "lines", 30),
        module("addresses.js", "(m, [pane, range]) => m.exploreAddress([pane], range)", [pane, LAST]),
    )
    same(
        workbench_links.logs_address(BASE, QUERY, 30),
        module("addresses.js", "(m, view) => m.logsAddress(view)", {"query": QUERY, **LAST}),
    )


@pytest.mark.parametrize("trace_id", [TRACE, "a/b?c#d", "<script>"])
def test_a_trace_is_one_part_of_the_path_whatever_it_is_called(module, trace_id):
    same(
        workbench_links.trace_address(BASE, trace_id),
        module("addresses.js", "(m, id) => m.traceAddress(id)", trace_id),
    )


@pytest.mark.parametrize(
    "grafana",
    [
        "http://127.0.0.1:3000/d/chain-slo",
        "http://127.0.0.1:3000/d/chain-overview/title?var-service=backend&var-service=database&from=now-1h&to=now",
    ],
)
def test_a_dashboard_of_grafana_is_the_same_one_here(module, grafana):
    same(
        workbench_links.dashboard_address(BASE, grafana) or "",
        module("grafana_addresses.js", "(m, url) => m.fromGrafana(url)", grafana),
    )
