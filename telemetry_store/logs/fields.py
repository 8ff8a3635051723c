"""The fields that a line states, as JSON or as logfmt, for `detected_fields`. Queries have parsers of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ..quoting import unquote

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_]", re.ASCII)
_PAIR = re.compile(r'([^\x00- ="]+)(?:=("(?:[^"\\]|\\.)*"|[^\x00- "]*))?')

#: Objects within objects whose members become fields.
_DEPTH = 32


@dataclass(frozen=True)
class ParsedField:
    """A field's name as a label, its value as text, and for JSON where it stands."""

    name: str
    value: str
    path: tuple[str, ...] | None = None


def fields_of_line(line: str, labels: Mapping[str, str]) -> tuple[str, list[ParsedField]]:
    """("json" or "logfmt", fields), or ("", nothing). A field with a stream label's name has `_extracted` added."""
    if line.lstrip()[:1] == "{":
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            value = None
        if isinstance(value, dict):
            fields: list[ParsedField] = []
            _collect(value, (), fields)
            return "json", _distinct(fields, labels)
    pairs = [
        ParsedField(_label(match[1]), _plain(match[2] or ""))
        for match in _PAIR.finditer(line)
        if match[2] is not None and match[2] != ""
    ]
    return ("logfmt", _distinct(pairs, labels)) if pairs else ("", [])


def _collect(value: dict[str, Any], path: tuple[str, ...], fields: list[ParsedField]) -> None:
    for name, inner in value.items():
        here = (*path, name)
        if isinstance(inner, dict):
            if len(here) < _DEPTH:
                _collect(inner, here, fields)
        elif not isinstance(inner, list) and inner is not None:
            text = inner if isinstance(inner, str) else orjson.dumps(inner).decode()
            fields.append(ParsedField(_label("_".join(here)), text, here))


def _distinct(fields: list[ParsedField], labels: Mapping[str, str]) -> list[ParsedField]:
    """Each name once, the first one; renamed where a label of the stream has it."""
    known: dict[str, ParsedField] = {}
    for one in fields:
        name = one.name + "_extracted" if one.name in labels else one.name
        known.setdefault(name, ParsedField(name, one.value, one.path))
    return list(known.values())


def _label(name: str) -> str:
    label = _NOT_IN_NAME.sub("_", name)
    return "_" + label if label[:1].isdigit() else label


def _plain(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return unquote(text)
    except ValueError:
        return text[1:-1]
