"""Values as text in Grafana's units: a table of cases, the axis' common prefix, and every unit our dashboards use."""

import json
from pathlib import Path
from typing import Any

from lab.paths import REPOSITORY
from tests.browser import Modules

CASES = REPOSITORY / "tests" / "data" / "workbench" / "units.txt"
DASHBOARDS = REPOSITORY / "grafana" / "dashboards"


def _cases() -> list[tuple[str, str, int | None, str]]:
    rows = [
        [cell.strip() for cell in line.split("|")]
        for line in CASES.read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return [(value, unit, int(decimals) if decimals else None, text) for value, unit, decimals, text in rows]


def test_values_are_written_as_the_table_says(module: Modules) -> None:
    cases = _cases()
    written = module(
        "format/units.js",
        """(m, rows) => rows.map(([value, unit, decimals]) =>
             m.formatValue(value === "null" ? null : Number(value), unit, decimals ?? undefined))""",
        cases,
    )
    assert list(zip([case[:3] for case in cases], written, strict=True)) == [(case[:3], case[3]) for case in cases]


def test_a_value_and_its_unit_come_apart_and_join_to_the_same_text(module: Modules) -> None:
    assert module("format/units.js", "m => m.formatParts(0.0234, 's')") == {"text": "23.4", "suffix": " ms"}
    assert (
        module(
            "format/units.js",
            """(m, rows) => rows.filter(([value, unit, decimals]) => {
             const number = value === "null" ? null : Number(value);
             const {text, suffix} = m.formatParts(number, unit, decimals ?? undefined);
             return text + suffix !== m.formatValue(number, unit, decimals ?? undefined);
           })""",
            _cases(),
        )
        == []
    )


def test_ticks_of_an_axis_share_prefix_and_decimals(module: Modules) -> None:
    def labels(unit: str, *ticks: float) -> Any:
        return module(
            "format/units.js",
            "(m, [unit, ticks]) => ticks.map(m.axisFormatter(unit, ticks))",
            [unit, ticks],
        )

    assert labels("s", 0, 0.05, 0.1, 0.15) == ["0 ms", "50 ms", "100 ms", "150 ms"]
    assert labels("s", 0, 0.5, 1, 1.5) == ["0.0 s", "0.5 s", "1.0 s", "1.5 s"]
    assert labels("short", 0, 500, 1000, 1500) == ["0", "0.5 K", "1.0 K", "1.5 K"]
    assert labels("percentunit", 0, 0.005, 0.01) == ["0.0 %", "0.5 %", "1.0 %"]
    assert labels("bytes", 0, 1 << 19, 1 << 20) == ["0.0 MiB", "0.5 MiB", "1.0 MiB"]
    assert labels("short", -200, 0, 200) == ["-200", "0", "200"]


def test_neighbouring_ticks_never_read_the_same(module: Modules) -> None:
    spans = [[low, low + 10.0**power] for low in (0, 3, 1000, 123456) for power in (-3, 0, 2, 5)]
    assert (
        module(
            "chart/scale.js",
            # The module is loaded from `address`; its neighbour lies beside it.
            """async (m, spans) => {
             const { axisFormatter } = await import(address.replace("chart/scale.js", "format/units.js"));
             return spans.flatMap(([low, high]) => ["s", "short", "bytes", "percentunit", "reqps"].filter((unit) => {
               const ticks = m.ticks(low, high, 5, unit);
               const texts = ticks.map(axisFormatter(unit, ticks));
               return new Set(texts).size !== texts.length;
             }).map((unit) => [unit, low, high]));
           }""",
            spans,
        )
        == []
    )


def test_every_unit_of_the_dashboards_is_known(module: Modules) -> None:
    used = {unit for path in DASHBOARDS.glob("*.json") for unit in _units(json.loads(Path(path).read_text()))}
    plain = sorted(unit for unit in used if ":" not in unit)
    assert len(plain) > 5
    known = module("format/units.js", "m => m.knownUnits()")
    assert [unit for unit in plain if unit not in known] == []


def _units(node: Any) -> list[str]:
    if isinstance(node, list):
        return [unit for each in node for unit in _units(each)]
    if not isinstance(node, dict):
        return []
    own = [node["unit"]] if isinstance(node.get("unit"), str) else []
    if node.get("id") == "unit" and isinstance(node.get("value"), str):
        own.append(node["value"])
    return own + [unit for each in node.values() for unit in _units(each)]
