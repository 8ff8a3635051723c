"""The level of a log line, as Loki detects it (`detected_level`): from a label, from the line's fields, from its words.

It is worked out when a line is read, not when it is stored: a line is kept exactly as it came.
"""

from __future__ import annotations

import re

import orjson

_NAMES = frozenset(
    (
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
)
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
_LOGFMT_LEVEL = re.compile(r'(?:^|\s)(?:level|severity|lvl|severity_text)=(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_WORD = re.compile(r"\b(trace|debug|info|warn|warning|error|err|critical|fatal)\b", re.IGNORECASE)


def level_of_labels(labels: dict[str, str]) -> str | None:
    """The level that a label or a piece of structured metadata states, or None."""
    for name in _NAMES & labels.keys():
        return _LEVELS.get(labels[name].lower(), labels[name])
    return None


def level_of_line(line: str) -> str:
    """The level that a line states; `unknown` when it states none."""
    if line.startswith("{"):
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError:
            fields = None
        if isinstance(fields, dict):
            stated = next((fields[name] for name in _NAMES & fields.keys() if isinstance(fields[name], str)), None)
            if stated:
                return _LEVELS.get(stated.lower(), "unknown")
    match = _LOGFMT_LEVEL.search(line)
    if match is not None:
        return _LEVELS.get((match[1] or match[2] or "").lower(), "unknown")
    word = _WORD.search(line)
    return _LEVELS[word[1].lower()] if word else "unknown"
