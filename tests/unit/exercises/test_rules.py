"""Rules as learners write them: read, or refused with a reason."""

import pytest

from lab.exercises.rules import (
    AlertingRule,
    RecordingRule,
    RuleRefused,
    duration_text,
    read_alerting_rule,
    read_recording_rule,
)

RULE = """\
alert: BackendFails
expr: rate(x[1m]) > 0.1
for: 1m30s
keep_firing_for: 10s
labels:
  severity: page
annotations:
  summary: '{{ $labels.service }} fails'
"""


def indented(text, by):
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def in_a_file(rule):
    return f"groups:\n  - name: mine\n    interval: 5s\n    rules:\n      -\n{indented(rule, 8)}"


def said(read, text):
    with pytest.raises(RuleRefused) as refused:
        read(text)
    return " ".join(refused.value.says)


@pytest.mark.parametrize("text", [RULE, f"-\n{indented(RULE, 2)}", in_a_file(RULE)], ids=["rule", "list", "file"])
def test_a_rule_can_be_written_alone_in_a_list_or_as_a_file(text):
    assert read_alerting_rule(text) == AlertingRule(
        alert="BackendFails",
        expr="rate(x[1m]) > 0.1",
        hold_seconds=90,
        keep_seconds=10,
        labels={"severity": "page"},
        annotations={"summary": "{{ $labels.service }} fails"},
    )


def test_all_but_name_and_expression_may_be_left_out():
    assert read_alerting_rule("alert: A\nexpr: |\n  up\n  == 0\n") == AlertingRule("A", "up\n  == 0".replace("  ", ""))
    assert read_recording_rule("record: a:b:c\nexpr: up") == RecordingRule("a:b:c", "up")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("15s", 15), ("500ms", 0.5), ("1m", 60), ("1h30m", 5400), ("1d", 86400), ("2w", 1209600)],
)
def test_times_are_those_of_prometheus(text, seconds):
    assert read_alerting_rule(f"alert: A\nexpr: up\nfor: {text}").hold_seconds == seconds


@pytest.mark.parametrize("text", ["15", "1 m", "1.5m", "m", "soon", "30s1m", "-1m", "''", "[1m]"])
def test_what_is_no_time_is_refused(text):
    assert "is no time" in said(read_alerting_rule, f"alert: A\nexpr: up\nfor: {text}")


@pytest.mark.parametrize(
    ("text", "hears"),
    [
        ("", "This is no rule yet"),
        ("up == 0", "This is no rule yet"),
        ("- a\n", "This is no rule yet"),
        ("expr: up", "`alert` is missing"),
        ("alert: A", "`expr` is missing"),
        ("alert: A\nexpr:", "`expr` is empty"),
        ("alert: A\nexpr: up\nseverity: page", "knows no `severity` in a rule"),
        ("alert: A\nexpr: up\nannotation:\n  summary: x", "It knows `alert`, `expr`, `for`"),
        ("alert: A\nexpr: up\nexpr: up", "`expr` stands there twice, again on line 3"),
        ("alert: A\nexpr: {service='x'}", "`expr` has to be a text"),
        ("alert: A\nexpr: up\nlabels: page", "`labels` has names with values below it"),
        ("alert: A\nexpr: up\nlabels: [page]", "`labels` has names with values below it"),
        ("alert: A\nexpr: up\nlabels:\n  the-severity: page", "`the-severity` in `labels` is no name"),
        ("alert: A\nexpr: up\nannotations:\n  summary: {{ $labels.x }} slow", "stands in quotes"),
        ("alert: A\n  expr: up", "begin in the same column"),
        ("alert: A\nexpr: up\nannotations:\n  summary: slow: very", "Line 4: `summary: slow: very`"),
        ("alert: A\nexpr: up\nannotations:\n  summary: [slow]", "`summary` in `annotations` has to be a text"),
        ("alert: A\n\texpr: up", "This is no YAML"),
        ("record: a:b:c\nexpr: up", "This is a recording rule"),
        ("- {alert: A, expr: up}\n- {alert: B, expr: up}", "These are 2 rules"),
        ("groups:\n  - rules: []", "A group needs a `name`"),
        ("groups:\n  - name: x", "The `rules` of the group `x` are a list"),
        ("groups:\n  - {name: x, rules: []}", "These are 0 rules"),
        ("groups: up", "`groups` is a list"),
    ],
)
def test_what_is_no_alerting_rule_is_told_why(text, hears):
    assert hears in said(read_alerting_rule, text)


@pytest.mark.parametrize(
    ("text", "hears"),
    [
        ("alert: A\nexpr: up", "This is an alerting rule"),
        ("record: a\nexpr: up\nfor: 1m", "`for` belongs to alerts"),
        ("record: a-b\nexpr: up", "`a-b` is no name for a metric"),
        ("record: a", "`expr` is missing"),
    ],
)
def test_what_is_no_recording_rule_is_told_why(text, hears):
    assert hears in said(read_recording_rule, text)


def test_times_are_written_as_in_a_rule():
    assert [duration_text(seconds) for seconds in (0, 15, 60, 90, 300)] == ["0s", "15s", "1m", "90s", "5m"]
