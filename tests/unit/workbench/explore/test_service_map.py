"""The service map of a pane: a selector of the edges becomes conditions of every question."""

from __future__ import annotations

import pytest

from tests.browser import Modules


@pytest.mark.parametrize(
    ("selector", "conditions"),
    [
        ("", ""),
        ("{}", ""),
        ('{client="frontend"}', 'client="frontend"'),
        ('  { client="a", server=~"b|c", } ', 'client="a", server=~"b|c"'),
    ],
)
def test_a_selector_is_taken_without_its_braces(module: Modules, selector: str, conditions: str) -> None:
    assert module("explore/service_map.js", "(m, selector) => m.conditionsOf(selector)", selector) == conditions
