"""Grafana's data sources pointed at the store: each of their requests is answered with what they need."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.telemetry_store import chain_data, grafana_requests
from tests.integration.telemetry_store.chain_data import ChainData

ROWS = grafana_requests.rows()


@pytest.fixture(scope="module")
def data(store: Any) -> ChainData:
    """Ten minutes of the chain, sent to the store, which also scrapes itself."""
    address = store.urls["prometheus"].removeprefix("http://")
    store.targets_file.write_text(json.dumps([{"targets": [address], "labels": {"job": "telemetry_store"}}]))
    data = ChainData(time.time())
    chain_data.send(store, data)
    return data


@pytest.mark.parametrize("row", [row for row in ROWS if "generated" not in row], ids=lambda row: row["when"])
def test_a_request_of_grafana_is_answered(store: Any, data: ChainData, poll: Callable[..., Any], row: Any) -> None:
    if row["path"] == "/api/v1/metadata":
        poll(lambda: store.vector('up{job="telemetry_store"}'))
    places = grafana_requests.places(data, time.time())
    answer = grafana_requests.send(store, row, places)
    assert list(grafana_requests.faults(row, answer, places)) == []
