"""Colours from `colours.py` as Grafana's overrides and value mappings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol, Self

from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMappingResult,
)

from grafana.source.colours import NEUTRAL

#: Series that no rule names get shades of this: told apart, yet never mistaken for a state.
UNNAMED_SERIES = "#6CA6E8"


class HasOverrides(Protocol):
    def override_by_regexp(self, regexp: str, properties: list[DynamicConfigValue]) -> Self: ...


def pattern(name: str) -> str:
    """A plain word matches as a whole word, anything else is a regular expression already."""
    return rf"/\b{name}\b/" if re.fullmatch(r"[\w-]+", name) else f"/{name.replace('/', chr(92) + '/')}/"


def colour_series(panel: HasOverrides, colours: Mapping[str, str]) -> None:
    """Series whose name matches get the colour; when several match, the last one counts."""
    for name, colour in colours.items():
        fixed = {"mode": FieldColorModeId.FIXED.value, "fixedColor": colour}
        panel.override_by_regexp(pattern(name), [DynamicConfigValue(id_val="color", value=fixed)])


def shades() -> FieldColor:
    return FieldColor().mode(FieldColorModeId.SHADES).fixed_color(UNNAMED_SERIES)


def fixed(colour: str) -> FieldColor:
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour)


def from_thresholds() -> FieldColor:
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def states(meaning: Mapping[int, tuple[str, str]]) -> list[ValueMap]:
    """Words and colours for numbers that stand for a state: `{0: ("down", BAD), 1: ("up", GOOD)}`."""
    options = {
        str(number): ValueMappingResult(text=word, color=colour, index=index)
        for index, (number, (word, colour)) in enumerate(meaning.items())
    }
    return [ValueMap(options=options)]


def absent(word: str) -> SpecialValueMap:
    """What a number says when there is none: calmly, whatever colour a threshold at 0 would give it."""
    result = ValueMappingResult(text=word, color=NEUTRAL, index=0)
    return SpecialValueMap(DashboardSpecialValueMapOptions(SpecialValueMatch.NULL_AND_NAN, result))


def words(colours: Mapping[str, str]) -> list[ValueMap]:
    """Colours for words that stand for a state: `{"firing": BAD}`."""
    options = {
        word: ValueMappingResult(color=colour, index=index) for index, (word, colour) in enumerate(colours.items())
    }
    return [ValueMap(options=options)]
