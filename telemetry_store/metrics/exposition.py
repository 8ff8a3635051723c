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
_SAMPLE = re.compile(
    rf"([a-zA-Z_:][a-zA-Z0-9_:]*+[ \t]*+(?:{_BRACES})?+)[ \t]*+(\S++)(?:[ \t]++([^\s#]\S*+))?+"
    rf"(?:[ \t]++#[ \t]*+({_BRACES})[ \t]++(\S++)(?:[ \t]++(\S++))?+)?+[ \t]*+",
    re.ASCII,
)
_LABEL = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]++|\\.)*+)"[ \t]*(,|$)', re.ASCII)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_COMMENT = re.compile(r"#[ \t]+(HELP|TYPE|UNIT)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]+(.*))?", re.ASCII)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}
_TYPES = frozenset(
    ["counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset", "gaugehistogram"]
)


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


def parse_page(text: str, openmetrics: bool, series_of: Callable[[str], SeriesT]) -> Page[SeriesT]:
    """The content of a page; `series_of` says which series a text such as `requests_total{code="200"}` means.

    Raises BadRequest with the number of the first line that is not in the format.
    """
    page: Page[SeriesT] = Page()
    samples = page.samples
    lines = text.split("\n")
    ended = False
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        if ended:
            raise BadRequest(f"line {number}: data after # EOF")
        if line[0] == "#":
            if openmetrics and line == "# EOF":
                ended = True
            else:
                _read_comment(line, page.metadata)
            continue
        match = _SAMPLE.fullmatch(line.lstrip() if line[0] in " \t" else line)
        if match is None:
            raise BadRequest(f'line {number}: expected a sample such as name{{label="value"}} 1, got {line[:100]!r}')
        name, value, time, exemplar, exemplar_value, exemplar_time = match.groups()
        try:
            series = series_of(name)
            samples.append(
                (
                    series,
                    float(value) if "_" not in value and value.isascii() else _number(value),
                    None if time is None else _milliseconds(time, openmetrics),
                )
            )
            if exemplar is not None:
                if not openmetrics:
                    raise BadRequest("an exemplar in a page that is not OpenMetrics")
                page.exemplars.append(_exemplar(series, exemplar, exemplar_value, exemplar_time))
        except (BadRequest, ValueError) as error:
            raise BadRequest(f"line {number}: {error}") from None
        if len(samples) > SCRAPE_SAMPLES:
            raise BadRequest(f"more than {SCRAPE_SAMPLES} samples in one scrape")
    if openmetrics and not ended:
        raise BadRequest("data does not end with # EOF")
    return page


def parse_series(text: str) -> Labels:
    """The labels of a metric name with or without labels in braces. Raises BadRequest."""
    match = _NAME.match(text)
    labels = {"__name__": match[0]} if match else {}
    rest = text[match.end() :].strip() if match else text.strip()
    for name, value in _pairs(rest):
        if name in labels:
            raise BadRequest(f"label {name} twice in {text[:100]}")
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


def _read_comment(line: str, metadata: dict[str, Metadata]) -> None:
    match = _COMMENT.fullmatch(line.rstrip("\r"))
    if match is None:
        return
    kind, name, text = match[1], match[2], match[3] or ""
    entry = metadata.setdefault(name, Metadata())
    if kind == "HELP":
        entry.help = _ESCAPE.sub(_unescape, text)
    elif kind == "UNIT":
        entry.unit = text.strip()
    elif text.strip() in _TYPES:
        entry.type = text.strip().replace("untyped", "unknown")
    else:
        raise BadRequest(f"unknown metric type {text[:40]!r} of {name}")


def _number(text: str) -> float:
    # float() takes more than the formats do: underscores, and other scripts' digits.
    raise BadRequest(f"{text[:40]!r} is not a number")


def _milliseconds(text: str, openmetrics: bool) -> int:
    number = parse_float(text)
    if number is None or abs(number) > 2**53 or not (openmetrics or number == int(number)):
        raise BadRequest(f"{text[:40]!r} is not a timestamp")
    return round(number * 1000) if openmetrics else int(number)


def _exemplar(series: SeriesT, braces: str, value: str, time: str | None) -> Exemplar[SeriesT]:
    labels = tuple(sorted(_pairs(braces)))
    if sum(len(name) + len(text) for name, text in labels) > EXEMPLAR_CHARACTERS:
        raise BadRequest(f"exemplar labels are longer than {EXEMPLAR_CHARACTERS} characters")
    return Exemplar(series, labels, float(value), None if time is None else _milliseconds(time, openmetrics=True))
