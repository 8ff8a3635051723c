"""Remote write bodies -> pushes: snappy, then protobuf of version 1.0 or 2.0. Source: Prometheus' specifications.

The messages are in `remote_write_messages`; which samples of a push are taken is for `pushes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cramjam
import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from ..limits import EXEMPLAR_CHARACTERS, LABELS, PUSHED_PARTS, REMOTE_WRITE_BYTES
from ..quoting import format_labels
from ..refusals import BadRequest
from .exposition import Exemplar, Labels
from .pushes import InvalidSeries, Push, check_labels
from .remote_write_messages import message_class
from .samples import Times, Values

#: A sample on the wire: tag of a 64-bit number, the value, tag of a variable-length number, the milliseconds. From 1971
#: to 2109 those take six bytes, which makes nearly all samples equally long; most senders leave out a value of 0.
_SAMPLE_BYTES, _VALUE_TAG, _TIME_TAG = 16, 0x09, 0x10
_ZERO = b"\x09" + bytes(8)

#: Series whose bytes are remembered together with what they mean.
_REMEMBERED = 100_000

_remembered: dict[tuple[bytes, ...], Labels] = {}


def decompress(body: bytes) -> bytes:
    """The content of a snappy block. Raises BadRequest when it is none, or would be larger than the limit."""
    try:
        size = cramjam.snappy.decompress_raw_len(body)
        if size > REMOTE_WRITE_BYTES:
            raise BadRequest(f"decoded size exceeds the {REMOTE_WRITE_BYTES} bytes limit")
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise BadRequest("snappy: corrupt input") from None


def decode_v1(content: bytes) -> Push:
    """The push of a `prometheus.WriteRequest`. Raises BadRequest."""
    gathered = _Gathered()
    push = gathered.push
    for part in _bounded(_parse("WriteRequest", content).timeseries, 0, "series"):
        series = _parse("TimeSeries", part)
        try:
            labels = _labels_of(tuple(series.labels))
        except InvalidSeries:
            push.invalid_samples += len(series.samples)
            continue
        for encoded in _bounded(series.exemplars, len(push.exemplars), "exemplars"):
            exemplar = _parse("Exemplar", encoded)
            _add_exemplar(push, labels, _exemplar_labels(exemplar), exemplar)
        gathered.add(labels, series)
    return gathered.finish()


def decode_v2(content: bytes) -> Push:
    """The push of an `io.prometheus.write.v2.Request`; wrong series are in its `errors`. Raises BadRequest."""
    request = _parse("Request", content)
    symbols = [_text(symbol) for symbol in request.symbols]
    gathered = _Gathered()
    push = gathered.push
    for part in _bounded(request.timeseries, 0, "series"):
        series = _parse("TimeSeriesV2", part)
        labels = _labels_by_reference(series, symbols, push)
        if labels is None:
            continue
        for encoded in _bounded(series.exemplars, len(push.exemplars), "exemplars"):
            exemplar = _parse("ExemplarV2", encoded)
            try:
                marks = tuple(sorted(_look_up(list(exemplar.labels_refs), symbols)))
            except InvalidSeries as error:
                push.errors.append(f"parsing exemplar for series {format_labels(labels)}: {error}")
                continue
            _add_exemplar(push, labels, marks, exemplar)
        gathered.add(labels, series)
    return gathered.finish()


class _Gathered:
    """A push while its series are read, with their samples as they came."""

    def __init__(self) -> None:
        self.push = Push()
        self._samples: list[bytes] = []

    def add(self, labels: Labels, series: Any) -> None:
        """Takes a series of either version: what it has of histograms and samples."""
        if series.histograms:
            self.push.histograms.append(labels)
        if series.samples:
            self.push.series.append(labels)
            self.push.counts.append(len(series.samples))
            self._samples += series.samples

    def finish(self) -> Push:
        """The push with all samples read. Raises BadRequest."""
        self.push.times, self.push.values = _read_samples(self._samples)
        return self.push


def _add_exemplar(push: Push, labels: Labels, marks: Labels, exemplar: Any) -> None:
    """Takes an exemplar, unless its labels are more than Prometheus keeps."""
    if sum(len(name) + len(value) for name, value in marks) <= EXEMPLAR_CHARACTERS:
        push.exemplars.append(Exemplar(labels, marks, exemplar.value, exemplar.timestamp))


def _labels_by_reference(series: Any, symbols: Sequence[str], push: Push) -> Labels | None:
    """The labels of a series of version 2.0; None when it cannot be taken, which the push's errors then say."""
    references = list(series.labels_refs)
    if len(references) > 2 * LABELS:
        push.errors.append(f"{len(references) // 2} labels on one series, the limit is {LABELS}")
        return None
    where = f"for series [{' '.join(map(str, references))}]"
    try:
        pairs = _look_up(references, symbols)
    except InvalidSeries as error:
        push.invalid_samples += len(series.samples)
        push.errors.append(f"parsing labels {where}: {error}")
        return None
    for kind in ("unit_ref", "help_ref"):
        reference = getattr(series.metadata, kind)
        if reference >= len(symbols):
            push.errors.append(
                f"parsing metadata {where}: metadata {kind} {reference} outside of symbols table (size {len(symbols)})"
            )
            return None
    try:
        check_labels(pairs)
    except InvalidSeries as error:
        push.invalid_samples += len(series.samples)
        push.errors.append(str(error))
        return None
    labels = tuple(sorted((name, value) for name, value in pairs if value))
    # Senders put exemplars into series of their own, without samples.
    if not (series.samples or series.histograms or series.exemplars):
        push.errors.append(
            f"TimeSeries must contain at least one sample or histogram for series {format_labels(labels)}"
        )
        return None
    return labels


