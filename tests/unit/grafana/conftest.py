"""The dashboards as committed, and ways to walk through them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
JSON = ROOT / "grafana/dashboards"


class Where(NamedTuple):
    """A panel with the name of its dashboard, so that a failing test says which one."""

    uid: str
    panel: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.uid} / {self.panel.get('title')}"


@pytest.fixture(scope="session")
def dashboards() -> dict[str, dict[str, Any]]:
    """The committed dashboards by uid."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(JSON.glob("*.json"))}


@pytest.fixture(scope="session")
def panels(dashboards: dict[str, dict[str, Any]]) -> list[Where]:
    """Every panel that is no row."""
    return [
        Where(uid, panel) for uid, board in dashboards.items() for panel in board["panels"] if panel["type"] != "row"
    ]


@pytest.fixture(scope="session")
def addresses(dashboards: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Every address that a click leads to, with the uid of the dashboard that holds it."""
    return [(uid, address) for uid, board in dashboards.items() for address in _addresses(board)]


def _addresses(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("url"), str):
            yield node["url"]
        for value in node.values():
            yield from _addresses(value)
    elif isinstance(node, list):
        for value in node:
            yield from _addresses(value)
