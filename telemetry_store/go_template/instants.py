"""Go's time.Time as templates use it: methods, and layouts such as `2006-01-02T15:04:05Z07:00`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from ..times import NANOSECONDS
from .values import Int64

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAYOUT = re.compile(
    r"January|Jan|Monday|Mon|MST|2006|01|02|03|04|05|06|002|15|__2|_2006|_2|PM|pm|Z07:00:00|Z07:00|Z070000|Z0700|Z07|"
    r"-07:00:00|-07:00|-070000|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ParseError(ValueError):
    """A text that does not fit its layout."""


@dataclass(frozen=True)
class Instant:
    """An instant in a zone."""

    nanoseconds: int
    zone: tzinfo = UTC

    go_type = "time.Time"

    @property
    def moment(self) -> datetime:
        """Without what is smaller than a second."""
        seconds = self.nanoseconds // NANOSECONDS
        try:
            return (_EPOCH + timedelta(seconds=seconds)).astimezone(self.zone)
        except OverflowError:
            raise ValueError("time is outside the years 1 to 9999") from None

    def format(self, layout: str) -> str:
        """The instant in Go's layout."""
        moment, fraction = self.moment, self.nanoseconds % NANOSECONDS
        return _LAYOUT.sub(lambda match: _format_part(match[0], moment, fraction), layout)

    def __str__(self) -> str:
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")

    def go_method(self, name: str) -> Callable[..., object] | None:
        """The method of that name."""
        return _METHODS[name](self) if name in _METHODS else None


#: Year 1, which Go takes for no time at all.
ZERO = Instant(-62_135_596_800 * NANOSECONDS)


def _format_part(part: str, moment: datetime, fraction: int) -> str:
    hour = moment.hour % 12 or 12
    match part:
        case "January":
            return _MONTHS[moment.month - 1]
        case "Jan":
            return _MONTHS[moment.month - 1][:3]
        case "Monday":
            return _DAYS[moment.weekday()]
        case "Mon":
            return _DAYS[moment.weekday()][:3]
        case "MST":
            return _zone_name(moment)
        case "2006" | "_2006":
            return ("_" if part[0] == "_" else "") + f"{moment.year:04d}"
        case "06":
            return f"{moment.year % 100:02d}"
        case "01" | "1":
            return _two(moment.month, part)
        case "02" | "2":
            return _two(moment.day, part)
        case "_2":
            return f"{moment.day:2d}"
        case "002" | "__2":
            day = moment.timetuple().tm_yday
            return f"{day:03d}" if part == "002" else f"{day:3d}"
        case "15":
            return f"{moment.hour:02d}"
        case "03" | "3":
            return _two(hour, part)
        case "04" | "4":
            return _two(moment.minute, part)
        case "05" | "5":
            return _two(moment.second, part)
        case "PM" | "pm":
            half = "PM" if moment.hour >= 12 else "AM"
            return half if part == "PM" else half.lower()
    if part[0] in ".,":
        digits = f"{fraction:09d}"[: len(part) - 1].ljust(len(part) - 1, "0")
        if part[1] == "9":
            digits = digits.rstrip("0")
            return part[0] + digits if digits else ""
        return part[0] + digits
    return _offset(part, moment)


def _two(number: int, part: str) -> str:
    return f"{number:02d}" if part[0] == "0" else str(number)


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or ""
    return name if not name.startswith("UTC") or name == "UTC" else name[3:].replace(":", "")


def _offset(part: str, moment: datetime) -> str:
    seconds = round((moment.utcoffset() or timedelta()).total_seconds())
    if part[0] == "Z" and not seconds:
        return "Z"
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    hours, minutes = f"{seconds // 3600:02d}", f"{seconds % 3600 // 60:02d}"
    rest = part[1:]
    colon = ":" if ":" in rest else ""
    text = sign + hours
    if len(rest) > 2:
        text += colon + minutes
    if len(rest) > 5 or rest == "070000":
        text += colon + f"{seconds % 60:02d}"
    return text


def parse_instant(layout: str, text: str, zone: tzinfo = UTC) -> Instant:
    """The instant of a text in Go's layout. Raises ParseError."""
    fields: dict[str, str] = {}
    pattern = []
    position = 0
    for match in _LAYOUT.finditer(layout):
        pattern.append(re.escape(layout[position : match.start()]))
        expression, name = _reading(match[0])
        if name in fields:
            pattern.append(expression)
        else:
            fields[name] = match[0]
            pattern.append(f"(?P<{name}>{expression})")
            # Go takes a fraction of seconds even where the layout has none.
            if name == "second" and not re.match(r"[.,][09]", layout[match.end() :]):
                fields["fraction"] = ".9"
                pattern.append(r"(?P<fraction>[.,]\d+)?")
        position = match.end()
    pattern.append(re.escape(layout[position:]))
    read = re.fullmatch("".join(pattern), text, re.IGNORECASE)
    if read is None:
        raise ParseError(f"cannot parse {text!r} as {layout!r}")
    return _assemble({name: value for name, value in read.groupdict().items() if value}, zone)


