"""Variables: what a query uses exists, and what exists is used."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from grafana.source.directory import DIRECTORY

UIDS = sorted(DIRECTORY)
_USED = re.compile(r"\$\{?([A-Za-z_]\w*)")


def _used(board: dict[str, Any]) -> set[str]:
    """Names of variables in queries, titles and labels; Grafana's own begin with two underscores."""
    read = {key: board[key] for key in ("panels", "templating", "annotations")}
    text = json.dumps(read).replace("label_values", "")
    # `$1` belongs to label_replace, `${__…}` to Grafana.
    return {name for name in _USED.findall(text) if not name.startswith("__")}


@pytest.mark.parametrize("uid", UIDS)
def test_variables_that_are_used_exist_and_those_that_exist_are_used(
    uid: str, dashboards: dict[str, dict[str, Any]]
) -> None:
    board = dashboards[uid]

    assert _used(board) == {variable["name"] for variable in board["templating"]["list"]}


@pytest.mark.parametrize("uid", UIDS)
def test_every_variable_has_a_label_a_description_and_something_chosen(
    uid: str, dashboards: dict[str, dict[str, Any]]
) -> None:
    for variable in dashboards[uid]["templating"]["list"]:
        assert variable["label"]
        assert variable["description"]
        if variable["type"] != "textbox":
            assert variable["current"]["value"]


def test_all_selects_what_loki_accepts_too(dashboards: dict[str, dict[str, Any]]) -> None:
    """`.*` could match nothing, and Loki refuses a selector that could."""
    everything = {
        variable["allValue"]
        for board in dashboards.values()
        for variable in board["templating"]["list"]
        if variable.get("includeAll")
    }

    assert everything == {".+"}
