"""Bodies of Prometheus' remote write 1.0, encoded by hand from its specification: a sender that shares no code with the
receiver."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import cramjam


class Exemplar(NamedTuple):
    """An exemplar at unix milliseconds."""

    labels: Mapping[str, str]
    value: float
    milliseconds: int


class Series(NamedTuple):
    """Labels (with `__name__`), samples as (unix milliseconds, value), oldest first, and exemplars."""

    labels: Mapping[str, str]
    samples: Iterable[tuple[int, float]]
    exemplars: Iterable[Exemplar] = ()


def body(series: Iterable[Series]) -> bytes:
    """A request's body, compressed with snappy."""
    return bytes(cramjam.snappy.compress_raw(b"".join(_field(1, _series(each)) for each in series)))


HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def _series(series: Series) -> bytes:
    parts = [_field(1, _label(name, value)) for name, value in sorted(series.labels.items())]
    parts += [_field(2, _sample(value, at)) for at, value in series.samples]
    for exemplar in series.exemplars:
        labels = b"".join(_field(1, _label(name, value)) for name, value in exemplar.labels.items())
        parts.append(
            _field(3, labels + b"\x11" + struct.pack("<d", exemplar.value) + b"\x18" + _varint(exemplar.milliseconds))
        )
    return b"".join(parts)


def _label(name: str, value: str) -> bytes:
    return _field(1, name.encode()) + _field(2, value.encode())


def _sample(value: float, milliseconds: int) -> bytes:
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(milliseconds)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
