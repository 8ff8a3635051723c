"""Prometheus' remote write, version 1, from our side: series as the protobuf that every store of metrics takes.

A message of three kinds does not need a library: WriteRequest{timeseries=1}, TimeSeries{labels=1, samples=2},
Label{name=1, value=2}, Sample{value=1, timestamp=2}.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

_LENGTH, _DOUBLE, _VARINT = 2, 1, 0
_LONGEST_LITERAL = 65_536


def encode(series: Iterable[tuple[Mapping[str, str], Sequence[tuple[int, float]]]]) -> bytes:
    """Labels with their samples, (unix milliseconds, value)."""
    return b"".join(_message(1, _one(labels, samples)) for labels, samples in series)


def in_snappy(content: bytes) -> bytes:
    """In snappy's block format, which every receiver insists on; as it is, and not smaller."""
    parts = [_varint(len(content))]
    for start in range(0, len(content), _LONGEST_LITERAL):
        literal = content[start : start + _LONGEST_LITERAL]
        # A literal whose length follows in two bytes.
        parts += [bytes([61 << 2]), struct.pack("<H", len(literal) - 1), literal]
    return b"".join(parts)


def _one(labels: Mapping[str, str], samples: Sequence[tuple[int, float]]) -> bytes:
    # The receiver wants names in order.
    parts = [
        _message(1, _message(1, name.encode()) + _message(2, value.encode())) for name, value in sorted(labels.items())
    ]
    parts += [
        _message(2, _tag(1, _DOUBLE) + struct.pack("<d", value) + _tag(2, _VARINT) + _varint(at))
        for at, value in samples
    ]
    return b"".join(parts)


def _message(number: int, content: bytes) -> bytes:
    return _tag(number, _LENGTH) + _varint(len(content)) + content


def _tag(number: int, kind: int) -> bytes:
    return bytes([number << 3 | kind])


def _varint(value: int) -> bytes:
    if value < 0:
        raise ValueError(f"{value} is before 1970")
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
