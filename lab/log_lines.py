"""Turns the lines that processes print into lines that people read.

Pure; reading the files is lab/output_file.py's job.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

#: The fields that have a place of their own, or that say nothing in one process's output.
_PLACED_FIELDS = ("timestamp", "level", "service", "message")
#: The only field that is several lines.
_STACK_TRACE = "exception.stacktrace"
#: What moves a terminal's cursor, turns its text around or begins a line: from a request, it could forge lines.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class OutputLine:
    """One printed line: JSON from what logs through `observability`, logfmt from the real servers, else just text."""

    source: str
    text: str
    #: The line's fields, under the names that our own lines have; empty for plain text.
    fields: dict[str, Any]

    @property
    def timestamp(self) -> str:
        """RFC 3339, so that its order as text is its order in time; empty when the line has none."""
        return str(self.fields.get("timestamp", ""))

    @property
    def level(self) -> str:
        return str(self.fields.get("level", "")).upper()

    def for_reading(self) -> str:
        """Time, level, message and what else is known, on one line."""
        if "message" not in self.fields:
            return self.text
        time_of_day = self.timestamp[11:23]
        extra = [
            _visible(f"{name}={_short(value)}", but="\n\t" if name == _STACK_TRACE else "")
            for name, value in self.fields.items()
            if name not in _PLACED_FIELDS
        ]
        return " ".join([time_of_day, f"{self.level:<7}", _visible(str(self.fields["message"])), *extra])


def parse(source: str, text: str) -> OutputLine:
    fields: Any = None
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
    return OutputLine(source, text, fields if isinstance(fields, dict) else _logfmt(text))


#: `name=value` or `name="value"`.
_PAIR = re.compile(r'([\w.@/-]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')

#: What Prometheus, Loki, Tempo, Alertmanager and Grafana call it, in their various versions -> what we do.
_OUR_NAMES = {"ts": "timestamp", "time": "timestamp", "t": "timestamp", "lvl": "level", "msg": "message"}


def _logfmt(text: str) -> dict[str, Any]:
    """The fields of a line that is logfmt from its begin to its end and has a time and a message; else empty."""
    fields: dict[str, Any] = {}
    position = 0
    while position < len(text):
        pair = _PAIR.match(text, position)
        if pair is None:
            return {}
        name, value = pair[1], pair[2]
        if value.startswith('"'):
            try:
                value = json.loads(value)
            except ValueError:
                value = value[1:-1]
        fields[_OUR_NAMES.get(name, name)] = value
        position = pair.end()
    return fields if {"timestamp", "message"} <= fields.keys() else {}


def in_order_of_time(outputs: dict[str, list[str]]) -> list[OutputLine]:
    """The outputs of several processes merged; a line without a timestamp stays behind the one before it."""
    keyed = []
    for source, lines in outputs.items():
        latest = ""
        for position, text in enumerate(lines):
            line = parse(source, text)
            latest = line.timestamp or latest
            keyed.append(((latest, source, position), line))
    return [line for _, line in sorted(keyed, key=lambda pair: pair[0])]


def _visible(text: str, but: str = "") -> str:
    return _CONTROLS.sub(lambda found: found[0] if found[0] in but else repr(found[0])[1:-1], text)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
