"""What every panel has to say, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.source import colours, panels, units
from grafana.source.queries import loki, prometheus

ROOT = Path(__file__).parents[3]

#: Types that a renderer of these dashboards has to know.
TYPES = {
    "timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "logs", "traces", "nodeGraph", "state-timeline",
    "text", "row",
}  # fmt: skip
NUMERIC = {"timeseries", "stat", "gauge", "bargauge", "state-timeline"}


def test_only_panel_types_that_are_agreed_on(dashboards: dict[str, dict[str, Any]]) -> None:
    assert {panel["type"] for board in dashboards.values() for panel in board["panels"]} <= TYPES


def test_every_panel_says_what_it_shows_and_what_a_bad_day_looks_like(panels: list[Any]) -> None:
    silent = [
        str(where)
        for where in panels
        if where.panel["type"] != "text"
        and not re.fullmatch(r".{20,}\n\n\*\*A bad day:\*\* .{3,}", where.panel.get("description", ""), re.DOTALL)
    ]

    assert silent == []


def test_every_number_has_a_unit(panels: list[Any]) -> None:
    known = {value for name, value in vars(units).items() if name.isupper()}
    unknown = [
        f"{where}: {unit}"
        for where in panels
        if where.panel["type"] in NUMERIC
        and (unit := where.panel["fieldConfig"]["defaults"].get("unit", "")) not in known
        and not unit.startswith("suffix:")
    ]

    assert unknown == []


def test_every_line_of_metrics_is_named(panels: list[Any]) -> None:
    """TraceQL metrics are named by Grafana itself; a single line of a stat needs no name."""
    nameless = [
        str(where)
        for where in panels
        if where.panel["type"] in {"timeseries", "bargauge", "state-timeline"}
        for target in where.panel["targets"]
        if target["datasource"]["type"] != "tempo" and not target.get("legendFormat")
    ]

    assert nameless == []


def test_every_query_goes_to_a_data_source_that_is_provisioned(dashboards: dict[str, dict[str, Any]]) -> None:
    text = (ROOT / "grafana/provisioning/datasources/lab.yml").read_text(encoding="utf-8")
    provisioned = {(source["uid"], source["type"]) for source in yaml.safe_load(text)["datasources"]}
    provisioned.add(("-- Mixed --", "datasource"))

    assert {
        (source["uid"], source["type"]) for board in dashboards.values() for source in _datasources(board)
    } <= provisioned


def _datasources(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("datasource"), dict):
            yield node["datasource"]
        for value in node.values():
            yield from _datasources(value)
    elif isinstance(node, list):
        for value in node:
            yield from _datasources(value)


def test_queries_of_a_panel_have_letters_of_their_own(panels: list[Any]) -> None:
    repeated = [
        str(where)
        for where in panels
        if len({target["refId"] for target in where.panel.get("targets", [])}) != len(where.panel.get("targets", []))
    ]

    assert repeated == []


def test_graphs_begin_at_zero(panels: list[Any]) -> None:
    """A line that fills its panel from 98 to 100 looks like a catastrophe. Only a budget may go below zero."""
    cut_off = [
        str(where)
        for where in panels
        if where.panel["type"] == "timeseries"
        and where.panel["fieldConfig"]["defaults"].get("min") != 0
        and not where.uid.endswith("-slo")
    ]

    assert cut_off == []


def test_graphs_of_durations_lead_to_traces_by_exemplars(panels: list[Any]) -> None:
    """Wherever PromQL names the buckets of a histogram itself, its exemplars are asked for. Locust's have none."""
    without = [
        str(where)
        for where in panels
        if where.panel["type"] in {"timeseries", "heatmap"}
        for target in where.panel["targets"]
        if "histogram_quantile(" in target.get("expr", "")
        and "_bucket" in target["expr"]
        and ":rate" not in target["expr"]
        and "loadtest_" not in target["expr"]
        and not target["exemplar"]
    ]

    assert without == []


def test_a_service_has_one_colour_everywhere(panels: list[Any]) -> None:
    wrong = [
        f"{where}: {service} is {colour}"
        for where in panels
        for override in where.panel.get("fieldConfig", {}).get("overrides", [])
        for item in override["properties"]
        if item["id"] == "color" and "fixedColor" in item["value"]
        for service, expected in colours.SERVICES.items()
        if (colour := item["value"]["fixedColor"]) != expected
        and override["matcher"]["options"] in (service, rf"/\b{service}\b/")
    ]

    assert wrong == []


def test_thresholds_are_green_amber_red_or_say_nothing(panels: list[Any]) -> None:
    allowed = {colours.GOOD, colours.WATCH, colours.BAD, colours.NEUTRAL, colours.UNJUDGED}
    other = [
        f"{where}: {step['color']}"
        for where in panels
        for step in where.panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", [])
        if step["color"] not in allowed
    ]

    assert other == []


def test_no_series_that_is_no_state_looks_like_one() -> None:
    states = {colours.GOOD, colours.WATCH, colours.BAD}

    assert states.isdisjoint({*colours.SERVICES.values(), *colours.SUBJECTS.values(), *colours.PERCENTILES.values()})
    for services in (colours.CHAIN, colours.EXCHANGE):
        assert len(set(services.values())) == len(services)


def test_every_type_of_error_that_a_service_answers_has_a_colour() -> None:
    """A type that is not listed gets a colour of no meaning."""
    answered = {
        name
        for service in colours.SERVICES
        for module in ROOT.glob(f"{service}_service/*.py")
        for name in re.findall(r'RequestError\(\s*\d{3},\s*"(\w+)"', module.read_text("utf-8"))
    }

    assert answered >= {"pool_exhausted", "database_unavailable", "backend_unavailable"}
    assert sorted(answered - colours.ERROR_TYPES.keys()) == []


def test_a_panel_without_a_query_is_refused() -> None:
    with pytest.raises(ValueError, match="'Empty' has no query"):
        panels.timeseries("Empty", shows="…", bad_day="…", unit=units.COUNT, queries=[])


def test_a_panel_with_queries_to_two_data_sources_is_mixed() -> None:
    panel = panels.stat(
        "Both",
        shows="…",
        bad_day="…",
        unit=units.COUNT,
        queries=[prometheus("up"), loki("count_over_time({a=`b`}[1m])")],
    ).build()

    assert panel.datasource is not None
    assert panel.datasource.uid == "-- Mixed --"
