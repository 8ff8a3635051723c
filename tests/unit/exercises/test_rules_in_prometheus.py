"""What passes for a rule here, Prometheus' own `promtool` takes, and it refuses what is refused here."""

import subprocess

import pytest
import yaml

from lab.exercises.loader import read_exercises
from lab.exercises.personal import personalise
from lab.exercises.rules import RuleRefused, read_alerting_rule
from tests.machine import program


def says_promtool(tmp_path, rules):
    file = tmp_path / "rules.yml"
    groups = [{"name": f"group {number}", "rules": [rule]} for number, rule in enumerate(rules)]
    file.write_text(yaml.safe_dump({"groups": groups}))
    promtool = program("promtool", package="prometheus")
    # Two alerts of the same name are meant: they are answers to the same task.
    command = [promtool, "check", "rules", "--lint=none", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def all_right_rules():
    for exercise in read_exercises().values():
        for task in personalise(exercise, "ada").tasks:
            if task.kind in ("alert_rule", "recording_rule"):
                for text in (task.reference, *task.also_right):
                    content = yaml.safe_load(text)
                    yield content["groups"][0]["rules"][0] if "groups" in content else content


def test_every_right_answer_is_taken(tmp_path):
    rules = list(all_right_rules())

    result = says_promtool(tmp_path, rules)

    assert len(rules) > 10
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(rules)} rules found" in result.stdout


@pytest.mark.parametrize(
    "changes",
    [
        {"for": "15"},
        {"for": "1.5m"},
        {"severity": "page"},
        {"labels": {"the-severity": "page"}},
        {"annotations": {"summary": "{{ $label.service }}"}},
        {"annotations": {"summary": "{{ labels.service }}"}},
        {"annotations": {"summary": "{{ $labels.service"}},
        {"record": "a:b:c"},
    ],
    ids=str,
)
def test_what_is_refused_here_is_refused_there(tmp_path, changes):
    rule = {"alert": "A", "expr": "up == 0", **changes}
    annotations = rule.pop("annotations", {})

    if annotations:
        # Told by the checker, when it has seen what the expression finds.
        rule["annotations"] = annotations
    else:
        with pytest.raises(RuleRefused):
            read_alerting_rule(yaml.safe_dump(rule))
    assert says_promtool(tmp_path, [rule]).returncode != 0
