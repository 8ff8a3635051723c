"""Functions of texts, which count in bytes where Go does."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

from ....go_template.builtins import OUTPUT_CHARACTERS
from ....go_template.formatting import quote_go


def bounded(size: int) -> None:
    """Raises ValueError when an output would be larger than a template may give."""
    if size > OUTPUT_CHARACTERS:
        raise ValueError(f"output exceeds {OUTPUT_CHARACTERS} characters")


def _replace(text: str, old: str, new: str, count: int) -> str:
    bounded(len(text) * (len(new) + 1))
    return text.replace(old, new, count if count >= 0 else -1)


def _replace_all(old: str, new: str, text: str) -> str:
    return _replace(text, old, new, -1)


def _trim(text: str, characters: str) -> str:
    return text.strip(characters) if characters else text


def _trim_left(text: str, characters: str) -> str:
    return text.lstrip(characters) if characters else text


def _trim_right(text: str, characters: str) -> str:
    return text.rstrip(characters) if characters else text


def _trim_prefix(text: str, prefix: str) -> str:
    return text.removeprefix(prefix)


def _trim_suffix(text: str, suffix: str) -> str:
    return text.removesuffix(suffix)


def _trim_space(text: str) -> str:
    return text.strip()


def _lower(text: str) -> str:
    return text.lower()


def _upper(text: str) -> str:
    return "".join(character.upper() if len(character.upper()) == 1 else character for character in text)


def _title(text: str) -> str:
    parts = []
    before = " "
    for character in text:
        starts = not (before.isalnum() or before == "_") and (before.isascii() or before.isspace())
        parts.append(character.upper() if starts and len(character.upper()) == 1 else character)
        before = character
    return "".join(parts)


def _swapped(function: Callable[[str, str], Any], result: type) -> Callable[..., object]:
    def swapped(argument: str, text: str) -> object:
        return function(text, argument)

    swapped.__annotations__["return"] = result
    return swapped


def _contains(piece: str, text: str) -> bool:
    return piece in text


def _has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


def _has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise ValueError("strings: negative Repeat count")
    bounded(count * len(text))
    return text * count


def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise ValueError("strings: negative Repeat count")
    bounded(spaces * (text.count("\n") + 1))
    padding = " " * spaces
    return padding + text.replace("\n", "\n" + padding)


def _indent_below(spaces: int, text: str) -> str:
    return "\n" + _indent(spaces, text)


def _truncate(count: int, text: str) -> str:
    content = text.encode()
    if count < 0 and len(content) + count > 0:
        content = content[count:]
    elif 0 <= count < len(content):
        content = content[:count]
    return content.decode(errors="replace")


def _substring(start: int, end: int, text: str) -> str:
    content = text.encode()
    size = len(content)
    if start < 0:
        if end < 0 or end > size:
            raise ValueError(_out_of_range(f":{end}", end, size))
        return content[:end].decode(errors="replace")
    if end < 0 or end > size:
        if start > size:
            raise ValueError(f"runtime error: slice bounds out of range [{start}:{size}]")
        return content[start:].decode(errors="replace")
    if start > end:
        raise ValueError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return content[start:end].decode(errors="replace")


def _out_of_range(shown: str, index: int, size: int) -> str:
    if index < 0:
        return f"runtime error: slice bounds out of range [{shown}]"
    return f"runtime error: slice bounds out of range [{shown}] with length {size}"


def _align_left(count: int, text: str) -> str:
    if count < 0:
        return text
    bounded(count)
    return text.ljust(count)[:count]


def _align_right(count: int, text: str) -> str:
    if count < 0:
        return text
    bounded(count)
    return text.rjust(count)[-count:] if count else ""


def _encode64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode64(text: str) -> str:
    content = text.replace("\n", "").replace("\r", "")
    try:
        return base64.b64decode(content, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return f"illegal base64 data at input byte {_broken64(content)}"


def _broken64(text: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for position, character in enumerate(text.encode()):
        if chr(character) not in alphabet:
            return position
    return len(text) - len(text) % 4


def _url_encode(text: str) -> str:
    return quote_plus(text, safe="~")


def _url_decode(text: str) -> str:
    position = text.find("%")
    while position >= 0:
        digits = text[position + 1 : position + 3]
        if len(digits) < 2 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
            raise ValueError(f"invalid URL escape {quote_go(text[position : position + 3])}")
        position = text.find("%", position + 3)
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="replace")


#: By the names that templates have for them.
FUNCTIONS: dict[str, Callable[..., object]] = {
    "ToLower": _lower,
    "ToUpper": _upper,
    "Replace": _replace,
    "Trim": _trim,
    "TrimLeft": _trim_left,
    "TrimRight": _trim_right,
    "TrimPrefix": _trim_prefix,
    "TrimSuffix": _trim_suffix,
    "TrimSpace": _trim_space,
    "lower": _lower,
    "upper": _upper,
    "title": _title,
    "trunc": _truncate,
    "substr": _substring,
    "contains": _contains,
    "hasPrefix": _has_prefix,
    "hasSuffix": _has_suffix,
    "indent": _indent,
    "nindent": _indent_below,
    "replace": _replace_all,
    "repeat": _repeat,
    "trim": _trim_space,
    "trimAll": _swapped(_trim, str),
    "trimPrefix": _swapped(_trim_prefix, str),
    "trimSuffix": _swapped(_trim_suffix, str),
    "alignLeft": _align_left,
    "alignRight": _align_right,
    "b64enc": _encode64,
    "b64dec": _decode64,
    "urlencode": _url_encode,
    "urldecode": _url_decode,
}
