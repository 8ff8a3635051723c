"""Turns the lines that processes print into lines that people read.

Pure; reading the files is lab/output_file.py's job.
"""

import json
from dataclasses import dataclass
from typing import Any

#: The fields that have a place of their own, or that say nothing in one process's output.
_PLACED_FIELDS = ("timestamp", "level", "service", "message")


@dataclass(frozen=True)
class OutputLine:
    """One printed line: JSON when the process logs through `observability`, else just text."""

    source: str
    text: str
    #: The JSON fields; empty for plain text.
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
        extra = [f"{name}={_short(value)}" for name, value in self.fields.items() if name not in _PLACED_FIELDS]
        return " ".join([time_of_day, f"{self.level:<7}", str(self.fields["message"]), *extra])


def parse(source: str, text: str) -> OutputLine:
    fields: Any = None
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
    return OutputLine(source, text, fields if isinstance(fields, dict) else {})


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


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
