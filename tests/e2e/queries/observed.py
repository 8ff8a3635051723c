"""What a running lab emits: names of log fields, span attributes, services. `python -m tests.e2e.queries.observed` on a
busy lab (with a fault, so that errors have been told too) writes tests/data/queries/emitted.json anew.

    LAB_STATE_DIR=… python -m tests.e2e.queries.observed
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests

from lab.paths import REPOSITORY, StateDirectory
from lab.run_state import read_run_state
from lab.telemetry_client import TelemetryClient

EMITTED = REPOSITORY / "tests/data/queries/emitted.json"

#: Stream labels whose values form a list that a reader could write down.
_LISTED = ("service", "level")
_MOST_TRACES = 300


def observe(backends: Mapping[str, str]) -> dict[str, Any]:
    """Names by where they stand, sorted."""
    seen: dict[str, set[str]] = {name: set() for name in ("log_fields", "span_attributes", "resource_attributes")}
    seen |= {name: set() for name in ("event_attributes", "span_names", "services")}
    with TelemetryClient.from_backends(backends) as client:
        labels = stream_labels(backends["loki"])
        for line in client.logs('{service=~".+"}', limit=5000, newest_first=True):
            seen["log_fields"].update(line.fields)
        ids = {
            trace["traceID"]
            for query in ("{}", "{ status = error }", "{ event:name != nil }")
            for trace in client.search_traces(q=query, limit=_MOST_TRACES)
        }
        for trace_id in ids:
            for span in client.trace(trace_id):
                seen["span_attributes"].update(span.attributes)
                seen["resource_attributes"].update(span.resource)
                seen["span_names"].add(span.name)
                seen["services"].add(span.service)
                for event in span.events:
                    seen["event_attributes"].update(event.attributes)
    return {"stream_labels": labels} | {name: sorted(names) for name, names in seen.items()}


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
    EMITTED.write_text(json.dumps(observe(state.backends), indent=2) + "\n")


if __name__ == "__main__":
    main()
