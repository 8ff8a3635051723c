"""Unpacked columns of chunks, as many as fit; the ones not used for longest make room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from .chunks import Dictionary

#: Bytes kept unpacked.
_CACHE_BYTES = 64 * 1024 * 1024

#: Bytes of a short text in a dictionary beside its characters.
_TEXT_OVERHEAD = 60

T = TypeVar("T")


class ChunkCache:
    """Columns by chunk and name."""

    def __init__(self, limit_bytes: int = _CACHE_BYTES) -> None:
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._columns: OrderedDict[tuple[int, str], tuple[Any, int]] = OrderedDict()
        self._size = 0

    def get(self, chunk: int, name: str, load: Callable[[], T]) -> T:
        """The column, unpacked by `load` when it is not here."""
        key = (chunk, name)
        with self._lock:
            known = self._columns.get(key)
            if known is not None:
                self._columns.move_to_end(key)
                value: T = known[0]
                return value
        value = load()
        with self._lock:
            if key not in self._columns:
                size = _size_of(value)
                self._columns[key] = (value, size)
                self._size += size
            while self._size > self._limit:
                self._size -= self._columns.popitem(last=False)[1][1]
        return value

    def drop(self, chunks: Iterable[int]) -> None:
        """Forgets the columns of these chunks."""
        gone = set(chunks)
        with self._lock:
            for key in [key for key in self._columns if key[0] in gone]:
                self._size -= self._columns.pop(key)[1]


def _size_of(value: object) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Dictionary):
        return value.codes.nbytes + sum(len(text) + _TEXT_OVERHEAD for text in value.values)
    assert isinstance(value, np.ndarray)
    return value.nbytes
