"""What a query names and nobody has; and which systems have all that it names."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from grafana.query_catalogue import Query
from lab.manifest import discover
from tests.unit.queries.promql_names import PromqlNames
from tests.unit.queries.sources import emitted, emitted_by, metrics
from tests.unit.queries.trace_and_log_names import logql_problems, traceql_problems

#: Labels of metrics whose values are names of systems, services and spans.
_NAMING = re.compile(r'\b(?:job|service|client|server|group|span_name)(=~?)"([^"]*)"')


def problems_of(query: Query, system: str = "") -> list[str]:
    """What it names that no system has, or not this one."""
    if query.language == "promql":
        names = PromqlNames(metrics(system))
        labels = names.selector(query.text) if query.kind == "label values" else names.labels_of(query.text)
        asked = [query.label] if query.kind == "label values" else query.legend_labels
        missing = [f"the answer has no label {label}" for label in asked if label not in labels]
        return names.problems + missing + (list(_of_others(query.text, system)) if system else [])
    if query.kind in ("trace", "label values"):
        return []
    if query.language == "logql":
        return logql_problems(query.text, emitted(system))
    return traceql_problems(query.text, emitted(system))


@functools.cache
def systems_that_answer(query: Query) -> frozenset[str]:
    """Those that have everything that the query names. All of them for one that is about none in particular."""
    return frozenset(system for system in discover() if not problems_of(query, system))


def _of_others(text: str, system: str) -> Iterator[str]:
    """Values of labels that are names in other systems, and not in this one."""
    for operation, value in _NAMING.findall(text):
        owners = [
            name
            for name in discover()
            if any(re.fullmatch(value, one) if operation == "=~" else one == value for one in _names_in(name))
        ]
        if owners and system not in owners:
            yield f"{value} belongs to {', '.join(owners)}"


@functools.cache
def _names_in(system: str) -> frozenset[str]:
    services = emitted_by(system)["services"]
    return frozenset({system, *services, *(span for said in services.values() for span in said["spans"])})