def _reading(part: str) -> tuple[str, str]:
    words = {
        "January": ("|".join(_MONTHS), "month"), "Jan": ("|".join(m[:3] for m in _MONTHS), "month"),
        "Monday": ("|".join(_DAYS), "weekday"), "Mon": ("|".join(d[:3] for d in _DAYS), "weekday"),
        "MST": (r"[A-Z]{3,5}|[+-]\d{2,4}", "name"), "2006": (r"\d{4}", "year"), "06": (r"\d{2}", "year"),
        "01": (r"\d{2}", "month"), "1": (r"\d{1,2}", "month"), "02": (r"\d{2}", "day"), "2": (r"\d{1,2}", "day"),
        "_2": (r" ?\d{1,2}", "day"), "002": (r"\d{3}", "yearday"), "15": (r"\d{2}", "hour"), "03": (r"\d{2}", "hour12"),
        "3": (r"\d{1,2}", "hour12"), "04": (r"\d{2}", "minute"),
        "4": (r"\d{1,2}", "minute"), "05": (r"\d{2}", "second"),

        "5": (r"\d{1,2}", "second"), "PM": ("AM|PM", "half"), "pm": ("am|pm", "half"),
    }  # fmt: skip
    if part in words:
        return words[part]
    if part[0] in ".,":
        return (rf"[.,]\d{{{len(part) - 1}}}", "fraction") if part[1] == "0" else (r"(?:[.,]\d+)?", "fraction")
    digits = r"[+-]\d{2}" + ((":" if ":" in part else "") + r"\d{2}") * (len(part.replace(":", "")) // 2 - 1)
    return (f"Z|{digits}" if part[0] == "Z" else digits), "offset"


def _assemble(read: dict[str, str], zone: tzinfo) -> Instant:
    month = read.get("month", "1")
    if not month.isdigit():
        month = str(next(n for n, name in enumerate(_MONTHS, 1) if name.lower().startswith(month.lower())))
    year = read.get("year", "0")
    if len(year) == 2:
        year = str(int(year) + (1900 if int(year) >= 69 else 2000))
    hour = int(read.get("hour", read.get("hour12", "0")))
    half = read.get("half", "").lower()
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    offset = read.get("offset")
    if offset in ("Z", "z"):
        zone = UTC
    elif offset:
        digits = offset[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:4])
        zone = timezone((-1 if offset[0] == "-" else 1) * timedelta(minutes=minutes))
    try:
        # Python has no year 0, in which Go puts a text without a year.
        moment = datetime(
            int(year) or 1, int(month), int(read.get("day", "1")), hour, int(read.get("minute", "0")),
            int(read.get("second", "0")), tzinfo=zone,
        )  # fmt: skip
    except ValueError as error:
        raise ParseError(str(error)) from None
    seconds = round((moment - _EPOCH).total_seconds()) - (0 if int(year) else 366 * 86_400)
    fraction = read.get("fraction", "")[1:].ljust(9, "0")[:9]
    return Instant(seconds * NANOSECONDS + int(fraction or "0"), zone)


def _format_method(instant: Instant) -> Callable[..., object]:
    def format_(layout: str) -> str:
        return instant.format(layout)

    return format_


_METHODS: dict[str, Callable[[Instant], Callable[..., object]]] = {
    "Format": _format_method,
    "String": lambda instant: lambda: str(instant),
    "Unix": lambda instant: lambda: Int64(instant.nanoseconds // NANOSECONDS),
    "UnixMilli": lambda instant: lambda: Int64(instant.nanoseconds // 1_000_000),
    "UnixMicro": lambda instant: lambda: Int64(instant.nanoseconds // 1_000),
    "UnixNano": lambda instant: lambda: Int64(instant.nanoseconds),
    "UTC": lambda instant: lambda: Instant(instant.nanoseconds),
    "Local": lambda instant: lambda: Instant(instant.nanoseconds),
    "IsZero": lambda instant: lambda: instant.nanoseconds == ZERO.nanoseconds,
    "Year": lambda instant: lambda: instant.moment.year,
    "Month": lambda instant: lambda: _MONTHS[instant.moment.month - 1],
    "Day": lambda instant: lambda: instant.moment.day,
    "Hour": lambda instant: lambda: instant.moment.hour,
    "Minute": lambda instant: lambda: instant.moment.minute,
    "Second": lambda instant: lambda: instant.moment.second,
    "Nanosecond": lambda instant: lambda: instant.nanoseconds % NANOSECONDS,
    "Weekday": lambda instant: lambda: _DAYS[instant.moment.weekday()],
    "YearDay": lambda instant: lambda: instant.moment.timetuple().tm_yday,
}
