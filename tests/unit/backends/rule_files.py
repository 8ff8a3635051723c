"""The committed rules and their cases, parsed; and where promtool is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
PROMETHEUS = REPOSITORY / "observability" / "prometheus"
RULES = PROMETHEUS / "rules"
CASES = PROMETHEUS / "tests"

Rule = dict[str, Any]


def rules(file: Path | None = None) -> Iterator[Rule]:
    """Every rule of one file or of all, in their order."""
    for path in [file] if file else sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def alerts() -> dict[str, Rule]:
    """Every alert by its name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def cases(file: Path) -> list[dict[str, Any]]:
    """The cases of one file."""
    tests: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
    return tests


def program(name: str, package: str) -> str:
    """Where a program is. Skips the test where it is not, but in CI, where it has to be."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not installed (Debian: apt install {package})"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command's outcome, output and errors together."""
    return subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
