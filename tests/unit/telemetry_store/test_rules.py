"""Rules: files and what is wrong with them, evaluation step by step, templates, restoring, reloading, sending."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from telemetry_store.deadline import Deadline
from telemetry_store.go_template import TemplateError
from telemetry_store.metrics.query_language.parser import parse
from telemetry_store.metrics.rules.alerting import Alert, AlertingRule, State
from telemetry_store.metrics.rules.alertmanagers import Alertmanager, Notifier
from telemetry_store.metrics.rules.expressions import evaluate_expression
from telemetry_store.metrics.rules.groups import Group
from telemetry_store.metrics.rules.manager import RuleManager
from telemetry_store.metrics.rules.rule_files import RuleFileError, duplicate_rules, parse_rule_file
from telemetry_store.metrics.rules.templates import AlertTemplates, Outside, check_template
from telemetry_store.metrics.rules_api import format_exponent
from telemetry_store.metrics.samples import STALE, is_stale
from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.times import NANOSECONDS, parse_prometheus_duration

DATA = Path(__file__).resolve().parents[2] / "data" / "telemetry_store" / "rules"
MINUTE = 60 * NANOSECONDS


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


def outside_of(storage: MetricStorage) -> Outside:
    return Outside(
        lambda tree, milliseconds: evaluate_expression(storage, tree, milliseconds),
        {"cluster": "lab"},
        "http://lab:9090/store",
    )


def labels_of(series: str) -> tuple[tuple[str, str], ...]:
    name, _, rest = series.rstrip("}").partition("{")
    pairs = [(key, value) for key, value in re.findall(r'(\w+)="([^"]*)"', rest)]
    return tuple(sorted([("__name__", name), *pairs] if name else pairs))


def put(storage: MetricStorage, series: str, *samples: tuple[float, float]) -> None:
    """Stores (minutes since 1970, value)."""
    handle = storage.series_of(labels_of(series))
    storage.append([(handle, value, round(minutes * 60_000)) for minutes, value in samples])


def found(storage: MetricStorage, expression: str, minutes: float) -> dict[tuple[tuple[str, str], ...], float]:
    samples = evaluate_expression(storage, parse(expression), round(minutes * 60_000))
    return {tuple(sorted(labels.items())): value for labels, value in samples}


def group_of(
    storage: MetricStorage, text: str, sent: list[Alert] | None = None, restored: bool = True, **more: Any
) -> Group:
    [spec] = parse_rule_file(text.encode(), "rules.yml")
    return Group(
        spec,
        60.0,
        storage,
        outside_of(storage),
        lambda expression, alerts: (sent if sent is not None else []).extend(alerts),
        restored,
        **more,
    )


def one_rule(rule: str) -> str:
    return f"groups: [{{name: g, rules: [{rule}]}}]"


# -- step by step, as promtool sees it


def expand(values: str) -> list[float | None]:
    """The samples of promtool's notation: `a+bxn`, `axn`, `_`, `stale`, numbers."""
    samples: list[float | None] = []
    for part in values.split():
        match = re.fullmatch(r"(-?[\d.]+)(?:([+-][\d.]+))?x(\d+)", part)
        if match:
            first, step = float(match[1]), float(match[2] or 0)
            samples += [first + step * number for number in range(int(match[3]) + 1)]
        else:
            samples.append({"_": None, "stale": STALE}.get(part) if part in ("_", "stale") else float(part))
    return samples


def milliseconds(text: str) -> int:
    duration = parse_prometheus_duration(str(text))
    assert duration is not None
    return duration


