"""Queries that are written by hand, in ready links and correlations, have the form of Grafana's own.

Each survives the way through the models that grafana-foundation-sdk has of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import loki, prometheus, tempo

from grafana.query_catalogue.links import DATA_SOURCES, as_grafana_reads
from lab.explore import every_question, explore_query

MODELS: Mapping[str, Any] = {
    "prometheus": prometheus.Dataquery,
    "loki": loki.Dataquery,
    "tempo": tempo.Dataquery,
}


def lost(data_source: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """What the model does not know, or reads as something else."""
    read = json.loads(json.dumps(MODELS[data_source].from_json(dict(query)), cls=JSONEncoder))
    return {key: value for key, value in query.items() if read.get(key) != value}


@pytest.mark.parametrize("link", every_question(), ids=lambda link: link.title)
def test_a_ready_link_has_grafanas_form(link: Any) -> None:
    assert lost(link.data_source, explore_query(link)) == {}


CORRELATIONS = [
    correlation
    for source in as_grafana_reads(yaml.safe_load(DATA_SOURCES.read_text()))["datasources"]
    for correlation in source.get("correlations", [])
]


@pytest.mark.parametrize("correlation", CORRELATIONS, ids=lambda correlation: correlation["label"])
def test_the_target_of_a_correlation_has_grafanas_form(correlation: Any) -> None:
    assert lost(correlation["targetUID"], correlation["config"]["target"]) == {}


def test_a_key_that_grafana_does_not_know_is_found() -> None:
    assert lost("tempo", {"queryType": "traceql", "querry": "{}"}) == {"querry": "{}"}
