"""What can be asked for: every metric with its labels, every log field, every span attribute that somebody emits.

Metrics of the services are read from their own registries, those of recording rules follow from the rules. Names of the
real backends stand in tests/data/queries/backend_metrics.toml, fields and attributes in emitted.json; end-to-end tests
compare both with a running lab.
"""

from __future__ import annotations

import ast
import functools
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

from grafana.query_catalogue import rule_files
from grafana.query_catalogue.rules import rules_of
from lab.paths import REPOSITORY
from tests.unit.queries.promql_names import Labels, PromqlNames
from tests.unit.queries.registries import TARGET_LABELS
from tests.unit.queries.trace_and_log_names import Emitted

DATA = REPOSITORY / "tests/data/queries"
LOGGING_PACKAGES = ("observability", "frontend_service", "backend_service", "database_service")
RULES = REPOSITORY / "observability/prometheus/rules"


@functools.cache
def backend_metrics() -> Mapping[str, Mapping[str, Any]]:
    """By name: `by` who has it, `labels`, and `when` it appears, if not from the start."""
    content = tomllib.loads((DATA / "backend_metrics.toml").read_text())
    assert isinstance(content, dict)
    return content


def registered(whose: str) -> dict[str, Labels]:
    """What registries.py prints. Raises CalledProcessError, TimeoutExpired."""
    printed = subprocess.run(
        [sys.executable, "-m", "tests.unit.queries.registries", whose],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    return {name: frozenset(labels) for name, labels in json.loads(printed).items()}


@functools.cache
def metrics() -> Mapping[str, Labels]:
    """Labels by name."""
    known = registered("services") | registered("load_test")
    for name, metric in backend_metrics().items():
        # Who makes a metric of its own accord scrapes nothing for it.
        scraped = () if "made" in metric["by"] else TARGET_LABELS
        known[name] = known.get(name, frozenset()) | {*metric.get("labels", ()), *scraped}
    return with_rules(known)


def with_rules(known: Mapping[str, Labels]) -> Mapping[str, Labels]:
    """The table with the series of recording rules, which may be made from each other in any order."""
    table = dict(known)
    rules = [rule for file in rule_files(RULES) for rule in rules_of(file) if "record" in rule]
    while True:
        before = dict(table)
        for rule in rules:
            labels = PromqlNames(table).labels_of(rule["expr"]) | frozenset(rule.get("labels", ()))
            table[rule["record"]] = table.get(rule["record"], frozenset()) | labels
        if table == before:
            return table


def log_fields_of_code() -> frozenset[str]:
    """Fields that the code gives a log line as `extra={…}`, or adds to its `fields`: also those of rare lines."""
    modules = [path for package in LOGGING_PACKAGES for path in (REPOSITORY / package).rglob("*.py")]
    nodes = [node for module in modules for node in ast.walk(ast.parse(module.read_text()))]
    keys: list[ast.expr | None] = []
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
            keys += node.value.keys
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "fields":
            keys.append(node.slice)
    return frozenset(key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@functools.cache
def emitted() -> Emitted:
    content = json.loads((DATA / "emitted.json").read_text())
    return Emitted(
        stream_labels=frozenset(content["stream_labels"]),
        label_values={name: frozenset(values) for name, values in content["stream_labels"].items() if values},
        log_fields=frozenset(content["log_fields"]) | log_fields_of_code(),
        span_attributes=frozenset(content["span_attributes"]),
        resource_attributes=frozenset(content["resource_attributes"]),
        event_attributes=frozenset(content["event_attributes"]),
        span_names=frozenset(content["span_names"]),
        services=frozenset(content["services"]),
    )
