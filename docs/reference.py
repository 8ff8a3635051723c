"""Writes the reference pages that are made from the code: `python -m docs.reference`. A test compares them.

settings.md comes from the tables of settings of each service, the workbench and the telemetry store, signals.md from
the services' metrics, routes, and what they were seen to emit, explore.md from the ready questions of `lab status`,
faults.md from faults/.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from docs.metrics_of_code import (
    DeclaredMetric,
    folder_of,
    metrics_of_folder,
    metrics_of_system,
)
from lab import explore
from lab.faults.catalogue import Fault, read_whole_catalogue
from lab.manifest import Service, System, discover
from lab.paths import REPOSITORY
from lab.ports import LabPorts, url
from observability.settings import Setting
from observability.telemetry import SETTINGS as TELEMETRY_SETTINGS
from observability.tracing import TRACING_SETTINGS
from telemetry_store.settings import SETTINGS as STORE_SETTINGS
from workbench.settings import SETTINGS as WORKBENCH_SETTINGS
from workbench.settings import Setting as WorkbenchSetting

DOCS = Path(__file__).parent
_MADE = "<!-- Made by `python -m docs.reference` from the code: change it there. -->\n"

_SETTINGS_INTRODUCTION = """\
Every service reads its environment once, at its start. `lab up` sets what belongs together; these are the defaults
of a service that is started alone, with `python -m frontend_service`. A value that cannot be used is named and ends
the start.

`FLAGD_OFFLINE_FLAG_SOURCE_PATH`, which is flagd's own, names a file of [feature flags](guide/faults.md); what changes
in it is in effect within a second. Without it there are none.
"""

_TELEMETRY_INTRODUCTION = """\
`OTEL_*` variables keep the names and meanings that OpenTelemetry's specification gives them; `OTEL_SERVICE_NAME`,
`OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_PROPAGATORS` and the span limits are read by the SDK itself.
"""

_WORKBENCH_INTRODUCTION = """\
Of `python -m workbench`, the page on port 8000: [what it shows](guide/workbench.md).
"""

_STORE_INTRODUCTION = """\
Options of `python -m telemetry_store`, not variables; `lab up` sets what belongs together here as well.
"""

_SIGNALS_INTRODUCTION = """\
Each service's own metrics with types and labels, its spans, and the fields of its log lines; what several services have
stands at the end of each system. Every series carries `service` and `job` as target labels besides. Spans and fields
are those that were seen in a busy lab: what only a fault brings about may be missing.
"""

#: Every line has them.
_FIELDS_OF_EVERY_LINE = ("timestamp", "level", "service", "message", "trace_id", "span_id")

_EXPLORE_INTRODUCTION = """\
Questions to start from. Each link opens the workbench, or Grafana's Explore, on its usual port, with the query in the
editor: change it, and see what changes. `python3 lab status` shows the same list with the addresses of your lab.

