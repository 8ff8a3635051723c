"""A link of the JSON leads to our page for it, with what was clicked filled in."""

import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from lab.paths import REPOSITORY
from tests.browser import Modules

RANGE = {"from": 1000.5, "to": 2000, "text": {"from": "now-15m", "to": "now"}}


def links(module: Modules, url: str, title: str = "", **click: Any) -> list[dict[str, Any]]:
    found = module(
        "dashboards/data_links.js",
        "(m, [links, click]) => m.linksOfClick(links, click)",
        [[{"title": title, "url": url}], {"range": RANGE, **click}],
    )
    assert isinstance(found, list)
    return found


def explore(expr: str, uid: str = "loki") -> str:
    """As grafana/source/links.py writes it: quoted, but for variables."""
    key = "query" if uid == "tempo" else "expr"
    pane = {
        "datasource": uid,
        "queries": [{"refId": "A", "datasource": {"uid": uid}, key: expr}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    return "/explore?panes=" + quote(json.dumps({"link": pane}), safe="${}")


def asked(href: str) -> tuple[str, dict[str, list[str]]]:
    parts = urlsplit(href)
    return parts.path, parse_qs(parts.query)


def test_a_link_to_a_dashboard_keeps_the_time_and_takes_the_label(module: Modules) -> None:
    (link,) = links(
        module,
        "/d/chain-${__field.labels.service}?${__url_time_range}&var-percentile=0.99",
        "Dashboard of ${__field.labels.service}",
        labels={"service": "backend"},
    )
    assert link["title"] == "Dashboard of backend"
    assert asked(link["href"]) == (
        "/dashboards/chain-backend",
        {"from": ["now-15m"], "to": ["now"], "var-percentile": ["0.99"]},
    )


def test_a_link_to_explore_carries_query_and_absolute_range(module: Modules) -> None:
    (link,) = links(module, explore('{service="${__field.labels.service}"} | json'), labels={"service": "backend"})
    path, parameters = asked(link["href"])
    assert path == "/explore"
    assert json.loads(parameters["left"][0]) == {"source": "loki", "query": '{service="backend"} | json'}
    assert (parameters["from"], parameters["to"]) == (["1000500"], ["2000000"])


@pytest.mark.parametrize("value", ['"} |= "x', "</script>", "a&panes={}", "%22", "\\", "a b+c", "ü"])
def test_a_clicked_value_stays_inside_of_the_query(value: str, module: Modules) -> None:
    (link,) = links(module, explore("{ ${__value.raw} }", "tempo"), value=value)
    _, parameters = asked(link["href"])
    assert json.loads(parameters["left"][0]) == {"source": "tempo", "query": "{ " + value + " }"}


def test_two_panes_are_two_panes(module: Modules) -> None:
    panes = {
        "a": {"datasource": "loki", "queries": [{"expr": "{a=`b`}"}]},
        "b": {"datasource": "prometheus", "queries": [{"expr": "up", "datasource": {"uid": "prometheus"}}]},
    }
    (link,) = links(module, "/explore?panes=" + quote(json.dumps(panes), safe=""))
    _, parameters = asked(link["href"])
    assert json.loads(parameters["left"][0])["query"] == "{a=`b`}"
    assert json.loads(parameters["right"][0]) == {"source": "prometheus", "query": "up"}


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("/alerting/list?search=state:firing", "/#alerts"),
        ("/dashboards", "/dashboards"),
        ("/d/chain-slo?viewPanel=12", "/dashboards/chain-slo?panel=12"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("/admin/users", None),
        ("/explore?panes=nonsense", None),
        ("/explore?panes=null", None),
        ("/d/%zz", None),
        (" javascript:alert(1)", None),
        ("/\\example.org/", None),
        ("javascript:alert(1)", None),
        ("//example.org/", None),
        ("data:text/html,x", None),
        ("", None),
    ],
)
def test_where_an_address_leads(url: str, href: str | None, module: Modules) -> None:
    found = links(module, url)
    assert [link["href"] for link in found] == ([href] if href else [])


def test_a_value_cannot_turn_a_link_into_another_address(module: Modules) -> None:
    assert links(module, "${__value.raw}", value="javascript:alert(1)") == []
    (link,) = links(module, "/d/chain-${__value.raw}?${__url_time_range}", value="../../x?y")
    assert urlsplit(link["href"]).path == "/dashboards/chain-..%2F..%2Fx%3Fy"


def test_of_the_committed_links_every_one_leads_somewhere(module: Modules) -> None:
    urls: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if "url" in value and "title" in value and value.get("type", "link") == "link":
                urls.add(value["url"])
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    for file in (REPOSITORY / "grafana/dashboards").glob("*.json"):
        collect(json.loads(file.read_text()))
    assert len(urls) > 40
    nowhere = [
        url for url in sorted(urls) if not links(module, url, "t", value="backend", labels={"service": "backend"})
    ]
    assert nowhere == []
