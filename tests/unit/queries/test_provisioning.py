"""Grafana's provisioning files: only keys that Grafana knows, only uids, addresses and names that exist."""

from __future__ import annotations

import configparser
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from jsonschema import Draft202012Validator

from grafana.query_catalogue.links import as_grafana_reads
from grafana.query_catalogue.rules import rules_of
from lab.explore import DataSource
from lab.manifest import discover
from lab.paths import REPOSITORY
from lab.ports import LabPorts, url
from telemetry_store.metrics.rules.templates import AlertTemplates, Outside
from tests.unit.queries.sources import DATA, RULES, emitted

PROVISIONING = REPOSITORY / "grafana/provisioning"
DASHBOARDS = REPOSITORY / "grafana/dashboards"

#: The part of the schema for each directory.
KINDS = {"datasources": "data sources", "dashboards": "dashboards", "plugins": "plugins", "alerting": "alerting"}
FILES = sorted(PROVISIONING.glob("*/*.yml"))


def content(file: Path) -> Any:
    return as_grafana_reads(yaml.safe_load(file.read_text()))


def mistakes(kind: str, document: Any) -> list[str]:
    schema = json.loads((DATA / "grafana_provisioning.schema.json").read_text())
    validator = Draft202012Validator(
        {"$ref": f"#/$defs/{kind.replace(' ', '%20')}", **schema},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.fixture(name="sources")
def sources_fixture() -> dict[str, dict[str, Any]]:
    """The data sources by uid."""
    return {source["uid"]: source for source in content(PROVISIONING / "datasources/lab.yml")["datasources"]}


@pytest.fixture(name="dashboards")
def dashboards_fixture() -> dict[str, dict[str, Any]]:
    return {file.stem: json.loads(file.read_text()) for file in DASHBOARDS.glob("*.json")}


def test_there_is_a_file_for_each_directory_that_grafana_looks_into() -> None:
    assert {file.parent.name for file in FILES} == set(KINDS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_a_file_has_only_what_grafana_reads(file: Path) -> None:
    assert mistakes(KINDS[file.parent.name], content(file)) == []


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("datasources", 0), "basicAuthUsr", "x"),
        (("datasources", 0, "jsonData"), "timeIntervall", "5s"),
        (("datasources", 0, "jsonData", "exemplarTraceIdDestinations", 0), "datasourceUID", "tempo"),
        (("datasources", 0, "correlations", 0), "type", "query"),
        (("datasources", 0, "correlations", 0), "description", None),
        (("datasources", 0, "correlations", 0, "config", "transformations", 0), "type", "regexp"),
        (("datasources", 1, "jsonData"), "maxLines", 1000),
        (("datasources", 1, "jsonData", "derivedFields", 0), "matcherType", "line"),
        (("datasources", 2, "jsonData"), "tracesToLogs", {}),
        (("datasources", 2, "jsonData", "tracesToLogsV2"), "customQuery", False),
        (("datasources", 2, "jsonData", "search", "filters", 0), "scope", "Resource"),
        (("datasources", 3, "jsonData"), "implementation", "Prometheus"),
    ],
    ids=str,
)
def test_what_grafana_would_overlook_is_found(path: tuple[Any, ...], key: str, value: Any) -> None:
    document = copy.deepcopy(content(PROVISIONING / "datasources/lab.yml"))
    place = document
    for step in path:
        place = place[step]
    place[key] = value
    assert len(mistakes("data sources", document)) == 1


def test_a_single_dollar_sign_is_refused() -> None:
    """Grafana would take `${__value.raw}` for an environment variable, and send an empty query."""
    assert as_grafana_reads({"url": "$${__value.raw}"}) == {"url": "${__value.raw}"}
    with pytest.raises(ValueError, match=re.escape("write $$")):
        as_grafana_reads({"list": [{"url": "${__value.raw}"}]})