CASES = yaml.safe_load((DATA / "rules_test.yml").read_text())["tests"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_rules_do_at_every_step_what_their_own_tests_say(storage: MetricStorage, case: dict[str, Any]) -> None:
    step = milliseconds(case["interval"])
    for series in case["input_series"]:
        handle = storage.series_of(labels_of(series["series"]))
        rows = [(handle, v, n * step) for n, v in enumerate(expand(series["values"])) if v is not None]
        storage.append(rows)
    groups = [
        Group(spec, 60.0, storage, outside_of(storage), lambda expression, alerts: None, restored=True)
        for spec in parse_rule_file((DATA / "rules.yml").read_bytes(), "rules.yml")
    ]
    wanted: dict[int, list[dict[str, Any]]] = {}
    for check in (*case.get("alert_rule_test", ()), *case.get("promql_expr_test", ())):
        wanted.setdefault(milliseconds(check["eval_time"]), []).append(check)
    for now in range(0, max(wanted) + 1, 60_000):
        for group in groups:
            group.evaluate(now * 1_000_000)
            assert [rule.health.last_error for rule in group.rules] == [""] * len(group.rules)
        for check in wanted.get(now, ()):
            if "expr" in check:
                samples = {labels_of(sample["labels"]): float(sample["value"]) for sample in check["exp_samples"]}
                assert found(storage, check["expr"], now / 60_000) == pytest.approx(samples), check
                continue
            firing = [
                (alert.labels, alert.annotations)
                for group in groups
                for rule in group.rules
                if isinstance(rule, AlertingRule) and rule.spec.alert == check["alertname"]
                for alert in rule.active_alerts()
                if alert.state is State.FIRING
            ]
            expected = [
                ({"alertname": check["alertname"], **alert["exp_labels"]}, alert.get("exp_annotations", {}))
                for alert in check.get("exp_alerts", ())
            ]
            assert sorted(firing, key=str) == sorted(
                [(dict(sorted(labels.items())), annotations) for labels, annotations in expected], key=str
            ), check


def test_promtool_agrees_with_these_expectations() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    outcome = subprocess.run(
        [promtool, "test", "rules", "rules_test.yml"], cwd=DATA, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


# -- files


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", []),
        ("groups:", []),
        ("groups: [{name: a}]", []),
        ("groups: [{name: a, rules: [{record: x, expr: 1}, {<<: &x {expr: up}, alert: y}]}]", []),
        ("foo: 1", ["yaml: unmarshal errors:\n  line 1: field foo not found in type rulefmt.RuleGroups"]),
        ("groups: 5", ["yaml: unmarshal errors:\n  line 1: cannot unmarshal !!int `5` into []rulefmt.RuleGroup"]),
        (
            "groups:\n- name: a\n  foo: 1\n  rules:\n  - expr: up\n    record: x\n    bar: 2\n    labels: [1]\n",
            [
                "yaml: unmarshal errors:\n  line 3: field foo not found in type rulefmt.RuleGroup\n"  # noqa: ISC004
                "  line 7: field bar not found in type rulefmt.RuleNode\n"
                "  line 8: cannot unmarshal !!seq into map[string]string"
            ],
        ),
        (
            one_rule("{record: a, record: b, expr: up}"),
            ['yaml: unmarshal errors:\n  line 1: mapping key "record" already defined at line 1'],
        ),
        ("groups: [{name: a, interval: 5x}]", ['not a valid duration string: "5x"']),
        ("groups: [{name: a, interval: -5s}]", ['not a valid duration string: "-5s"']),
        ("groups: [{name: a, interval: 99999999y}]", ["duration out of range"]),
        ("groups: [{name: ''}]", ["1:10: Groupname must not be empty"]),
        ("groups: [{name: a}, {name: a}]", ['1:21: groupname: "a" is repeated in the same file']),
        (
            one_rule("{record: a, alert: b, expr: up}"),
            ["1:37: 1:47: group \"g\", rule 1, \"b\": only one of 'record' and 'alert' must be set"],
        ),
        (
            one_rule("{for: 1m}"),
            [
                "0:0: group \"g\", rule 1, \"\": one of 'record' or 'alert' must be set",
                '0:0: group "g", rule 1, "": field \'expr\' must be set in rule',
            ],
        ),
        (
            one_rule("{record: 'a b', expr: up, for: 1m, keep_firing_for: 1m, annotations: {a: b}}"),
            [
                '1:37: group "g", rule 1, "a b": invalid field \'annotations\' in recording rule',
                '1:37: group "g", rule 1, "a b": invalid field \'for\' in recording rule',
                '1:37: group "g", rule 1, "a b": invalid field \'keep_firing_for\' in recording rule',
                '1:37: group "g", rule 1, "a b": invalid recording rule name: a b',
            ],
        ),
        (
            one_rule("{alert: a, expr: up, labels: {a-b: c, __name__: d}, annotations: {'1': x}}"),
            [
                'group "g", rule 1, "a": invalid label name: a-b',
                'group "g", rule 1, "a": invalid label name: __name__',
                'group "g", rule 1, "a": invalid annotation name: 1',
            ],
        ),
        (
            one_rule("{alert: a, expr: up, labels: {x: '{{ $foo }}'}, annotations: {y: '{{ bar }}'}}"),
            [
                'group "g", rule 1, "a": label "x": template: __alert_a:1: undefined variable "$foo"',
                'group "g", rule 1, "a": annotation "y": template: __alert_a:1: function "bar" not defined',
            ],
        ),
        (
            one_rule("{record: a, expr: sum(up}"),
            ['1:46: group "g", rule 1, "a": could not parse expression: 1:7: parse error: unclosed left parenthesis'],
        ),
    ],
)
def test_a_file_is_right_or_everything_that_is_wrong_with_it_is_said(text: str, messages: list[str]) -> None:
    if not messages:
        parse_rule_file(text.encode(), "rules.yml")
        return
    with pytest.raises(RuleFileError) as caught:
        parse_rule_file(text.encode(), "rules.yml")
    assert caught.value.messages == [f"rules.yml: {message}" for message in messages]


