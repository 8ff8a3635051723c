"""The lists of what is emitted, against which every name in a query is checked, say what running labs really emit."""

from __future__ import annotations

import pytest
import requests

from lab.manifest import discover
from tests.e2e.queries.asking import Backends
from tests.e2e.queries.observed import observe, unlisted
from tests.unit.queries.sources import backend_metrics, emitted

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


def test_nothing_is_emitted_that_is_not_in_the_list(busy_lab: Backends) -> None:
    services = {service.name for service in discover()["chain"].services}
    # For a new name: python -m tests.e2e.queries.observed
    seen = observe(busy_lab.urls, services)
    assert unlisted(seen, "chain") == {}
    assert {span for said in seen["services"].values() for span in said["spans"]} <= emitted("chain").span_names


def test_what_identifies_a_line_and_a_span_is_in_the_list() -> None:
    assert {"trace_id", "span_id", "message", "error.type"} <= emitted().log_fields
    assert {"http.route", "url.path", "db.query.plan"} <= emitted().span_attributes


def metric_problems(lab: Backends) -> list[str]:
    url = lab.urls["prometheus"]
    problems = []
    for name, metric in backend_metrics().items():
        if not {"made", *lab.processes} & set(metric["by"]):
            continue
        series = requests.get(f"{url}/api/v1/series", params={"match[]": name}, timeout=10).json()["data"]
        if not series and not metric.get("when"):
            problems.append(f"{name} does not exist")
        for label in metric.get("labels", ()):
            if series and not any(label in one for one in series):
                problems.append(f"{name} has no label {label}")
    return problems


def test_metrics_of_backends_are_as_listed(busy_lab: Backends) -> None:
    assert metric_problems(busy_lab) == []


def test_metrics_of_real_backends_are_as_listed(busy_native_lab: Backends) -> None:
    assert metric_problems(busy_native_lab) == []
