"""One table of a manifest, read with checks: what is taken from it has the right type, and nothing in it is unknown.

What the tables of a manifest are is in lab/manifest.py.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


class ManifestError(ValueError):
    """A manifest that cannot be used; the message names the file, the place and what was expected."""


_MISSING = object()
_KINDS = {str: "a string", int: "a whole number", list: "a list", dict: "a table"}


def take(table: Mapping[str, Any], key: str, kind: type, where: str, default: Any = _MISSING) -> Any:
    value = table.get(key, default)
    if value is _MISSING:
        raise ManifestError(f"{where}: {key} is missing ({_KINDS[kind]})")
    if value is default:
        return value
    # bool is an int to Python, not to a reader.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ManifestError(f"{where}: {key} must be {_KINDS[kind]}, not {value!r}")
    if value == "":
        raise ManifestError(f"{where}: {key} is empty")
    return value


def strings(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = take(table, key, list, where, default=())
    for value in values:
        if not isinstance(value, str):
            raise ManifestError(f"{where}: {key} must be a list of strings, not {values!r}")
    return tuple(values)


def string_table(table: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    values = take(table, key, dict, where, default={})
    for name, value in values.items():
        if not isinstance(value, str):
            raise ManifestError(f"{where}: {key}.{name} must be a string, not {value!r}")
    return dict(values)


def require_known_keys(kind: type, table: Mapping[str, Any], where: str) -> None:
    known = [item.name for item in fields(kind)]
    for key in table:
        if key not in known:
            raise ManifestError(f"{where}: unknown key {key!r}; known are: {', '.join(known)}")