@pytest.mark.parametrize(
    "rubbish", [b"a: [", b"\tgroups: []", b'"abc', b"groups: *x", b"%", b"\xff\xfe\xfd", b"[" * 5000, b"a: b: c"]
)
def test_what_is_not_yaml_is_refused(rubbish: bytes) -> None:
    with pytest.raises(RuleFileError, match=r"^rules\.yml: yaml: "):
        parse_rule_file(rubbish, "rules.yml")


def test_texts_stay_as_they_stand_in_the_file() -> None:
    rule = "{alert: On, expr: 0x10, for: 1h30m, keep_firing_for: 1s, labels: {a: on, b: 1.50, c: ~, d: 0x1}}"
    [group] = parse_rule_file(f"groups: [{{name: g, interval: 30s, limit: 1.5, rules: [{rule}]}}]".encode(), "f")
    [spec] = group.rules
    assert spec.labels == (("a", "on"), ("b", "1.50"), ("c", ""), ("d", "0x1"))
    assert (spec.hold, spec.keep_firing, spec.shown) == (5_400_000, 1000, "16")
    assert (group.interval, group.limit) == (30_000, 1)


def test_two_rules_alike_are_told() -> None:
    twice = "{record: a, expr: up}, {record: a, expr: down}, {record: a, expr: up, labels: {b: c}}"
    specs = parse_rule_file(one_rule(twice).encode(), "f")
    assert duplicate_rules(specs) == ['f: group "g": duplicate rule "a" with labels {}']


# -- evaluation


def test_a_rule_that_fails_says_why_and_the_others_go_on(storage: MetricStorage) -> None:
    put(storage, 'a{x="1"}', (0, 1))
    put(storage, 'a{x="2"}', (0, 2))
    group = group_of(
        storage,
        "groups: [{name: g, limit: 1, rules: [{record: many, expr: a}, {record: same, expr: a, labels: {x: ''}},"
        "{alert: Same, expr: a, labels: {x: y}}, {alert: Many, expr: a}, {record: text, expr: '\"x\"'},"
        "{record: ok, expr: '1'}]}]",
    )
    group.evaluate(0)
    assert [rule.health.last_error for rule in group.rules] == [
        "exceeded limit of 1 with 2 series",
        "vector contains metrics with the same labelset after applying rule labels",
        "vector contains metrics with the same labelset after applying alert labels",
        "exceeded limit of 1 with 2 alerts",
        "rule result is not a vector or scalar",
        "",
    ]
    assert [rule.health.status for rule in group.rules] == ["err"] * 5 + ["ok"]
    assert (group.evaluations, group.failures, group.last_samples) == (6, 5, 1)
    assert found(storage, "ok", 0) == {(("__name__", "ok"),): 1.0}


def test_two_rules_that_write_one_series_are_told_apart_by_their_errors(storage: MetricStorage) -> None:
    group = group_of(storage, one_rule("{record: a, expr: '1'}, {record: a, expr: '2'}, {record: a, expr: '1'}"))
    group.evaluate(MINUTE)
    assert [rule.health.last_error for rule in group.rules] == ["", "duplicate sample for timestamp", ""]
    group.evaluate(0)
    assert group.rules[0].health.last_error == "out of order sample"


