"""A real Grafana, where one is on PATH, takes the provisioning as it is meant and reaches what stands behind it."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
import yaml

from grafana.query_catalogue import dashboard_files
from grafana.query_catalogue.links import DATA_SOURCES, as_grafana_reads
from lab.paths import REPOSITORY
from tests.e2e.queries.asking import Backends

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

SOURCES = {
    source["uid"]: source for source in as_grafana_reads(yaml.safe_load(DATA_SOURCES.read_text()))["datasources"]
}

#: One query for each data source with a backend in Grafana, and what its answer has to hold.
QUERIES = {
    "prometheus": {"expr": "service:requests:rate1m", "instant": True, "range": False},
    "loki": {"expr": 'sum by (service) (count_over_time({service=~".+"}[1m]))', "queryType": "range"},
}


@pytest.fixture(name="grafana")
def grafana_fixture(busy_native_lab: Backends) -> str:
    url = busy_native_lab.urls.get("grafana")
    if url is None:
        pytest.skip("grafana is not on PATH")
    return url


def get(url: str) -> Any:
    response = requests.get(url, timeout=10)
    assert response.ok, response.text
    return response.json()


def test_every_data_source_is_there_with_its_settings(grafana: str) -> None:
    found = {source["uid"]: source for source in get(f"{grafana}/api/datasources")}
    assert set(found) == set(SOURCES)
    for uid, source in SOURCES.items():
        assert (found[uid]["type"], found[uid]["jsonData"]) == (source["type"], source["jsonData"])
        assert found[uid]["readOnly"]


def test_every_correlation_is_there(grafana: str) -> None:
    found = get(f"{grafana}/api/datasources/correlations")
    correlations = found["correlations"] if isinstance(found, dict) else found
    expected = [(uid, one["label"]) for uid, source in SOURCES.items() for one in source.get("correlations", [])]
    assert sorted((one["sourceUID"], one["label"]) for one in correlations) == sorted(expected)


def test_every_dashboard_is_there_in_its_folder(grafana: str) -> None:
    found = get(f"{grafana}/api/search?type=dash-db")
    files = dashboard_files(REPOSITORY / "grafana/dashboards")
    assert {entry["uid"] for entry in found} == {file.stem for file in files}
    assert {entry["folderUid"] for entry in found} == {"glasshouse"}


def test_the_first_page_is_the_overview(grafana: str) -> None:
    assert get(f"{grafana}/api/dashboards/home")["dashboard"]["uid"] == "chain-overview"


@pytest.mark.parametrize("uid", QUERIES)
def test_a_query_through_grafana_has_data(uid: str, grafana: str) -> None:
    now = int(time.time() * 1000)
    query = {"refId": "A", "datasource": {"uid": uid}, "intervalMs": 5000, "maxDataPoints": 100, **QUERIES[uid]}
    body = {"queries": [query], "from": str(now - 300_000), "to": str(now)}
    response = requests.post(f"{grafana}/api/ds/query", json=body, timeout=20)
    assert response.ok, response.text
    frames = response.json()["results"]["A"]["frames"]
    assert {frame["schema"]["fields"][-1]["labels"]["service"] for frame in frames} >= {"frontend", "backend"}