A link with `{trace_id}` is one to fill in: the id is on the page of a user or a product, in the `X-Trace-Id` header of
every answer, on every log line (`trace_id`), and in the tables that a search for traces gives.
"""

_FAULTS_INTRODUCTION = """\
What can be broken on purpose, and what that looks like: [how to use them](guide/faults.md). Whoever wants to find out
by himself stops reading here.
"""

_EXPLORE_SECTIONS = {
    "prometheus": ("Metrics", "promql"),
    "loki": ("Log lines", "logql"),
    "tempo": ("Traces", "traceql"),
}


def settings_page() -> str:
    """docs/settings.md."""
    shared = (*TELEMETRY_SETTINGS, *TRACING_SETTINGS)
    parts = [
        "# Settings\n",
        _MADE,
        _SETTINGS_INTRODUCTION,
    ]
    for module in (service.module for system in discover().values() for service in system.services):
        parts += [f"## {module}\n", _table(import_module(f"{module}.settings").SETTINGS)]
    parts += [
        "## Every service's telemetry\n",
        _TELEMETRY_INTRODUCTION,
        _table(shared),
        "## workbench\n",
        _WORKBENCH_INTRODUCTION,
        _table(WORKBENCH_SETTINGS),
        "## telemetry_store\n",
        _STORE_INTRODUCTION,
        "| option | default | for |\n|---|---|---|",
        *(f"| `--{option.name}` | {_default(option.default_as_typed)} | {option.help} |" for option in STORE_SETTINGS),
        "",
    ]
    return "\n".join(parts)


def signals_page() -> str:
    """docs/signals.md."""
    parts = [
        "# What the services emit\n",
        _MADE,
        _SIGNALS_INTRODUCTION,
    ]
    for system in discover().values():
        parts.append(f"## {system.title}\n")
        seen = _seen(system)
        for service in system.services:
            parts += _signals_of(service, seen["services"][service.name])
        parts += _shared_signals(system, seen)
    parts += [
        "## A load test, while it runs\n",
        "Targets of the job `loadtest`; what Locust counts, seen from outside. Their `system` says whose journeys.\n",
        "| metric | type | labels |\n|---|---|---|",
        "| `loadtest_users` | gauge | – |",
        "| `loadtest_requests_total` | counter | `method`, `name`, `result` (success, failure) |",
        "| `loadtest_request_duration_seconds` | histogram | `method`, `name` |",
        "",
    ]
    return "\n".join(parts)


def explore_page() -> str:
    """docs/explore.md."""
    parts = ["# Ready questions\n", _MADE, _EXPLORE_INTRODUCTION]
    for data_source, (heading, language) in _EXPLORE_SECTIONS.items():
        parts.append(f"## {heading}\n")
        for link in explore.every_question():
            if link.data_source == data_source:
                here, there = (
                    explore.workbench_url(link, url(LabPorts().workbench)),
                    explore.grafana_url(link, url(LabPorts().grafana)),
                )
                parts.append(f"**[{link.title}]({here})** ([in Grafana]({there})): {link.tells}")
                if link.empty_when_healthy:
                    parts.append(f"It may be empty: {link.empty_when_healthy}.")
                parts.append(f"\n```{language if link.view != 'service map' else 'promql'}\n{link.query}\n```\n")
    return "\n".join(parts)


def faults_page() -> str:
    """docs/faults.md."""
    faults = read_whole_catalogue().values()
    parts = [
        "# All faults\n",
        _MADE.replace("code", "files in faults/"),
        _FAULTS_INTRODUCTION,
        "| name | what it is | where | who suffers |\n|---|---|---|---|",
        *(f"| [`{one.name}`](#{one.name}) | {one.title} | {_where(one)} | {_victims(one)} |" for one in faults),
        "",
    ]
    for fault in faults:
        parts += [f"## {fault.name}\n", f"**{fault.title}.** {' '.join(fault.what.split())}\n"]
        parts += [f"Kind: `{fault.truth.kind}`, in {_where(fault)}: {fault.truth.component}.\n"]
        if fault.parameters:
            rows = [f"| `{one.name}` | `{one.default}` | {one.help} |" for one in fault.parameters.values()]
            parts += ["| parameter | default | for |\n|---|---|---|", *rows, ""]
        parts.append("| | shows | does not show |\n|---|---|---|")
        for name, signal in fault.signals.items():
            parts.append(f"| {name} | {_sentences(signal.shows)} | {_sentences(signal.hides)} |")
        parts.append("")
    return "\n".join(parts)


def _where(fault: Fault) -> str:
    """The service, or those that can be chosen."""
    for name, parameter in fault.parameters.items():
        if fault.truth.service == f"{{{name}}}":
            return " or ".join(map(str, parameter.choices))
    return fault.truth.service


def _victims(fault: Fault) -> str:
    return ", ".join(fault.truth.victims) or "–"


def _sentences(sentences: Sequence[str]) -> str:
    return "<br>".join(" ".join(sentence.replace("|", "\\|").split()) for sentence in sentences) or "–"


PAGES = {
    "settings.md": settings_page,
    "signals.md": signals_page,
    "explore.md": explore_page,
    "faults.md": faults_page,
}


def _table(settings: Sequence[Setting | WorkbenchSetting]) -> str:
    rows = [f"| `{setting.name}` | {_default(setting.default)} | {setting.help} |" for setting in settings]
    return "\n".join(["| variable | default | for |\n|---|---|---|", *rows, ""])


def _default(text: str) -> str:
    return f"`{text}`" if text else "–"


def _signals_of(service: Service, emits: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Metrics that it alone declares, routes with their spans, its other spans, fields of its lines."""
    yield f"### {service.module}\n"
    metrics = metrics_of_folder(folder_of(service.module))
    if metrics:
        yield "| metric | type | labels | what it says |\n|---|---|---|---|"
        yield from (_metric_row(metric) for metric in metrics)
        yield ""
    routes = _routes_of(service)
    if routes:
        yield "| route | server span |\n|---|---|"
        yield from (f"| `{route}` | `{name}` |" for route, name in routes.items())
        yield ""
    others = [name for name in emits["spans"] if name not in routes.values()]
    if others:
        yield f"Other spans: {_names(others)}.\n"
    fields = [name for name in emits["log_fields"] if name not in _FIELDS_OF_EVERY_LINE]
    if fields:
        yield f"Fields of its log lines: {_names(fields)}.\n"


def _shared_signals(system: System, seen: Mapping[str, Any]) -> Iterator[str]:
    """What more than one service has, and which: as seen."""
    own = {metric for service in system.services for metric in metrics_of_folder(folder_of(service.module))}
    rows = {}
    for metric in metrics_of_system(system):
        owners = [name for name, emits in seen["services"].items() if metric.name in emits["metrics"]]
        if metric not in own and owners:
            everyone = len(owners) == len(system.services)
            rows[metric.name] = f"{_metric_row(metric)} {'all' if everyone else ', '.join(owners)} |"
    yield "### What they have in common\n"
    yield "| metric | type | labels | what it says | who |\n|---|---|---|---|---|"
    yield from rows.values()
    yield f"\nFields of every line: {_names(_FIELDS_OF_EVERY_LINE)}.\n"
    yield f"Attributes of spans: {_names(seen['span_attributes'])}.\n"


def _seen(system: System) -> Mapping[str, Any]:
    """What tests/e2e/queries/observed.py found."""
    content = json.loads((REPOSITORY / f"tests/data/queries/emitted/{system.name}.json").read_text())
    assert isinstance(content, dict)
    return content


def _metric_row(metric: DeclaredMetric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    return f"| `{metric.name}` | {metric.type} | {labels} | {metric.says} |"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _routes_of(service: Service) -> Mapping[str, str]:
    """Server span by route, as its app was given them; nothing for a service without routes of its own."""
    app = import_module(f"{service.module}.app")
    return getattr(app, "SPAN_NAMES", {})


if __name__ == "__main__":
    for name, make_page in PAGES.items():
        (DOCS / name).write_text(make_page())