def test_rules_outlive_a_disk_that_refuses_writes(storage: MetricStorage) -> None:
    sent: list[Alert] = []
    group = group_of(storage, one_rule("{record: a, expr: '1'}, {alert: A, expr: vector(1)}"), sent)
    group.evaluate(MINUTE)
    storage.database.settle()
    storage.database._connection.execute("PRAGMA query_only = ON")
    errors = set()
    for minute in range(2, 8):
        group.evaluate(minute * MINUTE)
        storage.database.settle(0.5)
        errors |= {rule.health.last_error for rule in group.rules}
    assert any(error.startswith("cannot write to metrics.db: ") for error in errors), errors
    # Alerts go out all the same.
    assert [alert.state for alert in sent] == [State.FIRING] * len(sent)
    assert len(sent) >= 3
    storage.database._connection.execute("PRAGMA query_only = OFF")
    deadline = time.monotonic() + 10
    while storage.database.failure is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    group.evaluate(10 * MINUTE)
    assert [rule.health.last_error for rule in group.rules] == ["", ""]
    assert found(storage, "a", 10) == {(("__name__", "a"),): 1.0}


def test_nan_is_recorded_and_a_series_that_is_no_more_gets_a_marker(storage: MetricStorage) -> None:
    put(storage, "a", (0, math.nan), (1, 1.0), (2, STALE))
    group = group_of(storage, one_rule("{record: b, expr: a}"))
    for minute in range(4):
        group.evaluate(minute * MINUTE)
    [(_, times, values)] = storage.select(parse("b").matchers, 0, 10**6, Deadline()).runs()  # type: ignore[attr-defined]
    assert times.tolist() == [0, 60_000, 120_000]
    assert math.isnan(values[0])
    assert is_stale(values).tolist() == [False, False, True]


