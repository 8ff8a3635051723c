"""The level of a log line, as Loki detects it (`detected_level`): from a label, from metadata, from the line.

Source: Loki's documentation of `discover_log_levels`, and its behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

UNKNOWN = "unknown"

#: Labels, metadata and fields that state a level; the first one in this order counts.
FIELDS = (
    "level",
    "LEVEL",
    "Level",
    "log.level",
    "severity",
    "SEVERITY",
    "Severity",
    "SeverityText",
    "lvl",
    "LVL",
    "Lvl",
    "severity_text",
    "Severity_Text",
    "SEVERITY_TEXT",
)
_FIELDS = frozenset(FIELDS)
_RANK = {name.lower(): rank for rank, name in reversed(list(enumerate(FIELDS)))}

_LEVELS = {
    "trace": "trace",
    "trc": "trace",
    "debug": "debug",
    "dbg": "debug",
    "info": "info",
    "inf": "info",
    "information": "info",
    "warn": "warn",
    "wrn": "warn",
    "warning": "warn",
    "error": "error",
    "err": "error",
    "critical": "critical",
    "fatal": "fatal",
}

#: OTLP's severity numbers: levels in steps of four, from 1.
_SEVERITIES = ("trace", "debug", "info", "warn", "error", "fatal")

#: Objects within objects in which a JSON line's level is looked for.
_JSON_DEPTH = 2

#: Whether a line may have a field that states a level, and one field of a logfmt line with the blanks before it: a name
#: alone, or with a value. Where it does not match, Loki reads no further.
_MAYBE_FIELD = re.compile(rb"(?:level|lvl|severity|severitytext|severity_text)=", re.IGNORECASE)
_LOGFMT_FIELD = re.compile(
    rb'[\x00-\x20]*([^\x00-\x20="]+)'
    rb'(?:(?=[\x00-\x20]|\Z)|=(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20="]*)(?=[\x00-\x20]|\Z)))',
    re.DOTALL,
)

#: Words that name a level when they stand alone. `err` comes after `error`, for Go's order of ties does not matter.
_WORD = re.compile(
    rb'(?<![^ \t\n\[({"=])(trace|debug|fatal|critical|error|err|warning|warn|info)(?![^ \t\n\[\](){}:,!"=])',
    re.IGNORECASE,
)


def normalize(level: str) -> str:
    """The level's usual name, or the text itself when it is none."""
    return _LEVELS.get(level.lower(), level)


def level_of_labels(labels: Mapping[str, str]) -> str | None:
    """The level that a label or a piece of structured metadata states, or None."""
    for name in FIELDS:
        if name in labels:
            return normalize(labels[name])
    return None


def level_of_metadata(metadata: Mapping[str, str]) -> str | None:
    """The level that structured metadata state, by name or by OTLP's number, or None."""
    level = level_of_labels(metadata)
    if level is not None or not metadata.get("severity_number"):
        return level
    try:
        number = int(metadata["severity_number"])
    except ValueError:
        return "info"
    if number < 0:
        return "trace"
    return UNKNOWN if number == 0 or number > 24 else _SEVERITIES[(number - 1) // 4]


def level_of_line(line: bytes) -> str:
    """The level that a line states; `unknown` when it states none."""
    stripped = line.strip()
    if stripped[:1] == b"{" and stripped[-1:] == b"}":
        stated = _level_of_json(stripped)
    elif b"=" in line:
        stated = _level_of_logfmt(line)
    else:
        stated = ""
    level = _LEVELS.get(stated.lower()) if stated else None
    if level is None:
        word = _WORD.search(line)
        level = _LEVELS[word[1].lower().decode()] if word else UNKNOWN
    return level


def _level_of_json(line: bytes) -> str:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ""
    found = _level_of_object(value, 1) if isinstance(value, dict) else None
    return found or ""


def _level_of_object(value: dict[str, object], depth: int) -> str | None:
    if depth == _JSON_DEPTH or not any(isinstance(inner, dict) for inner in value.values()):
        return next((text for name, text in value.items() if name in _FIELDS and isinstance(text, str)), None)
    for name, inner in value.items():
        if isinstance(inner, str):
            if name in _FIELDS:
                return inner
        elif isinstance(inner, dict):
            found = _level_of_object(inner, depth + 1)
            if found is not None:
                return found
    return None


def _level_of_logfmt(line: bytes) -> str:
    if _MAYBE_FIELD.search(line) is None:
        return ""
    best, stated, position = len(FIELDS), b"", 0
    while (match := _LOGFMT_FIELD.match(line, position)) is not None:
        position = match.end()
        # A name without a value states the empty level.
        rank = _RANK.get(match[1].lower().decode(errors="replace"), best)
        if rank < best:
            best, stated = rank, match[2] or match[3] or b""
            if not rank:
                break
    return stated.decode(errors="replace")
