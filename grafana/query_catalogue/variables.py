"""What Grafana puts in place of `$name`, `${name:format}` and `$__macro` before a query is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from grafana.query_catalogue.query import TRACE_ID

#: `$name`, `${name}`, `${name:format}`, `${name.path}`, `[[name]]`: Grafana's forms. `$1` is PromQL's own.
_VARIABLE = re.compile(r"\$(?!\d+\b)(\w+)|\$\{(\w+(?:\.[^:}]+)?)(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]")

#: The value that stands for "All", in a dashboard's JSON and in its address.
ALL = "$__all"

#: What "All" becomes for a variable that does not say.
_EVERYTHING = ".+"

#: Scrapes come this often, and a step is never shorter.
INTERVAL_SECONDS = 5

#: What has a meaning of its own in a regular expression.
_SPECIAL = re.compile(r"[$^*{}\[\]+?.()|]")

Values = Mapping[str, str | Sequence[str]]


class UnknownVariable(ValueError):
    """A query names a variable that nothing defines."""


def macros(minutes: float, interval_seconds: int = INTERVAL_SECONDS) -> dict[str, str]:
    """The built-in ones for a range of so many minutes, of which a point is drawn every `interval_seconds`."""
    seconds = round(minutes * 60)
    # Four scrapes, or the step and one more, so that windows leave nothing out between two points.
    rate_seconds = max(interval_seconds + INTERVAL_SECONDS, 4 * INTERVAL_SECONDS)
    return {
        "__interval": f"{interval_seconds}s",
        "__interval_ms": str(interval_seconds * 1000),
        "__rate_interval": f"{rate_seconds}s",
        "__range": f"{seconds}s",
        "__range_s": str(seconds),
        "__range_ms": str(seconds * 1000),
        "__auto": f"{rate_seconds}s",
    }


def fill(
    text: str,
    values: Values,
    texts: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    *,
    leave_built_in: bool = False,
) -> str:
    """The text with every variable replaced.

    `texts` has what `${name:text}` shows where that is not the value, `parameters` what `${name:queryparam}` puts into
    an address. With `leave_built_in`, names such as `__value.raw`, which only a click gives a value, stay as they are.
    Raises UnknownVariable for a name that is not in `values`.
    """

    def replace(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[4]
        form = found[3] or found[5] or ""
        if form == "queryparam" and parameters and name in parameters:
            return parameters[name]
        if name not in values and leave_built_in and name.startswith("__"):
            return found[0]
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


def of_dashboard(
    templating: Sequence[Mapping[str, Any]], chosen: Mapping[str, Sequence[str]] | None = None
) -> tuple[dict[str, str | Sequence[str]], dict[str, str]]:
    """Values and texts of a dashboard's variables: those `chosen`, the others as it opens.

    A box to type a trace's id into is empty then, and the panel under it too: a trace is put in.
    """
    values: dict[str, str | Sequence[str]] = {}
    texts: dict[str, str] = {}
    for variable in templating:
        name = str(variable["name"])
        picked = list((chosen or {}).get(name, ()))
        if picked:
            values[name] = _value_of_choice(variable, picked)
            texts[name] = _text_of_choice(variable, picked)
            continue
        current = variable.get("current") or {}
        value = current.get("value", variable.get("query", ""))
        if value in (ALL, [ALL]):
            value = _everything(variable)
        if value == "" and "trace" in name.lower():
            value = TRACE_ID
        values[name] = value if isinstance(value, str) else [str(item) for item in value]
        text = current.get("text")
        if isinstance(text, str):
            texts[name] = text
    return values, texts


def parameters_of(
    templating: Sequence[Mapping[str, Any]], chosen: Mapping[str, Sequence[str]] | None = None
) -> dict[str, str]:
    """What `${name:queryparam}` puts into an address, so that another dashboard opens with the same choice."""
    parameters = {}
    for variable in templating:
        name = str(variable["name"])
        value = (chosen or {}).get(name) or (variable.get("current") or {}).get("value", variable.get("query", ""))
        values = [value] if isinstance(value, str) else list(value)
        parameters[name] = "&".join(f"var-{name}={quote(str(item), safe='')}" for item in values)
    return parameters


def _everything(variable: Mapping[str, Any]) -> str:
    return str(variable.get("allValue") or _EVERYTHING)


def _value_of_choice(variable: Mapping[str, Any], picked: Sequence[str]) -> str | Sequence[str]:
    """Where several can be chosen they stand in a regular expression, and so does one: `GET /` is no pattern."""
    if ALL in picked:
        return _everything(variable)
    if variable.get("multi") or variable.get("includeAll"):
        return [_literally(value) for value in picked]
    return picked[0]


def _text_of_choice(variable: Mapping[str, Any], picked: Sequence[str]) -> str:
    names = {str(option.get("value")): str(option.get("text")) for option in variable.get("options") or ()}
    return " + ".join("All" if value == ALL else names.get(value, value) for value in picked)


def _literally(value: str) -> str:
    """For a regular expression inside of a query's quotation marks, which take one backslash of two away."""
    return _SPECIAL.sub(lambda found: "\\\\" + found[0], value.replace("\\", "\\\\\\\\"))