def test_an_alert_is_sent_when_it_fires_every_minute_and_for_a_while_after_it_resolved(storage: MetricStorage) -> None:
    start = 1000
    put(storage, "a", *((start + minute, 1.0) for minute in range(13)), (start + 13, STALE))
    sent: list[Alert] = []
    group = group_of(storage, one_rule("{alert: A, expr: a, for: 1m}"), sent)
    events = []
    for half_minute in range(70):
        sent.clear()
        group.evaluate(start * MINUTE + half_minute * MINUTE // 2)
        events += [(half_minute / 2, str(alert.state), alert.resolved_at // MINUTE - start) for alert in sent]
    firing = [minutes for minutes, state, _ in events if state == "firing"]
    resolved = [minutes for minutes, state, _ in events if state == "inactive"]
    assert firing == [1.0, 2.5, 4.0, 5.5, 7.0, 8.5, 10.0, 11.5]
    assert resolved[0] == 13.0
    assert {at for _, state, at in events if state == "inactive"} == {13}
    assert 27 <= max(resolved) <= 28.5
    assert [alert for rule in group.rules if isinstance(rule, AlertingRule) for alert in rule.active_alerts()] == []


@pytest.mark.parametrize(
    ("down_after", "down_for", "fires_after"),
    [
        # It had been firing: it fires again as soon as it is restored.
        (40, 5, 1),
        # Ten of thirty minutes were done: the outage does not count.
        (10, 5, 20),
        # Nearly done: a grace period, so that a restart alone does not fire it.
        (28, 5, 10),
        # Too long ago: it starts anew.
        (20, 70, 31),
    ],
)
def test_what_an_alert_had_waited_survives_a_restart(
    storage: MetricStorage, down_after: int, down_for: int, fires_after: int
) -> None:
    rule = one_rule("{alert: A, expr: vector(1), for: 30m, labels: {x: '{{ $value }}'}}")
    before = group_of(storage, rule)
    start = 1_000_000
    for minute in range(start, start + down_after + 1):
        before.evaluate(minute * MINUTE)
    again = start + down_after + down_for
    after = group_of(storage, rule, restored=False, clock=lambda: (again + 1) * MINUTE)
    firing = None
    for minute in range(again, again + 40):
        after.evaluate(minute * MINUTE)
        [alerting] = after.rules
        assert isinstance(alerting, AlertingRule)
        if alerting.state is State.FIRING:
            firing = minute - again
            break
    assert firing is not None
    assert abs(firing - fires_after) <= 2


def test_a_replaced_group_goes_on_where_the_other_stopped(storage: MetricStorage) -> None:
    put(storage, "a", (0, 1.0))
    before = group_of(storage, one_rule("{alert: A, expr: a, for: 2m}, {record: r, expr: a}, {record: gone, expr: a}"))
    before.evaluate(0)
    after = group_of(storage, one_rule("{record: r, expr: a > 5}, {alert: A, expr: a > 0, for: 2m}"))
    after.take_over(before)
    before.evaluate(MINUTE)
    after.evaluate(MINUTE)
    after.evaluate(2 * MINUTE)
    [alert] = after.rules[1].active_alerts()  # type: ignore[union-attr]
    assert (alert.state, alert.active_at) == (State.FIRING, 0)
    assert found(storage, "{__name__=~'r|gone'}", 2) == {}


# -- reading files again


class Files:
    """Rule files of a manager."""

    def __init__(self, storage: MetricStorage, directory: Path) -> None:
        self.directory = directory / "rules"
        self.directory.mkdir()
        self.manager = RuleManager(storage, [str(self.directory / "*.yml"), "/nonexistent/*.yml"])

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    def names(self) -> list[str]:
        return [f"{group.spec.name}:{rule.spec.name}" for group in self.manager.groups for rule in group.rules]


@pytest.fixture
def files(storage: MetricStorage, tmp_path: Path) -> Iterator[Files]:
    files = Files(storage, tmp_path)
    yield files
    files.manager.close()


def test_files_are_read_again_when_they_change_come_or_go(files: Files, storage: MetricStorage) -> None:
    assert files.manager.load_if_changed()
    assert files.names() == []
    files.write("a.yml", "groups: [{name: a, rules: [{record: x, expr: '1'}]}]")
    files.write("b.yml", "groups: [{name: b, rules: [{record: y, expr: '1'}]}]")
    assert files.manager.load_if_changed()
    assert files.names() == ["a:x", "b:y"]
    assert not files.manager.load_if_changed()
    kept, other = files.manager.groups
    for group in (kept, other):
        group.evaluate(MINUTE)
    files.write("b.yml", "groups: [{name: b, rules: [{record: z, expr: '1'}]}, {name: c}]")
    assert files.manager.load_if_changed()
    assert files.names() == ["a:x", "b:z"]
    assert files.manager.groups[0] is kept
    (files.directory / "a.yml").unlink()
    assert files.manager.load_if_changed()
    assert files.names() == ["b:z"]
    # The series of rules that are gone end.
    assert not found(storage, "x", 10**9)


def test_a_broken_file_leaves_the_last_good_rules_in_force_and_is_told(files: Files) -> None:
    files.write("a.yml", "groups: [{name: a, rules: [{record: x, expr: '1'}]}]")
    files.manager.load_if_changed()
    files.write("b.yml", "groups: [{name: b, rules: [{record: y, expr: '1 +'}]}]")
    files.manager.load_if_changed()
    assert files.names() == ["a:x"]
    assert 'b.yml: 1:46: group "b", rule 1, "y": could not parse expression' in files.manager.error
    files.write("b.yml", "groups: [{name: b, rules: [{record: y, expr: '1 + 1'}]}]")
    files.manager.reload()
    assert files.names() == ["a:x", "b:y"]
    assert files.manager.error == ""


def test_groups_are_spread_over_their_interval_and_keep_their_place(storage: MetricStorage) -> None:
    places = set()
    for name in "abcdefgh":
        [spec] = parse_rule_file(f"groups: [{{name: {name}, interval: 1m}}]".encode(), "f")
        group = Group(spec, 15.0, storage, outside_of(storage), lambda expression, alerts: None, restored=True)
        now = 10**18
        due = group.next_instant(now)
        assert now < due <= now + MINUTE
        assert group.next_instant(due) == due + MINUTE
        assert group.next_instant(due - 1) == due
        places.add(due)
    assert len(places) == 8


# -- templates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ $labels.host }} {{ .Labels.host }} {{ $labels.nothing }}|", "web:80 web:80 |"),
        (
            "{{ $value }} {{ .Value }} {{ $externalLabels.cluster }} {{ $externalURL }}",
            "2.5 2.5 lab http://lab:9090/store",
        ),
        ("{{ externalURL }} {{ pathPrefix }}", "http://lab:9090/store /store"),
        (
            "{{ humanize 1234567.0 }} {{ humanize 0.00012 }} {{ humanize 0.0 }} {{ humanize -1500.0 }}",
            "1.235M 120u 0 -1.5k",
        ),
        ("{{ humanize1024 1048576.0 }} {{ humanize1024 1.0 }} {{ humanize1024 1536.0 }}", "1Mi 1 1.5ki"),
        ("{{ humanizeDuration 0.0 }} {{ humanizeDuration 59.999 }} {{ humanizeDuration 3725.0 }}", "0s 60s 1h 2m 5s"),
        ("{{ humanizeDuration 0.0012 }} {{ humanizeDuration -90061.0 }}", "1.2ms -1d 1h 1m 1s"),
        ('{{ humanizePercentage 0.12345 }} {{ humanize "12e3" }} {{ humanize 5 }}', "12.35% 12k 5"),
        ("{{ humanizeTimestamp 1600000000.25 }}", "2020-09-13 12:26:40.249 +0000 UTC"),
        ("{{ (1600000000.0 | toTime).Year }} {{ toTime 0 }}", "2020 1970-01-01 00:00:00 +0000 UTC"),
        ('{{ parseDuration "1h30m" }} {{ 1e21 }} {{ 1e-5 }}', "5400 1e+21 1e-05"),
        (
            '{{ stripPort $labels.host }} {{ stripDomain "a.b.c:9" }} {{ stripDomain "10.0.0.1:9" }}',
            "web a:9 10.0.0.1:9",
        ),
        ('{{ title "hello new-world" }} {{ toUpper "a" }} {{ toLower "B" }}', "Hello New-World A b"),
        ('{{ reReplaceAll "(.*):(.*)" "$2/${1}x$$" $labels.host }} {{ match "w.b" $labels.host }}', "80/webx$ true"),
        (
            '{{ graphLink "up == 1" }} {{ tableLink "up" }}',
            "/graph?g0.expr=up+%3D%3D+1&g0.tab=0 /graph?g0.expr=up&g0.tab=1",
        ),
        ('{{ safeHtml "<b>" }} {{ args 1 "x" }} {{ printf "%.1f" $value }}', "<b> map[arg0:1 arg1:x] 2.5"),
        ('{{ range query "m" | sortByLabel "x" }}{{ .Labels.x }}={{ .Value }} {{ end }}', "1=10 2=5 "),
        ('{{ query "m" | sortByLabel "x" | first | value }} {{ query "m == 5" | first | label "x" }}', "10 2"),
        ('{{ with query "nothing" }}yes{{ else }}no{{ end }} {{ strvalue (first (query "m")) }}|', "no |"),
    ],
)
def test_templates_see_the_alert_and_may_ask(storage: MetricStorage, text: str, expected: str) -> None:
    put(storage, 'm{x="2"}', (0, 5))
    put(storage, 'm{x="1"}', (0, 10))
    templates = AlertTemplates("A", outside_of(storage))
    assert templates.expand(text, {"host": "web:80"}, 2.5, 60_000) == expected
    check_template("A", text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{{ first (query "nothing") }}', "error calling first: first() called on vector with no elements"),
        ('{{ query "sum(" }}', "error calling query: "),
        ("{{ humanize $labels.host }}", 'error calling humanize: strconv.ParseFloat: parsing "web:80": invalid syntax'),
        ("{{ .Foo }}", "can't evaluate field Foo in type struct { Labels map[string]string; "),
        ('{{ reReplaceAll "(" "" "x" }}', "error calling reReplaceAll: error parsing regexp"),
        ("{{ toTime 1e300 }}", "cannot be represented as a nanoseconds timestamp since it overflows int64"),
        ("{{ humanize true }}", "can't convert bool to float"),
        ('{{ parseDuration "x" }}', 'not a valid duration string: "x"'),
    ],
)
def test_a_template_that_fails_says_so_in_its_place(storage: MetricStorage, text: str, words: str) -> None:
    outside = outside_of(storage)
    expanded = AlertTemplates("A", outside).expand(text, {"host": "web:80"}, 1.0, 0)
    assert expanded.startswith("<error expanding template: error executing template __alert_A: template: __alert_A:1:")
    assert words in expanded
    assert (outside.expansions, outside.failures) == (1, 1)


