"""Tables: which columns, in which order, with which unit, threshold and link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.builders.table import Panel
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from grafana.source.colouring import states, words


@dataclass(frozen=True)
class Column:
    """One column of a table, found by the name of its field.

    Fields are named for the labels of a series; the value is `Value`, or `Value #A`, `Value #B` with several queries.
    """

    title: str
    unit: str | None = None
    decimals: int | None = None
    width: int | None = None
    thresholds: ThresholdsConfig | None = None
    links: Sequence[DashboardLink] = ()
    #: Number to (word, colour), as `colouring.states` takes it.
    states: Mapping[int, tuple[str, str]] | None = None
    #: Long text goes on in the next line instead of being cut.
    wrap: bool = False
    #: Colours of words that are states.
    words: Mapping[str, str] | None = None


def arrange(panel: Panel, columns: Mapping[str, Column], *, queries: int) -> None:
    """Joins the results of several queries by their labels, and keeps `columns` in this order and nothing else."""
    # First, so that rows are joined by these labels alone: not by __name__, in which recorded series differ.
    panel.with_transformation(
        DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(columns)}})
    )
    if queries > 1:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "indexByName": {name: index for index, name in enumerate(columns)},
                "renameByName": {name: column.title for name, column in columns.items()},
                "excludeByName": {},
            },
        )
    )
    style(panel, {column.title: column for column in columns.values()})


def style(panel: Panel, columns: Mapping[str, Column]) -> None:
    """Units, thresholds and links, by the column's name as it stands in the head of the table."""
    for name, column in columns.items():
        panel.override_by_name(name, _properties(column))


def _properties(column: Column) -> list[DynamicConfigValue]:
    found: list[DynamicConfigValue] = []

    def put(key: str, value: object) -> None:
        found.append(DynamicConfigValue(id_val=key, value=value))

    if column.unit:
        put("unit", column.unit)
    if column.decimals is not None:
        put("decimals", column.decimals)
    if column.width:
        put("custom.width", column.width)
    if column.thresholds:
        put("thresholds", column.thresholds.build())
        put("color", {"mode": "thresholds"})
        put("custom.cellOptions", {"type": "color-text"})
    if column.states:
        put("mappings", states(column.states))
        put("custom.cellOptions", {"type": "color-text"})
    if column.wrap:
        put("custom.cellOptions", {"type": "auto", "wrapText": True})
    if column.words:
        put("mappings", words(column.words))
        put("custom.cellOptions", {"type": "color-text"})
    if column.links:
        put("links", [link.build() for link in column.links])
    return found
