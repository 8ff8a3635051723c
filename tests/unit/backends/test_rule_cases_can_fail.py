"""The rules' cases can fail: with any number, window, matcher or waiting time of a rule changed, one of them does."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.machine import program
from tests.unit.backends.rule_files import CASES, RULES, Rule, run

FILES = {rule_file: sorted(CASES.glob(f"{rule_file.stem}*.test.yml")) for rule_file in sorted(RULES.glob("*.yml"))}
#: (file, group, position): the same name may stand in a file more than once.
PLACES = [
    (file, group, position)
    for file in FILES
    for group, content in enumerate(yaml.safe_load(file.read_text(encoding="utf-8"))["groups"])
    for position in range(len(content["rules"]))
]


def mutants(rule: Rule) -> list[tuple[str, Rule]]:
    """What is changed, in words, and the rule with that changed."""
    expression = rule["expr"]
    found: list[tuple[str, Rule]] = []

    def change(begin: int, end: int, text: str, words: str) -> None:
        found.append((words, {**rule, "expr": expression[:begin] + text + expression[end:]}))

    # Whatever window has what is multiplied by 0, it is 0.
    windowed = re.sub(r"\bor [^\n]*\* 0\b", lambda match: " " * len(match[0]), expression)
    for match in re.finditer(r"(?<=\[)\d+(?=[smh]\])|(?<=offset )\d+(?=[smh])", windowed):
        change(*match.span(), str(int(match[0]) * 2), f"the window of {match[0]} twice as long")
    # Numbers that are no windows and no parts of strings or names.
    plain = re.sub(r'"[^"]*"|\[\w+\]|offset \w+', lambda match: " " * len(match[0]), expression)
    for match in re.finditer(r"(?<![\w.:])\d+(?:\.\d+)?(?![\w.])", plain):
        number = float(match[0])
        for other in (2.0,) if number == 0 else (number * 1.5, number * 0.7):
            change(*match.span(), f"{other:g}", f"{number:g} as {other:g}")
    for matcher in sorted(set(re.findall(r'\w+(?:=~|!=|!~|=)"[^"]*"', expression))):
        # In all places: in one alone, the other side of a division or an `and` would still leave the series out.
        without = re.sub(rf"{re.escape(matcher)}(?:, )?|, {re.escape(matcher)}", "", expression)
        found.append((f"without {matcher}", {**rule, "expr": without}))
    if "for" in rule:
        found.append(("waiting twice as long", {**rule, "for": f"{int(rule['for'][:-1]) * 2}{rule['for'][-1]}"}))
        found.append(("waiting not at all", {**rule, "for": "0s"}))
    return found


def about(rule: Rule, test: dict[str, Any]) -> dict[str, Any] | None:
    """What a case says about one rule; None when it says nothing."""
    if "alert" in rule:
        checks = [check for check in test.get("alert_rule_test", ()) if check["alertname"] == rule["alert"]]
        return {**test, "alert_rule_test": checks, "promql_expr_test": []} if checks else None
    name = re.compile(re.escape(rule["record"]) + r"(?![\w:])|__name__")
    queries = [check for check in test.get("promql_expr_test", ()) if name.search(check["expr"])]
    return {**test, "promql_expr_test": queries, "alert_rule_test": []} if queries else None


@pytest.mark.slow
@pytest.mark.parametrize(("file", "group", "position"), PLACES)
def test_a_changed_rule_fails_one_of_its_cases(tmp_path: Path, file: Path, group: int, position: int) -> None:
    promtool = program("promtool", package="prometheus")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    rule = content["groups"][group]["rules"][position]
    tried = [("nothing", rule), *mutants(rule)]
    chosen = {}
    for source in FILES[file]:
        whole = yaml.safe_load(source.read_text(encoding="utf-8"))
        if narrow := [test for test in map(partial(about, rule), whole["tests"]) if test]:
            chosen[source.name] = yaml.safe_dump({**whole, "tests": narrow})

    def survives(number: int) -> bool:
        directory = tmp_path / str(number)
        for folder in ("rules", "tests"):
            (directory / folder).mkdir(parents=True)
        changed = deepcopy(content)
        changed["groups"][group]["rules"][position] = tried[number][1]
        (directory / "rules" / file.name).write_text(yaml.safe_dump(changed))
        for name, text in chosen.items():
            (directory / "tests" / name).write_text(text)
        outcome = run(promtool, "test", "rules", *(directory / "tests" / name for name in chosen))
        assert "yaml:" not in outcome.stdout, outcome.stdout
        return outcome.returncode == 0

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        survived = list(pool.map(survives, range(len(tried))))
    assert [words for (words, _), survivor in zip(tried, survived, strict=True) if survivor] == ["nothing"], (
        rule.get("record") or rule["alert"]
    )
