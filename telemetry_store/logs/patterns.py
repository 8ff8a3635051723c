"""What many lines have in common: patterns with `<_>` where they differ, and how often each came.

As in Drain, words with digits are variable from the start; lines of as many words that agree in most of them are one
pattern, and the words in which they differ become variable. Every distinct masked line is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

VARIABLE = "<_>"

#: Part of the words in which a line must agree with a pattern.
_LIKENESS = 0.5

#: Words of a line beyond which its rest is variable, patterns in all, and those of the same length and first word.
_WORDS = 80
_PATTERNS = 1_000
_ALIKE = 100

_BETWEEN = r"\s\"'=,;:{}\[\]()/&?|<>"
_WITH_DIGIT = re.compile(rf"[^{_BETWEEN}\d]*\d[^{_BETWEEN}]*")
_ROW_OF_VARIABLES = re.compile(r"<_>(?:[:./,+-]<_>)+")


@dataclass
class Pattern:
    """A pattern's words, the level of its lines, and how many came in each step (by the step's first instant)."""

    words: list[str]
    level: str
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The pattern as Loki writes it."""
        return " ".join(self.words)

    def takes(self, words: list[str]) -> bool:
        """Whether a line of as many words is like this; if so, the words that differ become variable."""
        alike = sum(map(str.__eq__, self.words, words))
        if alike < _LIKENESS * len(words):
            return False
        if alike < len(words):
            self.words = [mine if mine == other else VARIABLE for mine, other in zip(self.words, words, strict=True)]
        return True


class Miner:
    """Finds patterns in lines that come in any order."""

    def __init__(self) -> None:
        self._of_line: dict[tuple[str, str], Pattern] = {}
        self._groups: dict[tuple[str, int, str], list[Pattern]] = {}
        self._count = 0

    def add(self, line: str, level: str, step: int) -> None:
        """Counts a line in its pattern; left out when there are too many patterns."""
        masked = _ROW_OF_VARIABLES.sub(VARIABLE, _WITH_DIGIT.sub(VARIABLE, line))
        pattern = self._of_line.get((level, masked))
        if pattern is None:
            pattern = self._find(masked, level)
            if pattern is None:
                return
            if len(self._of_line) < 50 * _PATTERNS:
                self._of_line[level, masked] = pattern
        pattern.counts[step] = pattern.counts.get(step, 0) + 1

    def _find(self, masked: str, level: str) -> Pattern | None:
        words = masked.split()
        if not words:
            return None
        if len(words) > _WORDS:
            words = [*words[:_WORDS], VARIABLE]
        group = self._groups.setdefault((level, len(words), words[0]), [])
        for pattern in group:
            if pattern.takes(words):
                return pattern
        if self._count >= _PATTERNS or len(group) >= _ALIKE:
            return None
        self._count += 1
        group.append(Pattern(words, level))
        return group[-1]

    def patterns(self) -> Iterable[Pattern]:
        """The patterns, the most frequent first; those that came to read the same are one."""
        merged: dict[tuple[str, str], Pattern] = {}
        for group in self._groups.values():
            for pattern in group:
                same = merged.setdefault((pattern.level, pattern.text), pattern)
                if same is not pattern:
                    for step, count in pattern.counts.items():
                        same.counts[step] = same.counts.get(step, 0) + count
        return sorted(merged.values(), key=lambda pattern: (-sum(pattern.counts.values()), pattern.text))
