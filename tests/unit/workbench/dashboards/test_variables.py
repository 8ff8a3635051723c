"""Variables: what is chosen stands in the address, what there is to choose comes from the JSON or from an API."""

from typing import Any

import pytest

from tests.browser import Modules

ROUTE = {
    "name": "route",
    "type": "query",
    "multi": True,
    "includeAll": True,
    "sort": 1,
    "current": {"value": ["$__all"]},
}
PERCENTILE = {
    "name": "percentile",
    "type": "custom",
    "current": {"value": "0.95"},
    "options": [{"text": "p50", "value": "0.5"}, {"text": "p95", "value": "0.95"}],
}
SEARCH = {"name": "search", "type": "textbox", "query": ""}
MODULE = "dashboards/variables.js"


@pytest.mark.parametrize(
    ("address", "chosen"),
    [
        ({}, {"route": ["$__all"], "percentile": ["0.95"], "search": [""]}),
        ({"var-route": ["/user", "/"]}, {"route": ["/user", "/"], "percentile": ["0.95"], "search": [""]}),
        ({"var-route": ["All"], "var-search": ["x"]}, {"route": ["$__all"], "percentile": ["0.95"], "search": ["x"]}),
        ({"var-route": ["$__all", "/"]}, {"route": ["$__all"], "percentile": ["0.95"], "search": [""]}),
        ({"var-percentile": ["0.5", "0.9"]}, {"route": ["$__all"], "percentile": ["0.5"], "search": [""]}),
    ],
)
def test_the_address_says_what_is_chosen(
    address: dict[str, list[str]], chosen: dict[str, Any], module: Modules
) -> None:
    code = "(m, [variables, address]) => m.chosenOf(variables, (name) => address[name] ?? [])"
    assert module(MODULE, code, [[ROUTE, PERCENTILE, SEARCH], address]) == chosen


@pytest.mark.parametrize(
    ("variable", "values", "parameters"),
    [
        (ROUTE, ["/user"], {"var-route": ["/user"]}),
        (ROUTE, ["$__all"], {"var-route": None}),
        (PERCENTILE, ["0.95"], {"var-percentile": None}),
        (SEARCH, [""], {"var-search": None}),
    ],
)
def test_what_is_as_the_dashboard_opens_does_not_stand_in_the_address(
    variable: dict[str, Any], values: list[str], parameters: dict[str, Any], module: Modules
) -> None:
    assert module(MODULE, "(m, [v, c]) => m.parametersOf(v, c)", [variable, values]) == parameters


@pytest.mark.parametrize(
    ("changes", "values", "expected"),
    [
        ({}, ["b", "a", "b"], ["$__all", "a", "b"]),
        ({"sort": 2}, ["b", "a"], ["$__all", "b", "a"]),
        ({"sort": 0}, ["b", "a"], ["$__all", "b", "a"]),
        ({"sort": 3}, ["10", "9"], ["$__all", "9", "10"]),
        ({"includeAll": False}, ["b", "a"], ["a", "b"]),
        ({"regex": "/^a(.)/"}, ["ax", "bx", "ay"], ["$__all", "x", "y"]),
        ({"regex": '/name="(?<value>[^"]+)"/'}, ['up{name="q"} 1 0'], ["$__all", "q"]),
        ({"regex": "/(/"}, ["a"], ["$__all"]),
    ],
)
def test_what_there_is_to_choose(
    changes: dict[str, Any], values: list[str], expected: list[str], module: Modules
) -> None:
    found = module(MODULE, "(m, [v, values]) => m.optionsOf(v, values)", [{**ROUTE, **changes}, values])
    assert [option["value"] for option in found] == expected


def test_a_fixed_list_is_shown_by_its_texts(module: Modules) -> None:
    assert module(MODULE, "(m, v) => m.optionsOf(v)", PERCENTILE) == PERCENTILE["options"]
    said = "(m, [v, chosen]) => m.choiceText(chosen, m.optionsOf(v))"
    assert module(MODULE, said, [PERCENTILE, ["0.5"]]) == "p50"
    assert module(MODULE, said, [ROUTE, ["$__all"]]) == "All"
    assert module(MODULE, said, [ROUTE, ["/", "/user"]]) == "/ + /user"
    assert module(MODULE, said, [ROUTE, list("abcd")]) == "4 chosen"
    assert module(MODULE, said, [ROUTE, []]) == "none"
