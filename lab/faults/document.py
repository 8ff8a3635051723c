"""Reads a YAML file key by key, so that what is wrong with it is said with its place: `evidence[2].expect.rises`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MISSING: Any = object()

Scalar = bool | int | float | str


class DocumentError(ValueError):
    """Something in a document is not as it must be."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)


class _NoKeyTwice(yaml.SafeLoader):
    """YAML has the last of two equal keys win, and nobody notices."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key!r} is there twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_document(path: Path) -> Table:
    """The mapping that the file holds. Raises DocumentError."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _NoKeyTwice)
    except OSError as error:
        raise DocumentError("", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DocumentError("", f"is not UTF-8: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise DocumentError(f"line {mark.line + 1}" if mark else "", f"not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise DocumentError("", f"not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise DocumentError("", "must be a mapping")
    return Table(content, "")


class Table:
    """A mapping of the document, and where it stands there. Every method raises DocumentError."""

    def __init__(self, content: dict[Any, Any], place: str) -> None:
        self._content = content
        self._place = place
        self._asked: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def error(self, key: str, problem: str) -> DocumentError:
        """To be raised: the problem, with its place."""
        return DocumentError(self._at(key), problem)

    def require_all_known(self) -> None:
        """Once everything has been asked for: a key that nobody asked for is a mistake."""
        for key in self._content:
            if key not in self._asked:
                raise self.error(str(key), f"is not known here; known are: {', '.join(self._asked) or 'none'}")

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"must be text, not {value!r}")
        return value.strip()

    def identifier(self, key: str) -> str:
        """Lower-case words with dashes between them."""
        value = self.text(key)
        if not _IDENTIFIER.fullmatch(value):
            raise self.error(key, f"must be lower-case words with dashes between them, not {value!r}")
        return value

    def choice(self, key: str, known: Iterable[str]) -> str:
        return self._known(self.text(key), list(known), key)

    def choices(self, key: str, known: Iterable[str], optional: bool = False) -> list[str]:
        values = self.texts(key, optional)
        return [self._known(value, list(known), f"{key}[{index}]") for index, value in enumerate(values, 1)]

    def texts(self, key: str, optional: bool = False) -> list[str]:
        """A list, which may be empty."""
        values = self._list(key, [] if optional else _MISSING)
        for index, value in enumerate(values, 1):
            if not isinstance(value, str) or not value.strip():
                raise self.error(f"{key}[{index}]", f"must be text, not {value!r}")
        return [value.strip() for value in values]

    def number(self, key: str, default: Any = _MISSING, above: float | None = None) -> Any:
        """A number; the default where the key is missing, if there is a default."""
        value = self._take(key, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or value in (float("inf"), float("-inf")):
            raise self.error(key, f"must be a number, not {value!r}")
        if above is not None and not value > above:
            raise self.error(key, f"must be more than {above:g}, not {value!r}")
        return value

    def scalar(self, key: str) -> Scalar:
        """Text, a number, true or false."""
        value = self._take(key)
        if not isinstance(value, Scalar):
            raise self.error(key, f"must be text, a number, true or false, not {value!r}")
        return value

    def scalars(self, key: str, like: Scalar) -> list[Scalar]:
        """A list of the type of `like`; none where the key is missing."""
        values = self._list(key, default=[])
        for index, value in enumerate(values, 1):
            if type(value) is not type(like):
                raise self.error(f"{key}[{index}]", f"must be of the same type as {like!r}, not {value!r}")
        return values

    def table(self, key: str, optional: bool = False) -> Table:
        value = self._take(key, {} if optional else _MISSING)
        if not isinstance(value, dict):
            raise self.error(key, f"must be a mapping, not {value!r}")
        return Table(value, self._at(key))

    def tables(self, key: str) -> list[Table]:
        """A list with at least one."""
        values = self._list(key)
        if not values:
            raise self.error(key, "is empty")
        tables = []
        for index, value in enumerate(values, 1):
            if not isinstance(value, dict):
                raise self.error(f"{key}[{index}]", f"must be a mapping, not {value!r}")
            tables.append(Table(value, self._at(f"{key}[{index}]")))
        return tables

    def _known(self, value: str, known: list[str], key: str) -> str:
        if value not in known:
            raise self.error(key, f"is {value!r}, which is none of: {', '.join(known)}")
        return value

    def _list(self, key: str, default: Any = _MISSING) -> list[Any]:
        value = self._take(key, default)
        if not isinstance(value, list):
            raise self.error(key, f"must be a list, not {value!r}")
        return value

    def _take(self, key: str, default: Any = _MISSING) -> Any:
        self._asked.append(key)
        value = self._content.get(key, default)
        if value is _MISSING:
            raise self.error(key, "is missing")
        return value

    def _at(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key
