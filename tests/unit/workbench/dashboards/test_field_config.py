"""Fields are shown by the panel's defaults, changed by the overrides that match."""

from typing import Any

import pytest

from tests.browser import Modules

FIELDS = [
    {"name": "Time", "type": "time", "values": [1]},
    {"name": "Value", "title": "backend p95", "type": "number", "values": [2]},
    {"name": "Rate", "type": "number", "values": [3], "unit": "ms"},
]


def configured(module: Modules, field_config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    frames = [{"refId": "A", "length": 1, "fields": FIELDS}]
    (found,) = module("dashboards/field_config.js", "(m, [a, b]) => m.configured(a, b)", [frames, field_config])
    return {field["title"]: field["config"] for field in found["fields"]}


@pytest.mark.parametrize(
    ("matcher", "matching"),
    [
        ({"id": "byName", "options": "Rate"}, ["Rate"]),
        ({"id": "byName", "options": "backend p95"}, ["backend p95"]),
        ({"id": "byRegexp", "options": "/\\bbackend\\b/"}, ["backend p95"]),
        ({"id": "byRegexp", "options": "/BACKEND/i"}, ["backend p95"]),
        ({"id": "byRegexp", "options": "/(/"}, []),
        ({"id": "byType", "options": "number"}, ["backend p95", "Rate"]),
        ({"id": "byFrameRefID", "options": "A"}, ["Time", "backend p95", "Rate"]),
        ({"id": "byFrameRefID", "options": "B"}, []),
        ({"id": "byNames", "options": {"names": ["Time", "Rate"]}}, ["Time", "Rate"]),
        ({"id": "byNames", "options": {"names": ["Time"], "mode": "exclude"}}, ["backend p95", "Rate"]),
        ({"id": "byTheMoon", "options": ""}, []),
    ],
)
def test_an_override_holds_where_it_matches(matcher: dict[str, Any], matching: list[str], module: Modules) -> None:
    config = {"overrides": [{"matcher": matcher, "properties": [{"id": "unit", "value": "reqps"}]}]}
    assert [name for name, found in configured(module, config).items() if found.get("unit") == "reqps"] == matching


def test_later_overrides_win_and_defaults_stay_as_they_are(module: Modules) -> None:
    everything = {"id": "byType", "options": "number"}
    found = configured(
        module,
        {
            "defaults": {"unit": "s", "custom": {"fillOpacity": 8, "lineWidth": 2}},
            "overrides": [
                {"matcher": everything, "properties": [{"id": "custom.fillOpacity", "value": 0}]},
                {
                    "matcher": {"id": "byName", "options": "Rate"},
                    "properties": [
                        {"id": "custom.fillOpacity", "value": 50},
                        {"id": "displayName", "value": "Requests"},
                    ],
                },
            ],
        },
    )
    assert found["backend p95"] == {"unit": "s", "custom": {"fillOpacity": 0, "lineWidth": 2}}
    assert found["Requests"]["custom"] == {"fillOpacity": 50, "lineWidth": 2}
    assert found["Time"]["custom"] == {"fillOpacity": 8, "lineWidth": 2}


def test_a_field_may_bring_its_unit(module: Modules) -> None:
    assert configured(module, {})["Rate"]["unit"] == "ms"
    assert configured(module, {"defaults": {"unit": "s"}})["Rate"]["unit"] == "s"


def test_colours_of_thresholds_and_mappings_are_those_of_the_page(module: Modules) -> None:
    config = {
        "unit": "s",
        "thresholds": {
            "mode": "percentage",
            "steps": [{"value": None, "color": "green"}, {"value": 80, "color": "red"}],
        },
        "mappings": [
            {"type": "value", "options": {"0": {"text": "down", "color": "red"}, "1": {"text": "up"}}},
            {"type": "special", "options": {"match": "null+nan", "result": {"text": "none", "color": "grey"}}},
        ],
    }
    shown = module("dashboards/field_config.js", "(m, config) => m.displayOf(config, (name) => `page-${name}`)", config)
    assert shown["thresholds"] == [{"value": None, "colour": "page-green"}, {"value": 80, "colour": "page-red"}]
    assert shown["thresholdMode"] == "percentage"
    assert shown["mappings"][0]["options"] == {"0": {"text": "down", "color": "page-red"}, "1": {"text": "up"}}
    assert shown["mappings"][1]["options"]["result"] == {"text": "none", "color": "page-grey"}


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ({"mode": "fixed", "fixedColor": "red"}, "page-red"),
        ({"mode": "shades", "fixedColor": "red"}, "page-red-3"),
        ({"mode": "thresholds"}, None),
        ({"mode": "palette-classic"}, None),
        (None, None),
    ],
)
def test_a_series_colour(color: dict[str, Any] | None, expected: str | None, module: Modules) -> None:
    found = module(
        "dashboards/field_config.js",
        "(m, color) => m.fixedColour({color}, 3, (name) => `page-${name}`, (colour, index) => `${colour}-${index}`)",
        color,
    )
    assert found == expected
