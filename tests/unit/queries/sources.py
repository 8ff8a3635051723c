"""What can be asked for: every metric with its labels, every log field, every span attribute that somebody emits.

Metrics of the services are read from their code, those of recording rules follow from the rules. Names of the real
backends stand in tests/data/queries/backend_metrics.toml, fields, spans and attributes of each system in
tests/data/queries/emitted/; end-to-end tests compare both with running labs.
"""

from __future__ import annotations

import ast
import functools
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.metrics_of_code import folder_of, metrics_of_folder, metrics_of_system
from grafana.query_catalogue import rule_files
from grafana.query_catalogue.rules import rules_of
from lab.manifest import System, discover
from lab.paths import REPOSITORY
from observability.metrics import build_registry
from tests.unit.queries.promql_names import Labels, PromqlNames
from tests.unit.queries.registries import TARGET_LABELS, of_registry
from tests.unit.queries.trace_and_log_names import Emitted

DATA = REPOSITORY / "tests/data/queries"
EMITTED = DATA / "emitted"
RULES = REPOSITORY / "observability/prometheus/rules"


@functools.cache
def backend_metrics() -> Mapping[str, Mapping[str, Any]]:
    """By name: `by` who has it, `labels`, and `when` it appears, if not from the start."""
    content = tomllib.loads((DATA / "backend_metrics.toml").read_text())
    assert isinstance(content, dict)
    return content


@functools.cache
def of_load_tests() -> dict[str, Labels]:
    """What registries.py prints. Raises CalledProcessError, TimeoutExpired."""
    printed = subprocess.run(
        [sys.executable, "-m", "tests.unit.queries.registries"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    return {name: frozenset(labels) for name, labels in json.loads(printed).items()}


def of_system(system: System) -> dict[str, Labels]:
    """What its services declare, as far as one of them has it, and what each has of its process; with what scraping
    adds. What observability has for everybody is not everybody's: the chain asks no PostgreSQL."""
    seen = {name for service in emitted_by(system.name)["services"].values() for name in service["metrics"]}
    shared = {metric.name for metric in metrics_of_folder(Path("observability"))}
    found: dict[str, Labels] = {}
    for metric in metrics_of_system(system):
        if metric.name in seen or metric.name not in shared:
            for name, labels in metric.series().items():
                found[name] = found.get(name, frozenset()) | {*labels, *TARGET_LABELS}
    of_process = {name: frozenset({*labels, *TARGET_LABELS}) for name, labels in of_registry(build_registry())}
    return found | of_process


@functools.cache
def metrics(system: str = "") -> Mapping[str, Labels]:
    """Labels by name: of every system, or of one."""
    known = dict(of_load_tests())
    for one in discover().values():
        if system in ("", one.name):
            for name, labels in of_system(one).items():
                known[name] = known.get(name, frozenset()) | labels
    for name, metric in backend_metrics().items():
        # Who makes a metric of its own accord scrapes nothing for it.
        scraped = () if "made" in metric["by"] else TARGET_LABELS
        known[name] = known.get(name, frozenset()) | {*metric.get("labels", ()), *scraped}
    return with_rules(known)


def with_rules(known: Mapping[str, Labels]) -> Mapping[str, Labels]:
    """The table with the series of recording rules, which may be made from each other in any order. A rule that asks
    for what is not in the table makes none."""
    table = dict(known)
    rules = [rule for file in rule_files(RULES) for rule in rules_of(file) if "record" in rule]
    while True:
        before = dict(table)
        for rule in rules:
            names = PromqlNames(table)
            labels = names.labels_of(rule["expr"]) | frozenset(rule.get("labels", ()))
            if not names.problems:
                table[rule["record"]] = table.get(rule["record"], frozenset()) | labels
        if table == before:
            return table


def log_fields_of_code(system: str = "") -> frozenset[str]:
    """Fields that the code gives a log line as `extra={…}`, or adds to its `fields`: also those of rare lines."""
    services = [service for one in discover().values() if system in ("", one.name) for service in one.services]
    # With what the services of a system share.
    folders = {"observability", *(service.module.rpartition(".")[0] or service.module for service in services)}
    modules = [path for name in folders for path in (REPOSITORY / folder_of(name)).rglob("*.py")]
    nodes = [node for module in modules for node in ast.walk(ast.parse(module.read_text()))]
    keys: list[ast.expr | None] = []
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
            keys += node.value.keys
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "fields":
            keys.append(node.slice)
    return frozenset(key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@functools.cache
def emitted_by(system: str) -> Mapping[str, Any]:
    """What a busy lab with this system was seen to emit; tests/e2e/queries/observed.py says the form."""
    content = json.loads((EMITTED / f"{system}.json").read_text())
    assert isinstance(content, dict)
    return content


@functools.cache
def emitted(system: str = "") -> Emitted:
    """Of every system together, or of one."""
    systems = [emitted_by(name) for name in discover() if system in ("", name)]
    services = [(name, said) for content in systems for name, said in content["services"].items()]

    def every(group: str) -> frozenset[str]:
        return frozenset(name for content in systems for name in content[group])

    def of_services(group: str) -> frozenset[str]:
        return frozenset(name for _, said in services for name in said[group])

    return Emitted(
        stream_labels=every("stream_labels"),
        label_values={
            "service": frozenset(name for name, said in services if said["log_fields"]),
            "level": frozenset(level for content in systems for level in content["stream_labels"]["level"]),
        },
        log_fields=of_services("log_fields") | log_fields_of_code(system),
        span_attributes=every("span_attributes"),
        resource_attributes=every("resource_attributes"),
        event_attributes=every("event_attributes"),
        span_names=of_services("spans"),
        services=frozenset(name for name, said in services if said["spans"]),
    )
