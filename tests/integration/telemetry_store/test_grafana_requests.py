"""Grafana's data sources pointed at the store: each of their requests is answered with what they need."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.telemetry_store import chain_data, grafana_requests
from tests.integration.telemetry_store.chain_data import ChainData

ROWS = grafana_requests.rows()


@pytest.fixture(scope="module")
def chain_store(store_of: Callable[..., Any]) -> Iterator[Any]:
    """A store that got ten minutes of the chain, makes metrics of its spans often, and scrapes itself."""
    store = store_of("--generated-metrics-interval", "0.3")
    address = store.urls["prometheus"].removeprefix("http://")
    store.targets_file.write_text(json.dumps([{"targets": [address], "labels": {"job": "telemetry_store"}}]))
    store.data = ChainData(time.time())
    chain_data.send(store, store.data)
    yield store
    assert store.stop() == 0


def faults(store: Any, row: dict[str, Any]) -> list[str]:
    """What is wrong with the answer to a row's request."""
    places = grafana_requests.places(store.data, time.time())
    return list(grafana_requests.faults(row, grafana_requests.send(store, row, places), places))


def named(row: dict[str, Any]) -> str:
    return f"{row['api']}: {row['when']}"


@pytest.mark.parametrize("row", [row for row in ROWS if "generated" not in row], ids=named)
def test_a_request_of_grafana_is_answered(chain_store: Any, poll: Callable[..., Any], row: Any) -> None:
    if "missing" in row and faults(chain_store, row):
        pytest.xfail(row["missing"])
    if row["path"] == "/api/v1/metadata":
        poll(lambda: chain_store.vector('up{job="telemetry_store"}'))
    assert faults(chain_store, row) == []


@pytest.mark.parametrize("row", [row for row in ROWS if "generated" in row], ids=named)
def test_the_service_map_is_answered_soon_after_the_spans_came(
    chain_store: Any, poll: Callable[..., Any], row: Any
) -> None:
    poll(lambda: faults(chain_store, row) == [])
