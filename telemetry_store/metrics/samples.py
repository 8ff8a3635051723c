"""Samples in arrays: the staleness marker, and how a run of samples is packed into bytes."""

from __future__ import annotations

import struct
from array import array

import cramjam
import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

#: The NaN by which Prometheus says "this series ends here", told from an ordinary NaN by its bits.
STALE_BITS = 0x7FF0000000000002
STALE: float = struct.unpack("<d", struct.pack("<Q", STALE_BITS))[0]

_HEADER = struct.Struct("<Iq")


def is_stale(values: Values) -> npt.NDArray[np.bool_]:
    """Which values are staleness markers."""
    marks: npt.NDArray[np.bool_] = values.view(np.int64) == STALE_BITS
    return marks


def pack(times: Times | array[int], values: Values | array[float]) -> bytes:
    """A run of samples as compressed bytes: times as second differences, and bytes of the same place together."""
    clock = np.asarray(times, dtype=np.int64)
    numbers = np.asarray(values, dtype=np.float64)
    differences = np.diff(clock, n=2, prepend=np.array([clock[0], clock[0]])) if len(clock) else clock
    content = _planes(differences) + _planes(numbers)
    return _HEADER.pack(len(clock), int(clock[0]) if len(clock) else 0) + bytes(cramjam.zstd.compress(content, 3))


def unpack(content: bytes) -> tuple[Times, Values]:
    """The samples that `pack` put away."""
    count, first = _HEADER.unpack_from(content)
    raw = np.frombuffer(bytes(cramjam.zstd.decompress(content[_HEADER.size :])), dtype=np.uint8)
    differences = _from_planes(raw[: 8 * count], count).view(np.int64)
    values = _from_planes(raw[8 * count :], count).view(np.float64)
    times = np.cumsum(np.cumsum(differences)) + first
    return times, values


def _planes(numbers: npt.NDArray[np.generic]) -> bytes:
    # Neighbours share their upper bytes: set apart by place, they compress to almost nothing.
    return np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, 8).T.tobytes()


def _from_planes(raw: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(raw.reshape(8, count).T).reshape(-1)
