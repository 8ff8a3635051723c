"""Go's printf: verbs, flags, widths, and how it complains within its output. Source: the documentation of Go's fmt."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from .values import NO_VALUE, HasMethods, show, show_float, type_name

#: The largest width and precision that Go takes.
_LARGEST_WIDTH = 1_000_000

#: Digits after the point beyond which a float has only zeros to show.
_LARGEST_PRECISION = 1_100

_VERB = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width_index>\[\d+\](?=\*))?(?P<width>\*|\d+)?"
    r"(?:\.(?P<precision_index>\[\d+\](?=\*))?(?P<precision>\*|\d+)?(?P<dot>))?(?P<index>\[\d+\])?(?P<verb>.)?",
    re.DOTALL,
)
_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def quote_go(text: str, ascii_only: bool = False) -> str:
    """The text as Go's %q writes it."""
    return '"' + "".join(_escape(character, ascii_only) for character in text) + '"'


def _escape(character: str, ascii_only: bool) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable() and (character.isascii() or not ascii_only):
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def sprintf(pattern: str, arguments: Sequence[object], limit: int = _LARGEST_WIDTH) -> str:
    """The pattern with its verbs filled in; never fails, Go writes its complaints into the text.

    Raises ValueError when the outcome is longer than the limit.
    """
    return _Printer(arguments, limit).fill(pattern)


class _Printer:
    def __init__(self, arguments: Sequence[object], limit: int) -> None:
        self._arguments = arguments
        self._next = 0
        self._reordered = False
        self._limit = limit

    def fill(self, pattern: str) -> str:
        parts: list[str] = []
        size = position = 0
        while position < len(pattern):
            start = pattern.find("%", position)
            if start < 0:
                parts.append(pattern[position:])
                break
            parts.append(pattern[position:start])
            match = _VERB.match(pattern, start)
            assert match is not None
            parts.append(self._verb(match))
            position = match.end()
            size += len(parts[-1])
            if size > self._limit:
                raise ValueError("output too long")
        if not self._reordered and self._next < len(self._arguments):
            extra = ", ".join(
                f"{type_name(a)}={show(a)}" if a is not None else "<nil>" for a in self._arguments[self._next :]
            )
            parts.append(f"%!(EXTRA {extra})")
        return "".join(parts)

    def _verb(self, match: re.Match[str]) -> str:
        complaints = ""
        flags = set(match["flags"])
        width, complaint = self._number(match["width"], match["width_index"], "WIDTH")
        complaints += complaint
        precision, complaint = self._number(match["precision"], match["precision_index"], "PREC")
        complaints += complaint
        if width is not None and width < 0:
            flags.add("-")
            width = -width
        if precision is not None and precision < 0:
            precision = None
        elif match["dot"] is not None and match["precision"] is None:
            precision = 0
        verb = match["verb"]
        if verb is None:
            return complaints + "%!(NOVERB)"
        if verb == "%":
            return complaints + "%"
        if match["index"] and not self._move(match["index"]):
            return f"{complaints}%!{verb}(BADINDEX)"
        if self._next >= len(self._arguments):
            return f"{complaints}%!{verb}(MISSING)"
        argument = self._arguments[self._next]
        self._next += 1
        return complaints + _Format(verb, flags, width, precision).apply(argument)

    def _move(self, index: str) -> bool:
        self._reordered = True
        number = int(index[1:-1]) - 1
        if not 0 <= number < len(self._arguments):
            return False
        self._next = number
        return True

    def _number(self, text: str | None, index: str | None, name: str) -> tuple[int | None, str]:
        if index and not self._move(index):
            return None, f"%!(BAD{name})"
        if text is None:
            return None, ""
        if text != "*":
            return (int(text), "") if int(text) <= _LARGEST_WIDTH else (None, f"%!(BAD{name})")
        argument = self._arguments[self._next] if self._next < len(self._arguments) else None
        self._next += self._next < len(self._arguments)
        if isinstance(argument, int) and not isinstance(argument, bool) and abs(argument) <= _LARGEST_WIDTH:
            return argument, ""
        return None, f"%!(BAD{name})"


