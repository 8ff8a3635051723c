"""The functions of `line_format` and `label_format`, beside those of every Go template. Source: Loki and Sprig.

A module for each kind of value; what they share is a table of functions by name.
"""

from __future__ import annotations

from ....go_template import Template, compile_template
from ....go_template.instants import Instant
from . import data, expressions, instants, numbers, texts

_FUNCTIONS = {
    name: function
    for module in (texts, expressions, numbers, instants, data)
    for name, function in module.FUNCTIONS.items()
}


class Line:
    """The line at which a pipeline is: what `__line__` and `__timestamp__` show."""

    def __init__(self) -> None:
        self.text = ""
        self.time = 0


def compile_line_template(text: str, name: str, line: Line) -> Template:
    """The template with Loki's functions. Raises TemplateError."""

    def current_line() -> str:
        return line.text

    def current_time() -> Instant:
        return Instant(line.time)

    return compile_template(text, {**_FUNCTIONS, "__line__": current_line, "__timestamp__": current_time}, name=name)
