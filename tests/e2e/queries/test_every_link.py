"""Every link that the data sources provision is followed as Grafana follows it: from each answer that shows the link,
to what the click asks. None leads to nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from grafana.query_catalogue import Click, Query, provisioned_clicks
from lab.telemetry_client import TelemetryClient, attributes_of
from tests.e2e.queries.asking import Backends, complaint

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

#: Different values of one field that are clicked; a field has few.
MOST = 60

CLICKS = [pytest.param(click, id=click.where) for click in provisioned_clicks()]


def sources(click: Click, backends: Backends) -> Iterator[Mapping[str, str]]:
    """The variables of the click, once for each answer that would show the link."""
    urls = backends.urls
    if click.source == "prometheus" and click.on == "exemplar":
        yield from exemplars(click, urls["prometheus"])
    elif click.source == "prometheus":
        values = requests.get(f"{urls['prometheus']}/api/v1/label/{click.on}/values", timeout=10).json()["data"]
        for value in values[:MOST]:
            taken = click.taken_from(value)
            if taken is not None:
                yield {"__value.raw": value, **taken}
    elif click.source == "loki":
        yield from lines(click, backends)
    elif click.on == "span":
        yield from spans(click, backends)
    else:
        # Not the newest: their log lines may still be on their way.
        end = int(time.time()) - 5
        parameters = {"q": "{}", "limit": "5", "start": str(end - 600), "end": str(end)}
        for trace in requests.get(f"{urls['tempo']}/api/search", params=parameters, timeout=10).json()["traces"]:
            yield {"traceID": trace["traceID"], "traceName": trace["rootTraceName"]}


def exemplars(click: Click, url: str) -> Iterator[Mapping[str, str]]:
    label = click.template.strip("${}")
    end = time.time()
    for metric in ("frontend_request_duration_seconds_bucket", "traces_spanmetrics_latency_bucket"):
        parameters = {"query": metric, "start": end - 120, "end": end}
        for series in requests.get(f"{url}/api/v1/query_exemplars", params=parameters, timeout=10).json()["data"][:5]:
            for exemplar in series["exemplars"][-2:]:
                if label in exemplar["labels"]:
                    yield {label: exemplar["labels"][label]}


def lines(click: Click, backends: Backends) -> Iterator[Mapping[str, str]]:
    with TelemetryClient.from_backends(backends.urls) as client:
        for line in client.logs('{service=~"frontend|backend|database"}', limit=1000, newest_first=True)[200:]:
            if click.pattern is None:
                if click.on in line.fields:
                    yield {"__value.raw": str(line.fields[click.on])}
                continue
            found = click.pattern.search(line.line)
            if found:
                yield found.groupdict() or {"__value.raw": found[1]}


def spans(click: Click, backends: Backends) -> Iterator[Mapping[str, str]]:
    content = requests.get(f"{backends.urls['tempo']}/api/v2/traces/{backends.trace_id}", timeout=10).json()
    for batch in content["trace"]["resourceSpans"]:
        service = attributes_of(batch["resource"]["attributes"])["service.name"]
        for scope in batch["scopeSpans"]:
            for span in scope["spans"]:
                yield {
                    "__tags": f'service="{service}"',
                    "__trace.traceId": backends.trace_id,
                    "__span.traceId": backends.trace_id,
                    "__span.name": span["name"],
                }


def asked(click: Click, backends: Backends) -> list[Query]:
    different: dict[str, Query] = {}
    for values in sources(click, backends):
        query = click.query(values)
        different.setdefault(query.text, query)
    # Old and new ones alike.
    return list(different.values())[:: len(different) // MOST + 1]


def check(click: Click, backends: Backends) -> None:
    queries = asked(click, backends)
    assert queries, "nothing that could be clicked was found"
    problems: dict[str, Any] = {}
    for query in queries:
        problem = complaint(query, backends.ask(query))
        if problem:
            problems[query.text] = problem
    assert not problems, json.dumps(problems, indent=2)


@pytest.mark.parametrize("click", CLICKS)
def test_a_click_leads_somewhere(click: Click, busy_lab: Backends) -> None:
    check(click, busy_lab)


@pytest.mark.parametrize("click", CLICKS)
def test_a_click_leads_somewhere_with_real_servers(click: Click, busy_native_lab: Backends) -> None:
    check(click, busy_native_lab)
