"""The functions that every Go template has. `and` and `or` are the evaluator's: they do not look at all arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote_plus

from .formatting import sprintf
from .values import NO_VALUE, StringList, StringMap, is_nothing, print_values, show, truth, type_name

#: Characters that one template, or one function of it, may make.
OUTPUT_CHARACTERS = 1_000_000

_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_JAVASCRIPT = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
}  # fmt: skip


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    return "string" if isinstance(value, str) else ""


def _incompatible(left: object, right: object) -> ValueError:
    return ValueError(f"incompatible types for comparison: {type_name(left)} and {type_name(right)}")


def _equal(left: object, *right: object) -> bool:
    if not right:
        raise ValueError("missing argument for comparison")
    for value in right:
        kinds = _kind(left), _kind(value)
        if kinds[0] != kinds[1]:
            if not is_nothing(left) and not is_nothing(value):
                raise _incompatible(left, value)
        elif kinds[0]:
            if left == value:
                return True
        elif is_nothing(left) or is_nothing(value):
            if is_nothing(left) == is_nothing(value):
                return True
        elif isinstance(value, list | dict):
            raise ValueError(f"non-comparable type {show(value)}: {type_name(value)}")
        elif left == value:
            return True
    return False


def _not_equal(left: object, right: object) -> bool:
    return not _equal(left, right)


def _less(left: object, right: object) -> bool:
    kinds = _kind(left), _kind(right)
    if not kinds[0] or not kinds[1]:
        raise ValueError("invalid type for comparison")
    if kinds[0] != kinds[1]:
        raise _incompatible(left, right)
    if kinds[0] == "bool":
        raise ValueError("invalid type for comparison")
    return bool(left < right)  # type: ignore[operator]


def _less_or_equal(left: object, right: object) -> bool:
    return _less(left, right) or _equal(left, right)


def _greater(left: object, right: object) -> bool:
    return not _less_or_equal(left, right)


def _greater_or_equal(left: object, right: object) -> bool:
    return not _less(left, right)


def _not(value: object) -> bool:
    return not truth(value)


def _position(index: object, size: int) -> int:
    if is_nothing(index):
        raise ValueError("cannot index slice/array with nil")
    if not isinstance(index, int) or isinstance(index, bool):
        raise ValueError(f"cannot index slice/array with type {type_name(index)}")
    if not 0 <= index <= size:
        raise ValueError(f"index out of range: {index}")
    return index


def _index(item: object, *indexes: object) -> object:
    if is_nothing(item):
        raise ValueError("index of untyped nil")
    for index in indexes:
        if is_nothing(item):
            raise ValueError("index of nil pointer")
        if isinstance(item, Mapping):
            if is_nothing(index):
                raise ValueError("value is nil; should be of type string")
            if not isinstance(index, str):
                raise ValueError(f"value has type {type_name(index)}; should be string")
            item = item.get(index, "" if isinstance(item, StringMap) else NO_VALUE)
        elif isinstance(item, str | Sequence):
            content: Sequence[object] = item.encode() if isinstance(item, str) else item
            position = _position(index, len(content))
            if position == len(content):
                raise ValueError("reflect: " + ("string" if isinstance(item, str) else "slice") + " index out of range")
            item = content[position]
        else:
            raise ValueError(f"can't index item of type {type_name(item)}")
    return item


def _slice(item: object, *indexes: object) -> object:
    if is_nothing(item):
        raise ValueError("slice of untyped nil")
    if len(indexes) > 3:
        raise ValueError(f"too many slice indexes: {len(indexes)}")
    content: bytes | Sequence[object]
    if isinstance(item, str):
        if len(indexes) == 3:
            raise ValueError("cannot 3-index slice a string")
        content = item.encode()
    elif isinstance(item, Sequence):
        content = item
    else:
        raise ValueError(f"can't slice item of type {type_name(item)}")
    bounds = [0, len(content)]
    for number, index in enumerate(indexes[:2]):
        bounds[number] = _position(index, len(content))
    if bounds[0] > bounds[1]:
        raise ValueError(f"invalid slice index: {bounds[0]} > {bounds[1]}")
    part = content[bounds[0] : bounds[1]]
    if isinstance(item, str):
        assert isinstance(part, bytes)
        return part.decode(errors="replace")
    return StringList(part) if isinstance(item, StringList) else part  # type: ignore[arg-type]


def _length(item: object) -> int:
    if isinstance(item, str):
        return len(item.encode())
    if isinstance(item, Mapping | Sequence):
        return len(item)
    if is_nothing(item):
        raise ValueError("reflect: call of reflect.Value.Type on zero Value")
    raise ValueError(f"len of type {type_name(item)}")


def _print(*values: object) -> str:
    return print_values(values)


def _print_line(*values: object) -> str:
    return " ".join(show(None if value is NO_VALUE else value) for value in values) + "\n"


def _print_format(pattern: str, *values: object) -> str:
    return sprintf(pattern, values, OUTPUT_CHARACTERS)


def _joined(values: tuple[object, ...]) -> str:
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return print_values(["<no value>" if is_nothing(value) else value for value in values])


def _html(*values: object) -> str:
    return _joined(values).translate(_HTML)


def _javascript(*values: object) -> str:
    return "".join(map(_escape_javascript, _joined(values)))


def _escape_javascript(character: str) -> str:
    if character in _JAVASCRIPT:
        return _JAVASCRIPT[character]
    if character < " ":
        return f"\\u00{ord(character):02X}"
    return character if character.isprintable() else f"\\u{ord(character):04X}"


def _url_query(*values: object) -> str:
    return quote_plus(_joined(values), safe="~")


def _call(function: object, *values: object) -> object:
    raise ValueError("call of nil" if is_nothing(function) else f"non-function of type {type_name(function)}")


#: By name; a table of functions may replace them.
BUILTINS: Mapping[str, Callable[..., object]] = {
    "and": truth,
    "or": truth,
    "call": _call,
    "html": _html,
    "index": _index,
    "slice": _slice,
    "js": _javascript,
    "len": _length,
    "not": _not,
    "print": _print,
    "printf": _print_format,
    "println": _print_line,
    "urlquery": _url_query,
    "eq": _equal,
    "ne": _not_equal,
    "lt": _less,
    "le": _less_or_equal,
    "gt": _greater,
    "ge": _greater_or_equal,
}