class _Format:
    """One verb with its flags; a value that does not fit the verb is shown by %v with the same flags."""

    def __init__(self, verb: str, flags: set[str], width: int | None, precision: int | None) -> None:
        self.verb, self.flags, self.width, self.precision = verb, flags, width, precision
        # %+v and %#v ask for other things than signs.
        self._go_syntax = verb == "v" and "#" in flags
        if verb == "v":
            flags.discard("+")
            flags.discard("#")

    def apply(self, value: object) -> str:
        """The value as the verb shows it."""
        return self._apply(None if value is NO_VALUE else value, self.verb)

    def _apply(self, value: object, verb: str) -> str:
        if verb == "T":
            return self._pad("<nil>") if value is None else self._text(type_name(value), value, "s")
        if value is None:
            return self._pad("<nil>") if verb == "v" else f"%!{verb}(<nil>)"
        if isinstance(value, bool):
            return self._pad(show(value)) if verb in "tv" else self._bad(value, verb)
        if isinstance(value, HasMethods) and verb in "vsqxX":
            return self._text(str(value), value, verb)
        if isinstance(value, int):
            return self._integer(int(value), value, verb)
        if isinstance(value, float):
            return self._float(value, verb)
        if isinstance(value, Mapping):
            pairs = (f"{self._apply(key, verb)}:{self._apply(value[key], verb)}" for key in sorted(value))
            return "map[" + " ".join(pairs) + "]"
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return "[" + " ".join(self._apply(item, verb) for item in value) + "]"
        return self._text(value if isinstance(value, str) else show(value), value, verb)

    def _bad(self, value: object, verb: str) -> str:
        return f"%!{verb}({type_name(value)}={self._apply(value, 'v')})"

    def _pad(self, text: str, zeros: bool = True) -> str:
        if self.width is None or len(text) >= self.width:
            return text
        if "-" in self.flags:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if zeros and "0" in self.flags else " ")

    def _integer(self, number: int, value: object, verb: str) -> str:
        kind = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}.get(verb)
        if kind is None:
            return self._character(number, verb) if verb in "cqU" else self._bad(value, verb)
        sign = "-" if number < 0 else "+" if "+" in self.flags else " " if " " in self.flags else ""
        least = 0
        if self.precision is not None:
            least = self.precision
            if not least and not number:
                return " " * (self.width or 0)
        elif "0" in self.flags and "-" not in self.flags and self.width is not None:
            least = self.width - len(sign)
        digits = format(abs(number), kind).rjust(least, "0")
        prefix = "0o" if verb == "O" else ""
        if "#" in self.flags:
            prefix = {"b": "0b", "o": "" if digits[0] == "0" else "0", "x": "0x", "X": "0X"}.get(verb, prefix)
        return self._pad(sign + prefix + digits, zeros=False)

    def _character(self, number: int, verb: str) -> str:
        known = 0 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
        character = chr(number) if known else "\ufffd"
        if verb == "c":
            return self._pad(character)
        if verb == "q":
            inner = (
                "\\'" if character == "'" else character if character == '"' else _escape(character, "+" in self.flags)
            )
            return self._pad(f"'{inner}'")
        number %= 2**64
        shown = f" '{character}'" if "#" in self.flags and known and character.isprintable() else ""
        return self._pad(f"U+{number:0{max(4, self.precision or 0)}X}{shown}", zeros=False)

    def _float(self, value: float, verb: str) -> str:
        if verb not in "vgGeEfFxX":
            return self._bad(value, verb)
        text = self._digits(abs(value), "f" if verb == "F" else verb)
        negative = math.copysign(1.0, value) < 0 and not math.isnan(value)
        sign = "-" if negative else " " if " " in self.flags and "+" not in self.flags else "+"
        if not math.isfinite(value):
            text = text.lstrip("+")
            shown = sign if sign != "+" or "+" in self.flags or text == "+Inf" else ""
            return self._pad((shown or ("+" if text == "Inf" and "+" in self.flags else "")) + text, zeros=False)
        if sign == "+" and "+" not in self.flags:
            return self._pad(text)
        if "0" in self.flags and "-" not in self.flags and self.width is not None:
            return sign + text.rjust(self.width - 1, "0")
        return self._pad(sign + text)

    def _digits(self, value: float, verb: str) -> str:
        if not math.isfinite(value):
            return show_float(value)
        if verb in "xX":
            text = _hexadecimal(value)
            return text.upper() if verb == "X" else text
        if verb in "eEf":
            precision = 6 if self.precision is None else self.precision
            return f"{value:.{min(precision, _LARGEST_PRECISION)}{verb}}"
        if "#" in self.flags and verb in "gGv":
            text = f"{value:#.{min(6 if self.precision is None else max(self.precision, 1), _LARGEST_PRECISION)}g}"
        elif self.precision is None:
            text = show_float(value)
        else:
            text = _general(value, min(self.precision or 1, _LARGEST_PRECISION))
        return text.upper() if verb == "G" else text

    def _text(self, text: str, value: object, verb: str) -> str:
        if verb in "xX":
            content = text.encode(errors="surrogateescape")
            content = content if self.precision is None else content[: self.precision]
            between = " 0x" if "#" in self.flags else " "
            digits = content.hex() if " " not in self.flags else between.join(f"{byte:02x}" for byte in content)
            digits = "0x" + digits if "#" in self.flags and digits else digits
            return self._pad(digits.upper() if verb == "X" else digits)
        if verb not in "svq":
            return self._bad(value, verb)
        if self.precision is not None:
            text = text[: self.precision]
        if verb == "q" or self._go_syntax:
            if "#" in self.flags and "`" not in text and text.isprintable():
                return self._pad(f"`{text}`")
            return self._pad(quote_go(text, "+" in self.flags))
        return self._pad(text)


def _general(value: float, precision: int) -> str:
    """%g with a precision."""
    return f"{value:.{precision}g}"


def _hexadecimal(value: float) -> str:
    """Go's %x of a float: `0x1.8p+01`."""
    mantissa, exponent = value.hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa if mantissa != '0x' else '0x0'}p{exponent[0]}{exponent[1:].rjust(2, '0')}"
