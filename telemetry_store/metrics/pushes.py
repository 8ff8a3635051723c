"""What senders push on its way into the storage: which samples are taken, and what the sender hears.

A push is taken as Prometheus' transaction takes it: version 1.0 of remote write and OTLP as a whole or not at all, as
far as the order of samples is concerned; version 2.0 sample by sample. Bodies are read in `remote_write` and `otlp`.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

import numpy as np

from ..limits import FUTURE_SECONDS, LABEL_NAME_CHARACTERS, LABEL_VALUE_CHARACTERS, LABELS
from ..quoting import format_labels
from ..refusals import BadRequest
from .exposition import Exemplar, Labels
from .samples import Times, Values
from .series import Series
from .storage import MetricStorage

logger = logging.getLogger(__name__)

NO_NATIVE_HISTOGRAMS = "native histograms are disabled"


class InvalidSeries(Exception):
    """One series of a push cannot be taken; the others can."""


@dataclass
class Push:
    """Samples by series: the first `counts[0]` of times and values are the first series', and so on."""

    series: list[Labels] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    #: Unix milliseconds.
    times: Times = field(default_factory=lambda: np.empty(0, np.int64))
    values: Values = field(default_factory=lambda: np.empty(0))
    exemplars: list[Exemplar[Labels]] = field(default_factory=list)
    #: Series that came with native histograms, which the store does not keep.
    histograms: list[Labels] = field(default_factory=list)
    #: What is wrong with parts that were left out already.
    errors: list[str] = field(default_factory=list)
    invalid_samples: int = 0


@dataclass
class Taken:
    """How much of a push was taken, and what was wrong with the rest."""

    samples: int = 0
    exemplars: int = 0
    errors: list[str] = field(default_factory=list)


def check_labels(pairs: list[tuple[str, str]]) -> None:
    """Raises InvalidSeries unless the labels name a metric and each name stands once, in UTF-8 within the limits."""
    labels = dict(pairs)
    shown = sorted(pairs)
    try:
        "".join(part for pair in pairs for part in pair).encode()
        valid = bool(labels.get("__name__")) and "" not in labels
    except UnicodeEncodeError:
        shown = [(_printable(name), _printable(value)) for name, value in shown]
        valid = False
    if not valid:
        raise InvalidSeries(f"invalid metric name or labels, got {format_labels(tuple(shown))}")
    if len(labels) < len(pairs):
        twice = next(name for (name, _), (following, _) in pairwise(shown) if name == following)
        raise InvalidSeries(
            f"invalid labels for series, labels {format_labels(tuple(shown))}, duplicated label {twice}"
        )
    if len(pairs) > LABELS:
        raise InvalidSeries(f"{len(pairs)} labels on one series, the limit is {LABELS}")
    for name, value in pairs:
        if len(name) > LABEL_NAME_CHARACTERS or len(value) > LABEL_VALUE_CHARACTERS:
            raise InvalidSeries(f"label {name[:60]} is too long")


def _printable(text: str) -> str:
    return text.encode(errors="surrogateescape").decode(errors="replace")


def take_whole(storage: MetricStorage, push: Push, size_bytes: int) -> Taken:
    """Stores a push unless a sample is out of order, which refuses the whole of it. Raises BadRequest, Unprocessable,
    Busy and StorageUnavailable, and then takes nothing.

    As in Prometheus, series with invalid labels are left out and only logged, and so are exemplars out of order.
    """
    if push.invalid_samples:
        logger.warning("%d samples with invalid labels were left out of a push", push.invalid_samples)
    series = [storage.series_of(labels) for labels in push.series]
    objections = _objections(push, series)
    if objections:
        raise BadRequest(next(iter(objections.values())))
    exemplars = _exemplars(storage, push)
    counts = np.array(push.counts, dtype=np.int64)
    storage.append_columns(series, counts, push.times, push.values, exemplars, size_bytes)
    errors = [*push.errors, NO_NATIVE_HISTOGRAMS] if push.histograms else push.errors
    return Taken(len(push.times), len(exemplars), errors)


def take_parts(storage: MetricStorage, push: Push, size_bytes: int) -> Taken:
    """Stores what can be stored of a push. Raises Unprocessable, Busy, StorageUnavailable, and then takes nothing."""
    series = [storage.series_of(labels) for labels in push.series]
    owners = np.repeat(np.arange(len(series)), push.counts)
    objections = _objections(push, series)
    errors = list(push.errors)
    errors += [f"{reason} for series {format_labels(series[owners[row]].labels)}" for row, reason in objections.items()]
    errors += [f"{NO_NATIVE_HISTOGRAMS} for series {format_labels(labels)}" for labels in push.histograms]
    good = np.ones(len(owners), dtype=bool)
    good[list(objections)] = False
    exemplars = _exemplars(storage, push)
    counts = np.bincount(owners[good], minlength=len(series)).astype(np.int64)
    storage.append_columns(series, counts, push.times[good], push.values[good], exemplars, size_bytes)
    return Taken(int(good.sum()), len(exemplars), errors)


def _newest_time() -> int:
    return int((time.time() + FUTURE_SECONDS) * 1000)


def _objections(push: Push, series: list[Series]) -> dict[int, str]:
    """Why samples cannot be taken, by their place in the push, judged as Prometheus does by what is stored already.

    That one sample of a push is older than another of it is no fault; the older one is just left out."""
    newest = _newest_time()
    last = np.repeat(np.array([one.last_time for one in series], dtype=np.int64), push.counts)
    doubtful = np.flatnonzero((push.times <= last) | (push.times > newest) | (push.times < 0))
    if not len(doubtful):
        return {}
    owners = np.repeat(np.arange(len(series)), push.counts)
    found = {}
    for row in doubtful.tolist():
        reason = _objection(series[owners[row]], int(push.times[row]), float(push.values[row]), newest)
        if reason:
            found[row] = reason
    return found


def _objection(series: Series, milliseconds: int, value: float, newest: int) -> str | None:
    if milliseconds > newest:
        return "out of bounds: timestamp is too far in the future"
    if milliseconds < 0:
        return "out of bounds"
    if milliseconds < series.last_time:
        return "out of order sample"
    last = series.values[-1] if series.values else value
    # The same sample twice is no fault; the storage leaves it as it is.
    if last == value or (math.isnan(last) and math.isnan(value)):
        return None
    return (
        f"duplicate sample for timestamp {milliseconds}; overrides not allowed: "
        f"existing {_shortest(last)}, new value {_shortest(value)}"
    )


def _exemplars(storage: MetricStorage, push: Push) -> list[Exemplar[Series]]:
    newest = _newest_time()
    return [
        Exemplar(storage.series_of(e.series), e.labels, e.value, e.time)
        for e in push.exemplars
        if e.time is not None and e.time <= newest
    ]


def _shortest(value: float) -> str:
    """The number as Go's `%g` prints it."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Inf")
    if value == 0:
        return "0"
    sign, digits, shift = Decimal(repr(value)).normalize().as_tuple()
    exponent = len(digits) - 1 + int(shift)
    if -4 <= exponent < 6:
        return format(Decimal(repr(value)).normalize(), "f")
    text = "".join(map(str, digits))
    fraction = f".{text[1:]}" if text[1:] else ""
    return f"{'-' if sign else ''}{text[0]}{fraction}e{exponent:+03d}"
