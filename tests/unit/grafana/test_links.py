"""No click leads nowhere: dashboards exist, variables exist there, and Explore gets a query it can read."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from grafana.source import colours, links
from grafana.source.directory import DIRECTORY
from grafana.source.layout import Page, dashboard
from grafana.source.variables import percentile, route, service

#: What a data link may take from the point or cell that was clicked, and from the dashboard.
BUILT_IN = re.compile(
    r"__field\.labels\.\w+|__value\.(raw|text)|__data\.fields\.?.*|__from|__to|__url_time_range|__series\.name"
)


def test_every_dashboard_that_is_linked_to_exists(addresses: list[tuple[str, str]]) -> None:
    missing = [
        (uid, address)
        for uid, address in addresses
        if address.startswith("/d/")
        for target in _targets(address)
        if target not in DIRECTORY
    ]

    assert missing == []


def _targets(address: str) -> list[str]:
    """The uids an address can lead to. A label of the clicked series may name the tier."""
    name = re.split(r"[?/]", address.removeprefix("/d/"))[0]
    if "${" in name:
        return [re.sub(r"\$\{.*\}", tier, name) for tier in colours.CHAIN]
    return [name]


def test_a_link_sets_only_variables_that_its_target_has(
    addresses: list[tuple[str, str]], dashboards: dict[str, dict[str, Any]]
) -> None:
    unknown = [
        (uid, address, name)
        for uid, address in addresses
        if address.startswith("/d/")
        for target in _targets(address)
        for name in re.findall(r"[?&]var-(\w+)=|\$\{(\w+):queryparam\}", address)
        if (name[0] or name[1]) not in {variable["name"] for variable in dashboards[target]["templating"]["list"]}
    ]

    assert unknown == []


def test_variables_in_an_address_are_those_of_its_dashboard_or_grafanas_own(
    addresses: list[tuple[str, str]], dashboards: dict[str, dict[str, Any]]
) -> None:
    unknown = [
        (uid, address, name)
        for uid, address in addresses
        for name in re.findall(r"\$\{([^}]+)\}", address)
        if not BUILT_IN.fullmatch(name.split(":")[0])
        and name.split(":")[0] not in {variable["name"] for variable in dashboards[uid]["templating"]["list"]}
    ]

    assert unknown == []


def test_every_link_into_explore_is_a_query_to_a_data_source_over_the_same_time(
    addresses: list[tuple[str, str]],
) -> None:
    explored = [address for _, address in addresses if address.startswith("/explore")]
    assert explored

    for address in explored:
        parameters = parse_qs(urlsplit(address).query, strict_parsing=True)
        (pane,) = json.loads(parameters["panes"][0]).values()
        (query,) = pane["queries"]
        assert parameters["schemaVersion"] == ["1"]
        assert pane["datasource"] == query["datasource"]["uid"]
        assert pane["range"] == {"from": "${__from}", "to": "${__to}"}
        assert query.get("expr") or query["query"]


def test_every_address_is_one_that_this_grafana_serves(addresses: list[tuple[str, str]]) -> None:
    """Relative, so that it works behind any address and port; empty for a drop-down of dashboards."""
    elsewhere = [
        (uid, address) for uid, address in addresses if not address.startswith(("/d/", "/explore?", "/alerting/"))
    ]

    assert elsewhere == []


def test_every_dashboard_leads_to_its_neighbours_and_to_all(dashboards: dict[str, dict[str, Any]]) -> None:
    for uid, board in dashboards.items():
        *neighbours, everything = board["links"]
        assert [link["title"] for link in neighbours] == [DIRECTORY[name].title for name in DIRECTORY[uid].neighbours]
        assert (everything["type"], everything["tags"]) == ("dashboards", ["glasshouse"])
        assert all(link["keepTime"] for link in board["links"])
        # Grafana would hide them in a menu.
        assert not any("placement" in link for link in board["links"])


def test_every_dashboard_is_a_neighbour_of_another() -> None:
    reached = {name for entry in DIRECTORY.values() for name in entry.neighbours}

    assert reached == set(DIRECTORY)
    assert [uid for uid, entry in DIRECTORY.items() if uid in entry.neighbours] == []


def test_a_choice_is_carried_only_where_it_means_the_same() -> None:
    """`/user/<id>` is no route of the backend: carried there, it would empty every panel."""
    frontend = Page("chain-frontend", "", [], [route("frontend"), percentile()], service="frontend")
    backend = Page("chain-backend", "", [], [route("backend"), percentile()], service="backend")
    logs = Page("chain-logs", "", [], [service()])

    model = dashboard(frontend, {page.uid: page for page in (frontend, backend, logs)})

    assert [link.url for link in model.links or []] == [
        "/d/chain-backend?${percentile:queryparam}",
        "/d/chain-logs?var-service=frontend",
        None,
    ]


@pytest.mark.parametrize("variable", ["${__field.labels.service}", "${__field.labels.route:percentencode}"])
def test_variables_stay_readable_for_grafana_in_an_address_of_explore(variable: str) -> None:
    address = links.to_logs("Lines", f'{{service="{variable}"}} |= "100 %"').build().url or ""

    assert variable in address
    assert "{" not in re.sub(r"\$\{[^}]*\}", "", address)
    assert '|= \\"100 %\\"' in unquote(address)
