"""The embedded store evaluates the same rules: every case that promtool runs gives the same here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from telemetry_store.metrics.query_language.parser import parse
from telemetry_store.metrics.rules.alerting import AlertingRule, State
from telemetry_store.metrics.rules.expressions import evaluate_expression
from telemetry_store.metrics.rules.groups import Group
from telemetry_store.metrics.rules.rule_files import parse_rule_file
from telemetry_store.metrics.rules.templates import Outside
from telemetry_store.metrics.samples import STALE
from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.times import parse_prometheus_duration
from tests.unit.backends.rule_files import CASES

FILES = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(CASES.glob("*.test.yml"))}


def milliseconds(text: str) -> int:
    duration = parse_prometheus_duration(text)
    assert duration is not None
    return duration


def expand(values: str) -> Iterator[float | None]:
    """The samples of promtool's notation, None for a gap: `a+bxn`, `axn`, `_`, `_xn`, `stale`, numbers."""
    for part in values.split():
        if series := re.fullmatch(r"(-?[\d.]+)(?:([+-][\d.]+))?x(\d+)", part):
            first, step = float(series[1]), float(series[2] or 0)
            yield from (first + step * number for number in range(int(series[3]) + 1))
        elif gap := re.fullmatch(r"_(?:x(\d+))?", part):
            yield from [None] * int(gap[1] or 1)
        else:
            yield STALE if part == "stale" else float(part)


def labels_of(series: str) -> tuple[tuple[str, str], ...]:
    name, _, rest = series.rstrip("}").partition("{")
    pairs = re.findall(r'(\w+)="([^"]*)"', rest)
    return tuple(sorted([("__name__", name), *pairs] if name else pairs))


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


def groups_of(file: str, storage: MetricStorage, alerts: set[str]) -> list[Group]:
    """The groups in the order the cases name, with these alerts and everything that is recorded."""
    content = FILES[file]
    (path,) = [CASES / name for name in content["rule_files"]]
    specs = {spec.name: spec for spec in parse_rule_file(path.read_bytes(), path.name)}
    assert set(specs) == set(content["group_eval_order"])
    outside = Outside(lambda tree, now: evaluate_expression(storage, tree, now), {}, "http://127.0.0.1:9090")
    groups = []
    for spec in (specs[name] for name in content["group_eval_order"]):
        rules = tuple(rule for rule in spec.rules if rule.record or rule.alert in alerts)
        groups.append(
            Group(replace(spec, rules=rules), 5.0, storage, outside, lambda expression, alerts: None, restored=True)
        )
    return groups


@pytest.mark.parametrize(
    ("file", "case"),
    [
        pytest.param(file, case, id=f"{file.removesuffix('.test.yml')}: {case['name']}")
        for file, content in FILES.items()
        for case in content["tests"]
    ],
)
def test_the_store_answers_as_promtool_does(storage: MetricStorage, file: str, case: dict[str, Any]) -> None:
    step = milliseconds(case["interval"])
    for series in case["input_series"]:
        handle = storage.series_of(labels_of(series["series"]))
        storage.append([(handle, v, n * step) for n, v in enumerate(expand(series["values"])) if v is not None])
    checks: dict[int, list[dict[str, Any]]] = {}
    for check in (*case.get("alert_rule_test", ()), *case.get("promql_expr_test", ())):
        checks.setdefault(milliseconds(check["eval_time"]), []).append(check)
    alerts = {check["alertname"] for check in case.get("alert_rule_test", ())}
    groups = groups_of(file, storage, alerts)
    # Only alerts remember; what is recorded follows from the moment alone.
    every = milliseconds(FILES[file]["evaluation_interval"]) if alerts else max(checks)
    moments = sorted({*range(0, max(checks) + 1, every), *checks})
    for now in moments:
        for group in groups:
            group.evaluate(now * 1_000_000)
            assert {rule.health.last_error for rule in group.rules} <= {""}
        for check in checks.get(now, ()):
            if "expr" in check:
                found = evaluate_expression(storage, parse(check["expr"]), now)
                expected = {labels_of(sample["labels"]): sample["value"] for sample in check.get("exp_samples", ())}
                assert {tuple(sorted(labels.items())): value for labels, value in found} == pytest.approx(expected)
                continue
            firing = [
                (dict(alert.labels), dict(alert.annotations))
                for group in groups
                for rule in group.rules
                if isinstance(rule, AlertingRule) and rule.spec.alert == check["alertname"]
                for alert in rule.active_alerts()
                if alert.state is State.FIRING
            ]
            wanted = [
                ({"alertname": check["alertname"], **alert["exp_labels"]}, alert["exp_annotations"])
                for alert in check.get("exp_alerts", ())
            ]
            assert sorted(firing, key=lambda each: sorted(each[0].items())) == sorted(
                wanted, key=lambda each: sorted(each[0].items())
            ), check["eval_time"]
