"""Template text -> items. Errors are items, too, as the parser has to say in what context they stood."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from .formatting import quote_go

_KEYWORDS = frozenset(("block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"))
_SPACES = " \t\r\n"
_SPACE_RUN = re.compile(r"[ \t\r\n]+")
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?"
    r"|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")


@dataclass(frozen=True)
class Item:
    """A piece of a template: what it is, where it starts (characters), and its text."""

    kind: str
    position: int
    text: str
    line: int

    def __str__(self) -> str:
        if self.kind == "EOF":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in _KEYWORDS or self.kind == "dot":
            return f"<{self.text}>"
        return f"{quote_go(self.text[:10])}..." if len(self.text.encode()) > 10 else quote_go(self.text)


class _Failed(Exception):
    pass


def lex(text: str) -> Iterator[Item]:
    """The items of a template, ending with EOF or an error, which repeats as long as it is asked for."""
    lexer = _Lexer(text)
    try:
        yield from lexer.items()
        last = lexer.item("EOF", len(text), "")
    except _Failed as failure:
        last = lexer.item("error", lexer.start, str(failure))
    while True:
        yield last


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0

    def item(self, kind: str, start: int, text: str) -> Item:
        return Item(kind, start, text, self.text.count("\n", 0, start) + 1)

    def items(self) -> Iterator[Item]:
        position = 0
        while True:
            self.start = position
            opening = self.text.find("{{", position)
            if opening < 0:
                if position < len(self.text):
                    yield self.item("text", position, self.text[position:])
                return
            inside = opening + 2
            text = self.text[position:opening]
            trims = self.text[inside : inside + 1] == "-" and self.text[inside + 1 : inside + 2] in tuple(_SPACES)
            if trims:
                text = text.rstrip(_SPACES)
                inside += 2
            if text:
                yield self.item("text", position, text)
            self.start = opening
            if self.text.startswith("/*", inside):
                position = self._comment(inside)
                continue
            yield self.item("left delimiter", opening, "{{")
            position = yield from self._action(inside)

    def _comment(self, inside: int) -> int:
        self.start = inside
        end = self.text.find("*/", inside + 2)
        if end < 0:
            raise _Failed("unclosed comment")
        after, _ = self._right_delimiter(end + 2)
        if after is None:
            raise _Failed("comment ends before closing delimiter")
        return after

    def _right_delimiter(self, position: int) -> tuple[int | None, int]:
        """Where the text goes on after the closing delimiter at the position, if there is one; where that stands."""
        if self.text.startswith("}}", position):
            return position + 2, position
        if self.text[position : position + 1] in tuple(_SPACES) and self.text.startswith("-}}", position + 1):
            after = position + 4
            while after < len(self.text) and self.text[after] in _SPACES:
                after += 1
            return after, position + 2
        return None, position

    def _action(self, position: int) -> Generator[Item, None, int]:
        text = self.text
        depth = 0
        while True:
            self.start = position
            after, delimiter = self._right_delimiter(position)
            if after is not None:
                if depth:
                    raise _Failed("unclosed left paren")
                yield self.item("right delimiter", delimiter, "}}")
                return after
            if position >= len(text):
                raise _Failed("unclosed action")
            character = text[position]
            kind = character
            end = position + 1
            if character in _SPACES:
                kind = "space"
                match = _SPACE_RUN.match(text, position)
                assert match is not None
                end = match.end()
                # The last space may belong to a closing " -}}".
                if text.startswith("-}}", end) and end - position > 1:
                    end -= 1
            elif character == ":":
                if not text.startswith(":=", position):
                    raise _Failed("expected :=")
                kind, end = ":=", position + 2
            elif character == '"':
                kind, end = "string", self._end_of(_QUOTED, position, "unterminated quoted string")
            elif character == "'":
                kind, end = "character", self._end_of(_CHARACTER, position, "unterminated character constant")
            elif character == "`":
                kind = "string"
                end = text.find("`", position + 1) + 1
                if not end:
                    raise _Failed("unterminated raw quoted string")
            elif character == "$" or (character == "." and not text[position + 1 : position + 2].isdigit()):
                kind, end = self._field_or_variable(position)
            elif character in ".+-" or character.isdigit():
                kind, end = "number", self._number(position)
            elif character == "_" or character.isalpha():
                kind, end = self._word(position)
            elif character == "(":
                depth += 1
            elif character == ")":
                depth -= 1
                if depth < 0:
                    raise _Failed("unexpected right paren")
            elif character not in "=|":
                if not (character.isascii() and character.isprintable()):
                    raise _Failed(f"unrecognized character in action: {_name(character)}")
                kind = "character of its own"
            yield self.item(kind, position, text[position:end])
            position = end

    def _end_of(self, pattern: re.Pattern[str], position: int, complaint: str) -> int:
        match = pattern.match(self.text, position)
        if match is None:
            raise _Failed(complaint)
        return match.end()

    def _number(self, position: int) -> int:
        match = _NUMBER.match(self.text, position)
        end = match.end() if match else position
        following = self.text[end : end + 1]
        if following and (following == "_" or following.isalnum()):
            raise _Failed(f"bad number syntax: {quote_go(self.text[position : end + 1])}")
        return end

    def _word(self, position: int) -> tuple[str, int]:
        match = _WORD.match(self.text, position)
        end = match.end() if match else position + 1
        self._expect_terminator(end)
        word = self.text[position:end]
        if word in _KEYWORDS:
            return word, end
        return ("bool" if word in ("true", "false") else "identifier"), end

    def _field_or_variable(self, position: int) -> tuple[str, int]:
        match = _WORD.match(self.text, position + 1)
        end = match.end() if match else position + 1
        self._expect_terminator(end)
        if self.text[position] == "$":
            return "variable", end
        return ("field" if match else "dot"), end

    def _expect_terminator(self, end: int) -> None:
        following = self.text[end : end + 1]
        if following and following not in _SPACES + ".,|:)(" and not self.text.startswith("}}", end):
            raise _Failed(f"bad character {_name(following)}")


def _name(character: str) -> str:
    """Go's %#U: `U+0040 '@'`."""
    shown = f" '{character}'" if character.isprintable() else ""
    return f"U+{ord(character):04X}{shown}"
