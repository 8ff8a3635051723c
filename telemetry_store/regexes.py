"""Regular expressions as Prometheus, Loki and Tempo read them: RE2 syntax, matched in linear time.

Python's `re` backtracks, so one hostile pattern could hold a query thread for ever; RE2 cannot.
"""

from __future__ import annotations

import functools
from typing import Any, Protocol

import re2  # type: ignore[import-untyped]

from .refusals import BadRequest

#: Bytes that one compiled pattern may take; RE2 refuses beyond it.
_MEMORY_BYTES = 8 * 1024 * 1024

#: Groups of a pattern. RE2's memory for a match grows with the square of them; Go refuses patterns this deep as well.
_GROUPS = 1000


class Pattern(Protocol):
    """A compiled expression."""

    @property
    def groups(self) -> int:
        """How many groups it captures."""

    def search(self, text: str) -> object | None:
        """A match anywhere in the text."""

    def fullmatch(self, text: str) -> object | None:
        """A match of the whole text."""


def engine_options(*, dot_matches_line_ends: bool = False, ignores_line_ends: bool = False) -> Any:
    """How every expression of the store is compiled; `ignores_line_ends`: as if there were none in the text."""
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    options.dot_nl = dot_matches_line_ends
    options.never_nl = ignores_line_ends
    return options


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str, *, dot_matches_line_ends: bool = True) -> Pattern:
    """The compiled pattern; `.` matches line ends as well in label matchers of all three languages.

    Raises BadRequest in Go's words when the pattern is malformed.
    """
    try:
        compiled: Pattern = re2.compile(pattern, engine_options(dot_matches_line_ends=dot_matches_line_ends))
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadRequest(f"error parsing regexp: {_in_words_of_go(reason, pattern)}") from None
    if compiled.groups > _GROUPS:
        raise BadRequest(f"error parsing regexp: expression nests too deeply: `{pattern}`")
    return compiled


#: What RE2 says, and what Go's package of the same syntax says.
_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "unexpected )": "unexpected )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
    "invalid character class range": "invalid character class range",
    "invalid escape sequence": "invalid escape sequence",
}


def _in_words_of_go(reason: str, pattern: str) -> str:
    """RE2's complaint as Go puts it, with the part of the pattern that Go shows."""
    for words, of_go in _WORDS.items():
        if reason == words or reason.startswith(f"{words}: "):
            part = reason.removeprefix(words).removeprefix(": ")
            if words in ("missing )", "unexpected )"):
                part = pattern
            return f"{of_go}: `{'' if words.startswith('trailing') else part}`"
    return f"{reason}: `{pattern}`"
