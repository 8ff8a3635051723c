"""Regular expressions on many values: what needs none is done without, and a value is matched once."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from ...regexes import compile_pattern

#: What has no meaning of its own in a pattern.
_LITERAL = re.compile(r"[^\\.+*?()|\[\]{}^$]*")
_ANYTHING = ".*"

#: Answers that are remembered for one pattern, and the longest value among them.
_REMEMBERED = 100_000
_LONGEST = 256


@functools.lru_cache(maxsize=32)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Tests whether the pattern matches the whole of a value. Raises BadRequest for a malformed pattern."""
    matches = compile_pattern(pattern).fullmatch
    middle = pattern.removeprefix(_ANYTHING).removesuffix(_ANYTHING)
    if len(pattern) > len(_ANYTHING) and _LITERAL.fullmatch(middle):
        before, after = pattern.startswith(_ANYTHING), pattern.endswith(_ANYTHING)
        if before and after:
            return lambda value: middle in value
        if before or after:
            return (lambda value: value.endswith(middle)) if before else (lambda value: value.startswith(middle))
        return lambda value: value == middle
    known: dict[str, bool] = {}

    def remembered(value: str) -> bool:
        answer = known.get(value)
        if answer is None:
            answer = matches(value) is not None
            if len(value) <= _LONGEST:
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[value] = answer
        return answer

    return remembered
