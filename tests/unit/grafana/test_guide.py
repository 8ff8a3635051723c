"""What the guide to Grafana tells people to look at and to click is there under that name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.unit.grafana.conftest import ROOT

#: Grafana's own words for its pages, buttons and fields.
OF_GRAFANA = {"Alerting", "Alert rules", "Logs for this span"}

#: Where something of ours has a name that people see.
NAMES = ("title", "label", "urlDisplayLabel", "name", "alert")


def italics() -> list[str]:
    guide = (ROOT / "docs/guide/grafana.md").read_text(encoding="utf-8")
    walk = re.sub(r"^```.*?^```", "", guide.partition("## Troubleshooting")[0], flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"(?<![*\w])\*([^*]+)\*(?!\*)", walk.replace("**", ""))
    return sorted({" ".join(words.split()) for words in found})


def names_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node[key] for key in NAMES if isinstance(node.get(key), str))
        for value in node.values():
            yield from names_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from names_in(value)


@pytest.fixture(scope="module")
def known(dashboards: dict[str, dict[str, Any]]) -> set[str]:
    files = [
        ROOT / "grafana/provisioning/datasources/lab.yml",
        *(ROOT / "observability/prometheus/rules").glob("*.yml"),
    ]
    ours = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    return {*OF_GRAFANA, *names_in(list(dashboards.values())), *names_in(ours)}


@pytest.mark.parametrize("words", italics())
def test_what_the_guide_points_at_is_there(words: str, known: set[str]) -> None:
    # A variable in a title stands for any words: "Slow traces through ${__field.labels.service}".
    patterns = [re.sub(r"\\\$\\\{.*?\\\}", ".+", re.escape(name)) for name in known]

    assert any(re.fullmatch(pattern, words) for pattern in patterns)


def test_the_guide_points_at_something() -> None:
    assert len(italics()) > 20
