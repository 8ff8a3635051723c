"""Transformations make of frames what Grafana makes of them."""

from typing import Any

import pytest

from tests.browser import Modules


def frame(ref_id: str = "A", **fields: list[Any]) -> dict[str, Any]:
    columns = [
        {"name": name.replace("__", " #"), "values": values, "type": "number" if "Value" in name else "string"}
        for name, values in fields.items()
    ]
    return {"refId": ref_id, "length": len(columns[0]["values"]), "fields": columns}


def transformed(module: Modules, frames: list[dict[str, Any]], *steps: dict[str, Any]) -> list[dict[str, list[Any]]]:
    found = module(
        "dashboards/transformations.js", "(m, [frames, steps]) => m.transformed(frames, steps)", [frames, list(steps)]
    )
    return [{field["name"]: field["values"] for field in one["fields"]} for one in found]


def step(name: str, **options: Any) -> dict[str, Any]:
    return {"id": name, "options": options}


def test_merge_joins_rows_that_agree_in_what_tables_share(module: Modules) -> None:
    rates = frame("A", service=["a", "b"], Value__A=[1, 2])
    errors = frame("B", service=["b", "c"], Value__B=[20, 30])
    (merged,) = transformed(module, [rates, errors], step("merge"))
    assert merged == {"service": ["a", "b", "c"], "Value #A": [1, 2, None], "Value #B": [None, 20, 30]}


def test_merge_keeps_two_values_for_the_same_cell_apart(module: Modules) -> None:
    (merged,) = transformed(module, [frame(service=["a", "a"], Value=[1, 2])], step("merge"))
    assert merged == {"service": ["a", "a"], "Value": [1, 2]}


def test_merge_shows_values_after_what_they_are_about(module: Modules) -> None:
    (merged,) = transformed(
        module, [frame("A", a=["x"], Value__A=[1]), frame("B", a=["x"], b=["y"], Value__B=[2])], step("merge")
    )
    assert list(merged) == ["a", "b", "Value #A", "Value #B"]


def test_of_nothing_comes_nothing(module: Modules) -> None:
    assert transformed(module, [], step("merge")) == []


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("filterFieldsByName", {"include": {"names": ["b"]}}, {"b": ["x", "y"]}),
        ("filterFieldsByName", {"include": {"pattern": "/^(a|Value)$/"}}, {"a": ["2", "10"], "Value": [5, 4]}),
        ("filterFieldsByName", {"exclude": {"names": ["Value"]}}, {"a": ["2", "10"], "b": ["x", "y"]}),
        (
            "organize",
            {"indexByName": {"Value": 0, "b": 1}, "renameByName": {"Value": "Rate"}, "excludeByName": {"a": True}},
            {"Rate": [5, 4], "b": ["x", "y"]},
        ),
        ("sortBy", {"sort": [{"field": "Value"}]}, {"a": ["10", "2"], "b": ["y", "x"], "Value": [4, 5]}),
        ("sortBy", {"sort": [{"field": "a", "desc": True}]}, {"a": ["10", "2"], "b": ["y", "x"], "Value": [4, 5]}),
        ("limit", {"limitField": 1}, {"a": ["2"], "b": ["x"], "Value": [5]}),
        (
            "renameByRegex",
            {"regex": "(.)alue", "renamePattern": "$1-"},
            {"a": ["2", "10"], "b": ["x", "y"], "V-": [5, 4]},
        ),
        ("reduce", {"reducers": ["max", "mean"]}, {"Field": ["Value"], "Max": [5], "Mean": [4.5]}),
    ],
)
def test_a_transformation_of_a_table(
    name: str, options: dict[str, Any], expected: dict[str, list[Any]], module: Modules
) -> None:
    (found,) = transformed(module, [frame(a=["2", "10"], b=["x", "y"], Value=[5, 4])], step(name, **options))
    assert found == expected
    assert list(found) == list(expected)


def test_a_transformation_that_is_not_there_is_named(module: Modules) -> None:
    told = module(
        "dashboards/transformations.js",
        """m => { try { m.transformed([], [{id: "joinByLabels"}]); } catch (error) { return error.message; } }""",
    )
    assert told == 'This workbench does not have the transformation "joinByLabels".'
    assert transformed(module, [], {"id": "joinByLabels", "disabled": True}) == []
