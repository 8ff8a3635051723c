"""What the services of a system emit in a running lab: names of metrics, log fields, spans, attributes.

    LAB_STATE_DIR=… python -m tests.e2e.queries.observed

on a busy lab adds what is new to tests/data/queries/emitted/<system>.json, for each of its systems. What only a fault
brings about comes with a fault. To take out what is gone, delete the file first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import requests

from docs.metrics_of_code import metrics_of_system
from lab.manifest import discover
from lab.paths import StateDirectory
from lab.run_state import read_run_state
from lab.telemetry_client import TelemetryClient
from tests.unit.queries.sources import EMITTED, emitted

#: Stream labels whose values form a list that a reader could write down.
_LISTED = ("service", "level")
#: What the lab says itself, of faults and notes, belongs to whatever runs in it.
_LAB = "lab"
#: Of any kind, and of each service.
_MOST_TRACES, _MOST_TRACES_OF_A_SERVICE = 100, 20
#: What is told of each service.
_GROUPS = ("metrics", "spans", "log_fields")
_ATTRIBUTES = ("span_attributes", "resource_attributes", "event_attributes")
_ENDINGS = ("_bucket", "_count", "_sum")

#: What Prometheus says of targets, and what rules and Tempo make of what services emit.
_OF_NOBODY = re.compile(r"up$|scrape_|ALERTS|traces_|.*:|process_|python_")

#: Group to names, or to service to group to names.
Names = dict[str, Any]


def observe(backends: Mapping[str, str], services: Collection[str]) -> Names:
    """Names by where they stand, sorted: what these services emit, and the lab."""
    attributes: dict[str, set[str]] = {name: set() for name in _ATTRIBUTES}
    said: dict[str, dict[str, set[str]]] = {
        name: {group: set() for group in _GROUPS} for name in sorted({*services, _LAB})
    }
    for name in services:
        said[name]["metrics"] = set(metrics_of(backends["prometheus"], name))
    with TelemetryClient.from_backends(backends) as client:
        labels = stream_labels(backends["loki"])
        for name in said:
            for line in client.logs(f'{{service="{name}"}}', limit=5000, newest_first=True):
                said[name]["log_fields"].update(line.fields)
        limits = dict.fromkeys(("{}", "{ status = error }", "{ event:name != nil }"), _MOST_TRACES)
        limits |= {f'{{ resource.service.name = "{name}" }}': _MOST_TRACES_OF_A_SERVICE for name in services}
        ids = {
            trace["traceID"] for query, limit in limits.items() for trace in client.search_traces(q=query, limit=limit)
        }
        for trace_id in ids:
            for span in client.trace(trace_id):
                if span.service not in services:
                    continue
                said[span.service]["spans"].add(span.name)
                attributes["span_attributes"].update(span.attributes)
                attributes["resource_attributes"].update(span.resource)
                for event in span.events:
                    attributes["event_attributes"].update(event.attributes)
    return {
        "stream_labels": {name: values if name == "level" else [] for name, values in labels.items()},
        **{group: sorted(names) for group, names in attributes.items()},
        "services": {name: {group: sorted(names) for group, names in groups.items()} for name, groups in said.items()},
    }


def together(one: Any, other: Any) -> Any:
    """All names of both, where they stand."""
    if isinstance(one, dict):
        return {
            key: together(one.get(key, type(other.get(key))()), other.get(key, type(one.get(key))()))
            for key in {**one, **other}
        }
    return sorted({*one, *other})


def unlisted(seen: Names, system: str) -> dict[str, set[str]]:
    """What was seen, whichever service it was, and is neither in the system's list nor in its code; by group.

    Names of spans are not compared: whoever finishes what a killed process has left in the middle does what is seldom
    seen."""
    listed = emitted(system)
    of_services = {group: {name for said in seen["services"].values() for name in said[group]} for group in _GROUPS}
    found = {
        "log_fields": of_services["log_fields"] - listed.log_fields,
        "metrics": of_services["metrics"] - {metric.name for metric in metrics_of_system(discover()[system])},
        **{group: set(seen[group]) - getattr(listed, group) for group in _ATTRIBUTES},
    }
    return {group: names for group, names in found.items() if names}


def metrics_of(prometheus_url: str, service: str) -> Iterator[str]:
    """Names of the metrics that a service is scraped for; a histogram's without its endings."""
    asked = {"match[]": f'{{service="{service}", job!="loadtest"}}'}
    names = requests.get(f"{prometheus_url}/api/v1/label/__name__/values", params=asked, timeout=10).json()["data"]
    histograms = {name.removesuffix("_bucket") for name in names if name.endswith("_bucket")}
    for name in names:
        base = next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)
        if not _OF_NOBODY.match(name):
            yield base if base in histograms else name


def stream_labels(loki_url: str) -> dict[str, list[str]]:
    names = requests.get(f"{loki_url}/loki/api/v1/labels", timeout=10).json()["data"]
    return {
        name: sorted(requests.get(f"{loki_url}/loki/api/v1/label/{name}/values", timeout=10).json()["data"])
        if name in _LISTED
        else []
        for name in sorted(names)
    }


def main() -> None:
    state = read_run_state(StateDirectory.choose())
    assert state is not None, "no lab is running"
    running = {process.name for process in state.processes}
    for system in discover().values():
        services = {service.name for service in system.services}
        if services <= running:
            file = EMITTED / f"{system.name}.json"
            seen = observe(state.backends, services)
            known = json.loads(file.read_text()) if file.exists() else seen
            file.write_text(json.dumps(together(known, seen), indent=2) + "\n")


if __name__ == "__main__":
    main()