def _parse(name: str, content: bytes) -> Any:
    try:
        return message_class(name).FromString(content)
    except DecodeError:
        # Nearly always a message that was cut off; Prometheus has a wording for each wrong byte.
        raise BadRequest("unexpected EOF") from None


def _bounded(parts: Sequence[bytes], before: int, kind: str) -> Sequence[bytes]:
    if before + len(parts) > PUSHED_PARTS:
        raise BadRequest(f"more than {PUSHED_PARTS} {kind} in one request")
    return parts


def _labels_of(encoded: tuple[bytes, ...]) -> Labels:
    """The labels that these bytes mean, read once. Raises InvalidSeries."""
    labels = _remembered.get(encoded)
    if labels is None:
        if len(encoded) > LABELS:
            raise InvalidSeries(f"{len(encoded)} labels on one series, the limit is {LABELS}")
        read = message_class("Label").FromString
        try:
            pairs = [((label := read(part)).name, label.value) for part in encoded]
        except DecodeError:
            raise BadRequest("unexpected EOF") from None
        texts = [(_text(name), _text(value)) for name, value in pairs]
        check_labels(texts)
        labels = tuple(sorted((name, value) for name, value in texts if value))
        if len(_remembered) >= _REMEMBERED:
            _remembered.clear()
        _remembered[encoded] = labels
    return labels


def _text(content: bytes) -> str:
    # What is not UTF-8 is kept recognisable, and refused by `check_labels`.
    return content.decode(errors="surrogateescape")


def _exemplar_labels(exemplar: Any) -> Labels:
    return tuple(
        sorted((label.name.decode(errors="replace"), label.value.decode(errors="replace")) for label in exemplar.labels)
    )


def _look_up(references: Sequence[int], symbols: Sequence[str]) -> list[tuple[str, str]]:
    if len(references) % 2:
        raise InvalidSeries(f"invalid labelRefs length {len(references)}")
    if len(references) > 2 * LABELS:
        raise InvalidSeries(f"{len(references) // 2} labels, the limit is {LABELS}")
    pairs = []
    for name, value in zip(references[::2], references[1::2], strict=True):
        if max(name, value) >= len(symbols):
            raise InvalidSeries(
                f"labelRefs {name} (name) = {value} (value) outside of symbols table (size {len(symbols)})"
            )
        pairs.append((symbols[name], symbols[value]))
    return pairs


def _read_samples(encoded: list[bytes]) -> tuple[Times, Values]:
    """Times and values of samples. Raises BadRequest."""
    whole = b"".join([part if len(part) == _SAMPLE_BYTES else _widen(part) for part in encoded])
    if len(whole) == _SAMPLE_BYTES * len(encoded):
        rows: npt.NDArray[np.uint8] = np.frombuffer(whole, dtype=np.uint8).reshape(-1, _SAMPLE_BYTES)
        clock = rows[:, 10:]
        usual = (rows[:, 0] == _VALUE_TAG) & (rows[:, 9] == _TIME_TAG) & (clock[:, 5] < 0x80)
        if bool(np.all(usual)) and bool(np.all(clock[:, :5] >= 0x80)):
            values = np.ascontiguousarray(rows[:, 1:9]).view("<f8").ravel()
            places = np.int64(1) << (7 * np.arange(6, dtype=np.int64))
            times = (clock & 0x7F).astype(np.int64) @ places
            return times, values
    read = message_class("Sample").FromString
    try:
        samples = [read(part) for part in encoded]
    except DecodeError:
        raise BadRequest("unexpected EOF") from None
    return (
        np.array([sample.timestamp for sample in samples], dtype=np.int64),
        np.array([sample.value for sample in samples], dtype=np.float64),
    )


def _widen(part: bytes) -> bytes:
    return _ZERO + part if len(part) == _SAMPLE_BYTES - len(_ZERO) and part[0] == _TIME_TAG else part
