"""The newest lines of a stream, not packed yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .chunks import Lines, lines_of

#: What a line costs in memory beside its own bytes: the objects that hold it.
_OVERHEAD_BYTES = 200


@dataclass
class Entries:
    """Lines of one stream side by side: unix nanoseconds, text, detected level or "", metadata as JSON or ""."""

    times: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)

    def add(self, time: int, line: bytes, level: str = "", metadata: str = "") -> None:
        """Adds a line."""
        self.times.append(time)
        self.lines.append(line)
        self.levels.append(level)
        self.metadata.append(metadata)

    def extend(self, other: Entries) -> None:
        """Adds the lines of the other."""
        self.times += other.times
        self.lines += other.lines
        self.levels += other.levels
        self.metadata += other.metadata

    def take(self, rows: Sequence[int]) -> Entries:
        """The lines with these numbers."""
        return Entries(
            [self.times[row] for row in rows],
            [self.lines[row] for row in rows],
            [self.levels[row] for row in rows],
            [self.metadata[row] for row in rows],
        )

    def slice(self, first: int, last: int) -> Entries:
        """The lines in [first, last)."""
        return Entries(
            self.times[first:last], self.lines[first:last], self.levels[first:last], self.metadata[first:last]
        )

    def __len__(self) -> int:
        return len(self.times)


def _keys(entries: Entries) -> Iterator[int]:
    return map(hash, zip(entries.times, entries.lines, entries.metadata, strict=True))


class Head:
    """Lines in the order they came. It only grows, so the first n lines are the same whenever they are looked at."""

    def __init__(self, entries: Entries | None = None) -> None:
        self.entries = Entries()
        self.size_bytes = 0
        self.text_bytes = 0
        self._keys: set[int] = set()
        self._block: tuple[int, Lines] | None = None
        if entries:
            self.extend(entries)

    def __len__(self) -> int:
        return len(self.entries)

    def new_rows(self, entries: Entries) -> list[int]:
        """The numbers of those lines that are neither here nor earlier among the given: a line sent twice counts once.

        As in Loki, it is the same line when instant, text and structured metadata are."""
        keys = self._keys
        seen: set[int] = set()
        rows = []
        for row, key in enumerate(_keys(entries)):
            if key not in keys and key not in seen:
                seen.add(key)
                rows.append(row)
        return rows

    def extend(self, entries: Entries) -> None:
        """Adds lines that `new_rows` found to be new."""
        self._keys.update(_keys(entries))
        self.entries.extend(entries)
        text = sum(map(len, entries.lines))
        self.text_bytes += text
        self.size_bytes += text + len(entries) * _OVERHEAD_BYTES + sum(map(len, entries.metadata))

    def block(self, count: int) -> Lines:
        """The first `count` lines by time."""
        block = self._block
        if block is None or block[0] != count:
            entries = self.entries.slice(0, count)
            times = np.array(entries.times, dtype=np.int64)
            if (np.diff(times) < 0).any():
                entries = entries.take(np.argsort(times, kind="stable").tolist())
            block = self._block = (
                count,
                lines_of(entries.times, entries.lines, entries.levels, entries.metadata),
            )
        return block[1]
