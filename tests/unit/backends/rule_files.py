"""The committed rules and their cases, parsed; and how a tool is run on them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from grafana.query_catalogue.rules import rule_files, rules_of

REPOSITORY = Path(__file__).resolve().parents[3]
PROMETHEUS = REPOSITORY / "observability" / "prometheus"
RULES = PROMETHEUS / "rules"
CASES = PROMETHEUS / "tests"

Rule = dict[str, Any]


def rules(file: Path | None = None) -> Iterator[Rule]:
    """Every rule of one file or of all, in their order."""
    for path in [file] if file else rule_files(RULES):
        for rule in rules_of(path):
            yield dict(rule)


def alerts() -> dict[str, Rule]:
    """Every alert by its name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def cases(file: Path) -> list[dict[str, Any]]:
    """The cases of one file."""
    tests: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
    return tests


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command's outcome, output and errors together."""
    return subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
