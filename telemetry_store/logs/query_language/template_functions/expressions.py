"""Functions of regular expressions, and Go's way to say what replaces a match."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....refusals import BadRequest
from ....regexes import compile_pattern
from .texts import bounded


def _pattern(pattern: str) -> Any:
    try:
        return compile_pattern(pattern, dot_matches_line_ends=False)
    except BadRequest as error:
        raise ValueError(str(error)) from None


def _regex_replace(pattern: str, text: str, replacement: str) -> str:
    compiled = _pattern(pattern)
    bounded(len(text) * (len(replacement) + 1))
    return str(compiled.sub(lambda match: expand(replacement, match), text))


def _regex_replace_literally(pattern: str, text: str, replacement: str) -> str:
    compiled = _pattern(pattern)
    bounded(len(text) * (len(replacement) + 1))
    return str(compiled.sub(lambda match: replacement, text))


def _count(pattern: str, text: str) -> int:
    return sum(1 for _ in _pattern(pattern).finditer(text))


def expand(replacement: str, match: Any) -> str:
    """Go's Expand: `$1`, `${1}`, `$name`, `$$`; what there is no group for is nothing."""
    parts: list[str] = []
    position = 0
    while (start := replacement.find("$", position)) >= 0:
        parts.append(replacement[position:start])
        position = start + 1
        following = replacement[position : position + 1]
        if following == "$":
            parts.append("$")
            position += 1
            continue
        braced = following == "{"
        end = position + braced
        while end < len(replacement) and (replacement[end] == "_" or replacement[end].isalnum()):
            end += 1
        name = replacement[position + braced : end]
        if not name or (braced and replacement[end : end + 1] != "}"):
            parts.append("$")
            continue
        position = end + braced
        parts.append(_group(match, name))
    parts.append(replacement[position:])
    return "".join(parts)


def _group(match: Any, name: str) -> str:
    try:
        return match.group(int(name) if name.isdigit() else name) or ""
    except (IndexError, KeyError):
        return ""


#: By the names that templates have for them.
FUNCTIONS: dict[str, Callable[..., object]] = {
    "regexReplaceAll": _regex_replace,
    "regexReplaceAllLiteral": _regex_replace_literally,
    "count": _count,
}