def test_what_is_no_template_is_found_when_the_file_is_read() -> None:
    with pytest.raises(TemplateError, match='template: __alert_A:1: function "nope" not defined'):
        check_template("A", "{{ nope }}")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0e+00"), (1.0, "1e+00"), (12.5, "1.25e+01"), (-0.00012, "-1.2e-04"), (1e100, "1e+100"), (math.inf, "+Inf")],
)
def test_values_of_alerts_are_written_with_an_exponent(value: float, text: str) -> None:
    assert format_exponent(value) == text


# -- sending


class FakeAlertmanager:
    """Takes alerts, and answers as the test wants."""

    def __init__(self) -> None:
        self.bodies: list[list[dict[str, Any]]] = []
        self.answers: list[int] = []
        self.arrived = threading.Condition()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with fake.arrived:
                    status = fake.answers.pop(0) if fake.answers else 200
                    fake.bodies.append(body)
                    fake.arrived.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def wait(self, requests: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.bodies) >= requests, timeout=10)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def fake() -> Iterator[FakeAlertmanager]:
    fake = FakeAlertmanager()
    yield fake
    fake.close()


def firing(**more: Any) -> Alert:
    alert = Alert({"alertname": "A", "cluster": "own"}, {"summary": "s"}, 1.0, 0, State.FIRING)
    alert.fired_at, alert.valid_until = 1_600_000_000 * NANOSECONDS, 1_600_000_240 * NANOSECONDS
    for name, value in more.items():
        setattr(alert, name, value)
    return alert


