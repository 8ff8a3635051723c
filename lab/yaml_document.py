"""YAML as a person wrote it, read with care: whatever is wrong is told with its file, line and place.

This knows nothing of exercises and faults: their loaders say what is expected where.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

#: Ten times as fast where libyaml is there; every `lab exercise` reads all exercises.
_FAST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Name = TypeVar("_Name", bound=str)

Scalar = bool | int | float | str


class ContentError(ValueError):
    """Content that cannot be used; the message names the file, the place and what was expected."""


class Item:
    """A value in a YAML file that knows where it stands.

    >>> top = read_yaml(Path("exercises/01-counting/exercise.yaml"))
    >>> top.mapping(required=("title",), optional=("minutes",))["title"].text()
    'What a counter counts'
    """

    def __init__(self, node: yaml.Node, file: Path, place: str = "") -> None:
        self._node = node
        self.file = file
        self.place = place

    def error(self, expected: str) -> ContentError:
        """To be raised: `expected` says what should stand here, and what does."""
        line = self._node.start_mark.line + 1
        return ContentError(f"{self.file}:{line}: {self.place or 'the file'}: {expected}")

    def mapping(self, required: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, "Item"]:
        """Its entries; nothing but these keys, each once."""
        entries = self.entries()
        known = (*required, *optional)
        for key, item in entries.items():
            if key not in known:
                raise item.error(f"{key!r} is not known here; there can be: {', '.join(known)}")
        for key in required:
            if key not in entries:
                raise self.error(f"{key!r} is missing")
        return entries

    def entries(self) -> dict[str, "Item"]:
        """The entries of a mapping, whatever their keys."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.error(f"expected keys with values, not {self._shown()}")
        entries: dict[str, Item] = {}
        for key_node, value_node in self._node.value:
            key = str(key_node.value)
            item = Item(value_node, self.file, f"{self.place}.{key}" if self.place else key)
            if key in entries:
                raise item.error("stands here twice")
            entries[key] = item
        return entries

    def items(self, least: int = 1) -> list["Item"]:
        """The entries of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.error(f"expected a list, not {self._shown()}")
        if len(self._node.value) < least:
            raise self.error("the list is empty" if not self._node.value else f"expected at least {least} in the list")
        return [Item(node, self.file, f"{self.place}[{n}]") for n, node in enumerate(self._node.value)]

    def list_or_one(self) -> list["Item"]:
        return self.items() if isinstance(self._node, yaml.SequenceNode) else [self]

    def text(self) -> str:
        value = self.plain()
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"expected text, not {self._shown()} (in quotes, if it is meant as text)")
        return value.strip()

    def number(self, minimum: float = 0.0, maximum: float = math.inf) -> float:
        return self._number(f"from {minimum:g} to {maximum:g}", lambda value: minimum <= value <= maximum)

    def any_number(self) -> float:
        """Negative ones as well."""
        return self._number("", lambda value: True)

    def number_above(self, limit: float) -> float:
        return self._number(f"above {limit:g}", lambda value: value > limit)

    def _number(self, which: str, fits: Callable[[float], bool]) -> float:
        value = self.plain()
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or not fits(value):
            raise self.error(f"expected a number {which}".rstrip() + f", not {self._shown()}")
        return float(value)

    def whole(self, minimum: int = 0, maximum: int = 1_000_000) -> int:
        value = self.plain()
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise self.error(f"expected a whole number from {minimum} to {maximum}, not {self._shown()}")
        return value

    def yes_or_no(self) -> bool:
        value = self.plain()
        if not isinstance(value, bool):
            raise self.error(f"expected true or false, not {self._shown()}")
        return value

    def one_of(self, names: Sequence[_Name]) -> _Name:
        value = self.plain()
        for name in names:
            if name == value:
                return name
        raise self.error(f"expected one of {', '.join(names)}, not {self._shown()}")

    def scalar(self) -> Scalar:
        """Text, a number, true or false, as it stands there."""
        value = self.plain()
        if not isinstance(value, Scalar):
            raise self.error(f"expected text, a number, true or false, not {self._shown()}")
        return value

    def plain(self) -> Any:
        """The value as Python has it."""
        constructor = yaml.constructor.SafeConstructor()
        try:
            return constructor.construct_object(self._node, deep=True)
        except yaml.YAMLError as error:
            raise self.error(str(error)) from None

    def _shown(self) -> str:
        if isinstance(self._node, yaml.ScalarNode):
            return repr(self._node.value)
        return "a list" if isinstance(self._node, yaml.SequenceNode) else "keys with values"


def read_yaml(file: Path) -> Item:
    """The one document of a file. Raises ContentError when it cannot be read as YAML."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{file}: cannot be read: {error}") from None
    try:
        node = _compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        raise ContentError(f"{place}: this is no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ContentError(f"{file}: this is no YAML: {error}") from None
    if node is None:
        raise ContentError(f"{file}: the file is empty")
    return Item(node, file)


def _compose(text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_FAST_LOADER)
    except yaml.YAMLError:
        # The slow one knows better where a mistake is, and says so.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    return node


def read_text(file: Path) -> str:
    """A text that has to be there. Raises ContentError."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{file}: cannot be read: {error}") from None
    if not text:
        raise ContentError(f"{file}: the file is empty")
    return text
