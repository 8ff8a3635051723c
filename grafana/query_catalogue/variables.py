"""What Grafana puts in place of `$name`, `${name:format}` and `$__macro` before a query is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from grafana.query_catalogue.query import TRACE_ID

#: `$name`, `${name}`, `${name:format}`, `${name.path}`, `[[name]]`: Grafana's forms. `$1` is PromQL's own.
_VARIABLE = re.compile(r"\$(?!\d+\b)(\w+)|\$\{(\w+(?:\.[^:}]+)?)(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]")

#: What "All" becomes for a variable that does not say.
_EVERYTHING = ".+"

#: Scrapes come this often, and a step is never shorter.
_INTERVAL_SECONDS = 5

Values = Mapping[str, str | Sequence[str]]


class UnknownVariable(ValueError):
    """A query names a variable that nothing defines."""


def macros(minutes: int) -> dict[str, str]:
    """The built-in ones for a range of so many minutes, shown at the smallest step."""
    seconds = minutes * 60
    return {
        "__interval": f"{_INTERVAL_SECONDS}s",
        "__interval_ms": str(_INTERVAL_SECONDS * 1000),
        # Four scrapes: what Grafana takes for a data source whose interval is set.
        "__rate_interval": f"{4 * _INTERVAL_SECONDS}s",
        "__range": f"{seconds}s",
        "__range_s": str(seconds),
        "__range_ms": str(seconds * 1000),
        "__auto": f"{4 * _INTERVAL_SECONDS}s",
    }


def fill(text: str, values: Values, texts: Mapping[str, str] | None = None) -> str:
    """The text with every variable replaced. `texts` has what `${name:text}` shows where that is not the value.

    Raises UnknownVariable for a name that is not in `values`.
    """

    def replace(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[4]
        form = found[3] or found[5] or ""
        if name not in values:
            raise UnknownVariable(f"{found[0]} in {text!r}")
        if form == "text" and texts and name in texts:
            return texts[name]
        value = values[name]
        if isinstance(value, str):
            return value
        if len(value) == 1:
            return value[0]
        return (",".join if form == "csv" else _alternatives)(value)

    return _VARIABLE.sub(replace, text)


def _alternatives(values: Sequence[str]) -> str:
    return "(" + "|".join(values) + ")"


def of_dashboard(templating: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str | Sequence[str]], dict[str, str]]:
    """Values and texts of a dashboard's variables as it opens.

    A box to type a trace's id into is empty then, and the panel under it too: a trace is put in.
    """
    values: dict[str, str | Sequence[str]] = {}
    texts: dict[str, str] = {}
    for variable in templating:
        name = str(variable["name"])
        current = variable.get("current") or {}
        value = current.get("value", variable.get("query", ""))
        if value in ("$__all", ["$__all"]):
            value = variable.get("allValue") or _EVERYTHING
        if value == "" and "trace" in name.lower():
            value = TRACE_ID
        values[name] = value if isinstance(value, str) else [str(item) for item in value]
        text = current.get("text")
        if isinstance(text, str):
            texts[name] = text
    return values, texts