def test_alerts_go_out_in_the_form_of_the_api(fake: FakeAlertmanager) -> None:
    notifier = Notifier([fake.url + "/"], {"cluster": "lab", "zone": "a"}, "http://lab:9090")
    resolved = firing(state=State.INACTIVE, resolved_at=1_600_000_100 * NANOSECONDS + 5_000_000)
    notifier.send("up == 0", [firing(), resolved])
    fake.wait(1)
    notifier.close()
    common = {
        "labels": {"alertname": "A", "cluster": "own", "zone": "a"},
        "annotations": {"summary": "s"},
        "startsAt": "2020-09-13T12:26:40Z",
        "generatorURL": "http://lab:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    }
    assert fake.bodies == [
        [{**common, "endsAt": "2020-09-13T12:30:40Z"}, {**common, "endsAt": "2020-09-13T12:28:20.005Z"}]
    ]
    [alertmanager] = notifier.alertmanagers
    assert (alertmanager.sent, alertmanager.dropped, alertmanager.errors) == (2, 0, 0)


def test_a_failing_alertmanager_is_tried_again_and_a_refusing_one_is_not(fake: FakeAlertmanager) -> None:
    fake.answers = [503, 500, 200, 400, 200]
    alertmanager = Alertmanager(fake.url, retry_seconds=(0.01, 0.01, 0.01))
    for number in (1, 2, 3):
        alertmanager.send([{"labels": {"n": str(number)}}])
        fake.wait((3, 4, 5)[number - 1])
    alertmanager.close()
    assert [body[0]["labels"]["n"] for body in fake.bodies] == ["1", "1", "1", "2", "3"]
    assert (alertmanager.sent, alertmanager.dropped, alertmanager.errors) == (2, 1, 3)


def test_a_dead_alertmanager_holds_up_nobody_and_its_queue_is_bounded(
    fake: FakeAlertmanager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry_store.metrics.rules.alertmanagers.QUEUE_CAPACITY", 10)
    # A port that nobody listens on any more.
    gone = FakeAlertmanager()
    gone.close()
    notifier = Notifier([gone.url, fake.url], {}, "")
    notifier.send("up", [firing() for _ in range(30)])
    fake.wait(1)
    dead, living = notifier.alertmanagers
    assert dead.waiting <= 10
    assert dead.dropped >= 30 - 64
    notifier.close()
    assert living.sent + living.dropped == 30
    assert dead.sent == 0
