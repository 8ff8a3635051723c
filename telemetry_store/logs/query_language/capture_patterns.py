"""Loki's patterns `<ip> - <_> "<method>`: texts with captures between them, for `| pattern` and for `|>`."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

_PIECE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>", re.ASCII)


@dataclass(frozen=True)
class CapturePattern:
    """Pieces in order: a text, or a capture's name as a one-tuple (`_` for what is thrown away)."""

    pieces: tuple[str | tuple[str], ...]

    @classmethod
    @functools.lru_cache(maxsize=256)
    def of(cls, pattern: str) -> CapturePattern:
        """The pattern of `| pattern`. Raises ValueError in Loki's words."""
        parsed = cls(_parse(pattern))
        if not parsed.names:
            raise ValueError("at least one capture is required")
        parsed.refuse_neighbours()
        seen: set[str] = set()
        for name in parsed.names:
            if name in seen:
                raise ValueError(f"duplicate capture name ({name}): invalid expression")
            seen.add(name)
        return parsed

    @classmethod
    @functools.lru_cache(maxsize=256)
    def of_line_filter(cls, pattern: str) -> CapturePattern:
        """The pattern of `|>`, where captures have no names. Raises ValueError in Loki's words."""
        parsed = cls(_parse(pattern) if pattern else ())
        parsed.refuse_neighbours()
        if parsed.names:
            raise ValueError(f"named captures are not allowed: found '<{parsed.names[0]}>'")
        return parsed

    @property
    def names(self) -> list[str]:
        """The names of the captures that are kept."""
        return [piece[0] for piece in self.pieces if isinstance(piece, tuple) and piece[0] != "_"]

    def refuse_neighbours(self) -> None:
        """Raises ValueError for two captures with nothing between them."""
        for left, right in zip(self.pieces, self.pieces[1:], strict=False):
            if isinstance(left, tuple) and isinstance(right, tuple):
                raise ValueError(f"found consecutive capture '<{left[0]}><{right[0]}>': invalid expression")

    def captures(self, line: str) -> list[tuple[str, str]]:
        """What is captured of the line; captures end where the line stops to fit."""
        pieces = self.pieces
        found: list[tuple[str, str]] = []
        if not line:
            return found
        position = 0
        if isinstance(pieces[0], str):
            if not line.startswith(pieces[0]):
                return found
            position = len(pieces[0])
            pieces = pieces[1:]
        for number in range(0, len(pieces), 2):
            name = pieces[number][0]
            following = pieces[number + 1] if number + 1 < len(pieces) else None
            end = line.find(following, position) if isinstance(following, str) else -1
            if name != "_":
                found.append((name, line[position:] if end < 0 else line[position:end]))
            if end < 0 or not isinstance(following, str):
                break
            position = end + len(following)
        return found

    def accepts(self, line: str) -> bool:
        """Whether the line has the texts in order, with something where captures are and nothing else around them."""
        if not line or not self.pieces:
            return not line and not self.pieces
        position = 0
        for number, piece in enumerate(self.pieces):
            if isinstance(piece, tuple):
                continue
            found = line.find(piece, position)
            if found < 0 or (number and found == position):
                return False
            position = found + len(piece)
        return isinstance(self.pieces[-1], tuple) == (position != len(line))


def _parse(pattern: str) -> tuple[str | tuple[str], ...]:
    if not pattern:
        raise ValueError("parse error at line 1, col 1: syntax error: unexpected $end, expecting IDENTIFIER or LITERAL")
    pieces: list[str | tuple[str]] = []
    position = 0
    for match in _PIECE.finditer(pattern):
        if match.start() > position:
            pieces.append(pattern[position : match.start()])
        pieces.append((match[1],))
        position = match.end()
    if position < len(pattern):
        pieces.append(pattern[position:])
    return tuple(pieces)