def values_of(document: Any, keys: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key in keys:
                yield value
            yield from values_of(value, keys)
    elif isinstance(document, list):
        for item in document:
            yield from values_of(item, keys)


def test_every_data_source_that_is_referred_to_exists(sources: dict[str, dict[str, Any]]) -> None:
    referred = set(values_of(list(sources.values()), ("datasourceUid", "targetUID", "alertmanagerUid")))
    assert referred <= set(sources)
    assert set(get_args(DataSource)) <= set(sources)


def test_dashboards_use_only_data_sources_that_exist(
    sources: dict[str, dict[str, Any]], dashboards: dict[str, dict[str, Any]]
) -> None:
    # Grafana's own: a panel with several data sources, and annotations made by hand.
    own = {"-- Mixed --", "-- Grafana --"}
    for uid, dashboard in dashboards.items():
        for reference in values_of(dashboard, ("datasource",)):
            assert reference["uid"] in own or sources[reference["uid"]]["type"] == reference["type"], uid


def test_there_is_one_data_source_to_begin_with(sources: dict[str, dict[str, Any]]) -> None:
    assert [uid for uid, source in sources.items() if source.get("isDefault")] == ["prometheus"]


def test_a_data_source_is_asked_where_its_server_is(sources: dict[str, dict[str, Any]]) -> None:
    """By its name on the containers' network; other stacks replace the address."""
    for uid, source in sources.items():
        assert source["url"] == f"http://{uid}:{getattr(LabPorts(), uid)}"


def test_dashboards_are_provisioned_from_where_they_are_mounted() -> None:
    (provider,) = content(PROVISIONING / "dashboards/lab.yml")["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"


def test_grafana_opens_with_a_dashboard_that_exists(dashboards: dict[str, dict[str, Any]]) -> None:
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(REPOSITORY / "grafana/grafana.ini")
    home = Path(settings["dashboards"]["default_home_dashboard_path"])
    assert home.parent == Path("/etc/grafana/dashboards")
    assert home.stem in dashboards


def test_tempo_links_and_filters_by_attributes_that_spans_have(sources: dict[str, dict[str, Any]]) -> None:
    settings, known = sources["tempo"]["jsonData"], emitted()
    for link in ("tracesToLogsV2", "tracesToMetrics"):
        assert {tag["key"] for tag in settings[link]["tags"]} <= known.resource_attributes
    assert settings["spanBar"]["tag"] in known.span_attributes
    attributes = {"resource": known.resource_attributes, "span": known.span_attributes | {"name"}}
    for chosen in settings["search"]["filters"]:
        assert chosen["scope"] == "intrinsic" or chosen["tag"] in attributes[chosen["scope"]], chosen


def test_spans_lead_to_the_label_that_log_streams_have(sources: dict[str, dict[str, Any]]) -> None:
    labels = {tag["value"] for tag in sources["tempo"]["jsonData"]["tracesToLogsV2"]["tags"]}
    assert labels <= emitted().stream_labels


ALERTS = [rule for file in sorted(RULES.glob("*.yml")) for rule in rules_of(file) if "alert" in rule]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_leads_to_a_dashboard_that_exists(
    alert: dict[str, Any], dashboards: dict[str, dict[str, Any]]
) -> None:
    services = [(system.name, service.name) for system in discover().values() for service in system.services]
    link = alert["annotations"]["dashboard_url"]
    if "chain-{{ $labels.service }}?" in link:
        # What is counted under the chain's own names alerts about its services only.
        about = [(job, service) for job, service in services if job == "chain"]
    elif "/{{ $labels.job }}-" in link:
        # Objectives are those of systems.
        about = services
    else:
        about = [*services, ("loki", "loki")]
    for job, service in about:
        templates = AlertTemplates(alert["alert"], Outside(lambda expression, milliseconds: []))
        address = templates.expand(link, {"job": job, "service": service}, 1.0, 0)
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}" == url(LabPorts().grafana)
        uid = parts.path.removeprefix("/d/")
        assert uid in dashboards
        chosen = {name.removeprefix("var-") for name in parse_qs(parts.query) if name.startswith("var-")}
        assert chosen <= {variable["name"] for variable in dashboards[uid]["templating"]["list"]}
