"""The Prometheus text format and OpenMetrics text: pages of samples -> samples, exemplars and metadata.

Pages of one target hardly change from scrape to scrape. What stands before a sample's value is therefore handed to the
caller as it is, who parses it once (`parse_series`) and then looks it up. How often a target is asked, and what happens
to its samples, is in `ingest`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ..limits import EXEMPLAR_CHARACTERS, LABEL_NAME_CHARACTERS, LABEL_VALUE_CHARACTERS, LABELS, SCRAPE_SAMPLES
from ..refusals import BadRequest
from ..times import parse_float

#: Sorted pairs of name and value; the metric's name is the label `__name__`.
Labels = tuple[tuple[str, str], ...]

SeriesT = TypeVar("SeriesT")

# Possessive quantifiers: a line that does not match is given up at once, however long it is.
_BRACES = r'\{(?:[^"{}]++|"(?:[^"\\\n]++|\\.)*+")*+\}'
_NAME_PART = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
#: The older format: blanks and tabs anywhere, times in whole milliseconds.
_TEXT_SAMPLE = re.compile(
    rf"({_NAME_PART}[ \t]*+(?:{_BRACES})?+)[ \t]*+([^\s{{]\S*+)(?:[ \t]++([0-9]++))?+[ \t]*+()()()", re.ASCII
)
#: OpenMetrics: one blank where one is due, none elsewhere, and exemplars.
_STRICT_BRACES = r'\{(?:[a-zA-Z_][a-zA-Z0-9_]*+="(?:[^"\\\n]++|\\.)*+"(?:,(?!\})|(?=\})))*+\}'
_OPENMETRICS_SAMPLE = re.compile(
    rf"({_NAME_PART}(?:{_STRICT_BRACES})?+) (\S++)(?: ([^\s#]\S*+))?+"
    rf"(?: # ({_STRICT_BRACES}) (\S++)(?: (\S++))?+)?+",
    re.ASCII,
)
_LABEL = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]++|\\.)*+)"[ \t]*(,|$)', re.ASCII)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_TEXT_COMMENT = re.compile(r"#[ \t]+(HELP|TYPE)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]+(.*))?", re.ASCII)
_OPENMETRICS_COMMENT = re.compile(r"# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)", re.ASCII)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}
_TYPES = frozenset(["counter", "gauge", "histogram", "summary", "unknown", "info", "stateset", "gaugehistogram"])
_NOT_FINITE = frozenset(["nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"])


@dataclass
class Metadata:
    """What a target says about a metric family."""

    type: str = "unknown"
    help: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Exemplar(Generic[SeriesT]):
    """An example of a sample, with the labels that lead to its trace. The time is unix milliseconds, or None."""

    series: SeriesT
    labels: Labels
    value: float
    time: int | None


@dataclass
class Page(Generic[SeriesT]):
    """One scrape: samples as (series, value, unix milliseconds or None for the time of the scrape)."""

    samples: list[tuple[SeriesT, float, int | None]] = field(default_factory=list)
    exemplars: list[Exemplar[SeriesT]] = field(default_factory=list)
    metadata: dict[str, Metadata] = field(default_factory=dict)


class LabelTwice(BadRequest):
    """A series with a label that stands twice."""


class BrokenPage(BadRequest):
    """A page that is not in its format, or with a series that cannot be; what stood before it is not taken either."""

    def __init__(self, message: str, scraped: int, kept: int) -> None:
        super().__init__(message)
        #: Samples read, and those of them whose series is in order, up to the fault: Prometheus reports them.
        self.scraped, self.kept = scraped, kept


def parse_page(text: str, openmetrics: bool, series_of: Callable[[str], SeriesT]) -> Page[SeriesT]:
    """The content of a page; `series_of` says which series a text such as `requests_total{code="200"}` means.

    Raises BrokenPage with the number of the first line that is not in the format.
    """
    page: Page[SeriesT] = Page()
    samples = page.samples
    sample = _OPENMETRICS_SAMPLE if openmetrics else _TEXT_SAMPLE
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    ended = False
    read = place = 0
    try:
        for place, line in enumerate(lines, 1):  # noqa: B007
            if ended:
                raise BadRequest("unexpected data after # EOF")
            match = sample.fullmatch(line)
            if match is None:
                ended = _read_other(line, openmetrics, page.metadata)
                continue
            name, value, time, exemplar, exemplar_value, exemplar_time = match.groups()
            amount = float(value) if "_" not in value and value.isascii() else _not_a_number(value)
            # Infinities and NaN alone differ from themselves when taken from themselves.
            if amount - amount != 0 and value.lower() not in _NOT_FINITE:
                _not_a_number(value)
            at = None if time is None else _milliseconds(time, openmetrics)
            series = series_of(name)
            read += 1
            samples.append((series, amount, at))
            if exemplar:
                found = _exemplar(series, exemplar, exemplar_value, exemplar_time)
                if found is not None:
                    page.exemplars.append(found)
            if read > SCRAPE_SAMPLES:
                raise BadRequest(f"more than {SCRAPE_SAMPLES} samples in one scrape")
    except (BadRequest, ValueError) as error:
        # A name that stands twice is found after the sample was read, other faults while it is.
        read += isinstance(error, LabelTwice)
        raise BrokenPage(f"line {place}: {error}", read, len(samples)) from None
    if openmetrics and not ended:
        raise BrokenPage("data does not end with # EOF", read, len(samples))
    return page


def _read_other(line: str, openmetrics: bool, metadata: dict[str, Metadata]) -> bool:
    """Reads a line that is no sample; returns whether it ends the page. Raises BadRequest."""
    if line.startswith("#"):
        if openmetrics and line == "# EOF":
            return True
        _read_comment(line, openmetrics, metadata)
    elif openmetrics or (line and not line.isspace()):
        raise BadRequest(f'expected a sample such as name{{label="value"}} 1, got {line[:100]!r}')
    return False


def parse_series(text: str) -> Labels:
    """The labels of a metric name with or without labels in braces. Raises BadRequest."""
    match = _NAME.match(text)
    labels = {"__name__": match[0]} if match else {}
    rest = text[match.end() :].strip() if match else text.strip()
    for name, value in _pairs(rest):
        if name in labels:
            raise LabelTwice(f'label name "{name}" is not unique: invalid sample')
        labels[name] = value
    if len(labels) > LABELS:
        raise BadRequest(f"{len(labels)} labels on one series, the limit is {LABELS}")
    # A label without a value is no label.
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def _pairs(braces: str) -> list[tuple[str, str]]:
    inner = braces[1:-1].strip()
    pairs = []
    position = 0
    while position < len(inner):
        match = _LABEL.match(inner, position)
        if match is None:
            raise BadRequest(f'expected label="value" at {inner[position : position + 60]!r}')
        name, value = match[1], match[2]
        if len(name) > LABEL_NAME_CHARACTERS or len(value) > LABEL_VALUE_CHARACTERS:
            raise BadRequest(f"label {name[:60]} is too long")
        pairs.append((name, _ESCAPE.sub(_unescape, value) if "\\" in value else value))
        position = match.end()
    return pairs


def _unescape(match: re.Match[str]) -> str:
    # The formats know three escapes; any other backslash stands for itself.
    return _ESCAPED.get(match[1], match[0])


def _read_comment(line: str, openmetrics: bool, metadata: dict[str, Metadata]) -> None:
    match = (_OPENMETRICS_COMMENT if openmetrics else _TEXT_COMMENT).fullmatch(line)
    if match is None:
        if openmetrics:
            raise BadRequest(f"expected HELP, TYPE, UNIT or EOF after #, got {line[:100]!r}")
        return
    kind, name, text = match[1], match[2], match[3] or ""
    entry = metadata.setdefault(name, Metadata())
    if kind == "HELP":
        entry.help = _ESCAPE.sub(_unescape, text)
    elif kind == "UNIT":
        if text and not name.endswith(f"_{text}"):
            raise BadRequest(f'unit "{text}" not a suffix of metric "{name}"')
        entry.unit = text
    elif text in _TYPES:
        entry.type = text
    elif text == "untyped" and not openmetrics:
        entry.type = "unknown"
    else:
        raise BadRequest(f'invalid metric type "{text[:40]}"')


def _not_a_number(text: str) -> float:
    # float() takes more than the formats do: underscores, other scripts' digits, a sign before NaN, what is too large.
    raise BadRequest(f"{text[:40]!r} is not a number")


def _milliseconds(text: str, openmetrics: bool) -> int:
    number = parse_float(text)
    if number is None or abs(number) > 2**53:
        raise BadRequest(f"{text[:40]!r} is not a timestamp")
    return round(number * 1000) if openmetrics else int(text)


def _exemplar(series: SeriesT, braces: str, value: str, time: str | None) -> Exemplar[SeriesT] | None:
    """The exemplar; None when its labels are more than Prometheus keeps."""
    labels = tuple(sorted(_pairs(braces)))
    amount, at = float(value), None if time is None else _milliseconds(time, openmetrics=True)
    if sum(len(name) + len(text) for name, text in labels) > EXEMPLAR_CHARACTERS:
        return None
    return Exemplar(series, labels, amount, at)
