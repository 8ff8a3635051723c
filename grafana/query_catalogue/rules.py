"""The queries of Prometheus' rule files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from grafana.query_catalogue.query import Query


def rule_files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.yml"))


def rules_of(file: Path) -> Iterator[Mapping[str, Any]]:
    """Every rule of every group, in order."""
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def queries_of_rules(file: Path) -> list[Query]:
    """An alert's expression is empty as long as all is well: it answers with what is wrong."""
    return [
        Query(
            f"rule {rule['record']} of {file.name}" if "record" in rule else f"alert {rule['alert']} of {file.name}",
            "promql",
            "instant",
            str(rule["expr"]),
            may_be_empty="" if "record" in rule else "nothing is wrong",
        )
        for rule in rules_of(file)
    ]
