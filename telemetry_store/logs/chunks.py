"""Lines of one stream as arrays, and their packed form on disk.

Text is one run of bytes with a line end after every line, so that a search goes over all of it at once (`search`).
Levels and structured metadata are dictionaries: each distinct value once, and a number for every line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cramjam
import msgspec
import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Offsets = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]
Metadata = dict[str, str]

#: The name under which Loki keeps the detected level among a line's structured metadata.
LEVEL_NAME = "detected_level"

#: Bytes of text in a chunk: small enough to unpack in a moment, large enough to compress well.
CHUNK_BYTES = 1024 * 1024

#: Lines in a chunk, for streams of very short lines.
CHUNK_LINES = 16_384

#: zstd's quickest level: a quarter of the size, unpacked at gigabytes a second.
_LEVEL = 1

#: Bytes for which a pair of structured metadata counts in Loki, beside its name and value.
_PAIR_BYTES = 8

_decode_names = msgspec.json.Decoder(list[str]).decode
_decode_metadata = msgspec.json.Decoder(Metadata).decode


@dataclass(frozen=True)
class Dictionary:
    """Values of lines, each distinct one once: line i has `values[codes[i]]`."""

    codes: Codes
    values: list[str]

    @classmethod
    def of(cls, values: Sequence[str]) -> Dictionary:
        """The values of lines in order."""
        numbers: dict[str, int] = {}
        codes = np.fromiter((numbers.setdefault(value, len(numbers)) for value in values), np.int32, len(values))
        return cls(codes, list(numbers))

    @classmethod
    def joined(cls, dictionaries: Sequence[Dictionary]) -> Dictionary:
        """The values of lines one after another."""
        numbers: dict[str, int] = {}
        codes = []
        for dictionary in dictionaries:
            new = np.array([numbers.setdefault(value, len(numbers)) for value in dictionary.values], dtype=np.int32)
            codes.append(new[dictionary.codes])
        return cls(np.concatenate(codes), list(numbers))

    def take(self, rows: Rows) -> Dictionary:
        """The values of some of the lines."""
        return Dictionary(self.codes[rows], self.values)


class Lines:
    """Lines of one stream by time, lines of one instant in the order they came.

    `times` are unix nanoseconds; line i is `text[ends[i - 1] + 1 : ends[i]]`, a line end stands at `ends[i]`.
    Text, levels and metadata are made when they are first asked for.
    """

    def __init__(
        self,
        times: Times,
        ends: Offsets,
        text: Callable[[], bytes],
        levels: Callable[[], Dictionary],
        metadata: Callable[[], Dictionary],
    ) -> None:
        self.times = times
        self.ends = ends
        self._text = text
        self._levels = levels
        self._metadata = metadata

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def starts(self) -> Offsets:
        """Where each line begins in the text."""
        starts = np.empty_like(self.ends)
        if len(starts):
            starts[0] = 0
            np.add(self.ends[:-1], 1, out=starts[1:])
        return starts

    @property
    def sizes(self) -> Offsets:
        """Bytes of each line."""
        sizes: Offsets = self.ends - self.starts
        return sizes

    @cached_property
    def size_bytes(self) -> int:
        """What Loki counts: lines, eight bytes for each pair of metadata, and distinct names and values."""
        return int(self.sizes.sum()) + _metadata_bytes(self)

    @cached_property
    def text(self) -> bytes:
        """All lines."""
        return self._text()

    @cached_property
    def has_inner_line_ends(self) -> bool:
        """Whether a line holds a line end itself."""
        return self.text.count(b"\n") != len(self)

    @cached_property
    def levels(self) -> Dictionary:
        """The detected level of each line; empty where there is none."""
        return self._levels()

    @cached_property
    def metadata(self) -> Dictionary:
        """The structured metadata of each line, without the level: a JSON object, or empty."""
        return self._metadata()

    def line(self, row: int) -> bytes:
        """One line."""
        return self.text[self.starts[row] : self.ends[row]]

    def metadata_text(self, row: int) -> str:
        """A line's structured metadata without the level, as JSON; empty where there are none."""
        text: str = self.metadata.values[self.metadata.codes[row]]
        return text

    def metadata_of(self, row: int) -> Metadata:
        """A line's structured metadata with its detected level, as Loki keeps them; a new mapping every time."""
        pairs = decode_metadata(self.metadata_text(row))
        level = self.levels.values[self.levels.codes[row]]
        if level:
            pairs[LEVEL_NAME] = level
        return pairs

    def take(self, rows: Rows) -> Lines:
        """Some of the lines, by their rising numbers."""
        return self if len(rows) == len(self) else self.reorder(rows)

    def reorder(self, rows: Rows) -> Lines:
        """The lines with these numbers, in their order."""
        starts, ends = self.starts[rows], self.ends[rows]

        def text() -> bytes:
            whole = self.text
            return b"".join([whole[start : end + 1] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])

        return Lines(
            self.times[rows],
            np.cumsum(ends - starts + 1) - 1,
            text,
            lambda: self.levels.take(rows),
            lambda: self.metadata.take(rows),
        )


def merge(blocks: Sequence[Lines]) -> Lines:
    """The lines of several blocks by time; of one instant, those of an earlier block first."""
    if len(blocks) == 1:
        return blocks[0]
    order = np.argsort(np.concatenate([block.times for block in blocks]), kind="stable")
    # One text after another: offsets into the second continue those into the first.
    shifts = np.cumsum([0, *(int(block.ends[-1]) + 1 if len(block) else 0 for block in blocks[:-1])])
    ends = np.concatenate([block.ends + shift for block, shift in zip(blocks, shifts, strict=True)])
    together = Lines(
        np.concatenate([block.times for block in blocks]),
        ends,
        lambda: b"".join([block.text for block in blocks]),
        lambda: Dictionary.joined([block.levels for block in blocks]),
        lambda: Dictionary.joined([block.metadata for block in blocks]),
    )
    return together.reorder(order)


@dataclass(frozen=True)
class PackedLines:
    """A chunk's columns as they stand in the database."""

    first: int
    last: int
    count: int
    #: What Loki counts as its size.
    size_bytes: int
    times: bytes
    ends: bytes
    levels: bytes
    metadata: bytes
    text: bytes


def sort_and_pack(
    times: Sequence[int], lines: Sequence[bytes], levels: Sequence[str], metadata: Sequence[str]
) -> list[PackedLines]:
    """Chunks of the lines, which may come in any order of time."""
    order = np.argsort(np.array(times, dtype=np.int64), kind="stable").tolist()
    chunks = []
    rows: list[int] = []
    size = 0
    for row in order:
        rows.append(row)
        size += len(lines[row]) + 1
        if size >= CHUNK_BYTES or len(rows) >= CHUNK_LINES:
            chunks.append(_pack_rows(times, lines, levels, metadata, rows))
            rows, size = [], 0
    if rows:
        chunks.append(_pack_rows(times, lines, levels, metadata, rows))
    return chunks


def _pack_rows(
    times: Sequence[int], lines: Sequence[bytes], levels: Sequence[str], metadata: Sequence[str], rows: Sequence[int]
) -> PackedLines:
    block = lines_of(
        [times[row] for row in rows],
        [lines[row] for row in rows],
        [levels[row] for row in rows],
        [metadata[row] for row in rows],
    )
    return PackedLines(
        first=int(block.times[0]),
        last=int(block.times[-1]),
        count=len(block),
        size_bytes=block.size_bytes,
        times=_pack_numbers(block.times),
        ends=_pack_numbers(block.ends),
        levels=_pack_dictionary(block.levels),
        metadata=_pack_dictionary(block.metadata),
        text=_compress(block.text),
    )


def lines_of(times: Sequence[int], lines: Sequence[bytes], levels: Sequence[str], metadata: Sequence[str]) -> Lines:
    """A block of lines that are in order of time already."""
    sizes = np.fromiter(map(len, lines), np.int64, len(lines))
    return Lines(
        np.array(times, dtype=np.int64),
        np.cumsum(sizes + 1) - 1,
        lambda: b"\n".join([*lines, b""]),
        lambda: Dictionary.of(levels),
        lambda: Dictionary.of(metadata),
    )


def decode_metadata(metadata: str) -> Metadata:
    """Structured metadata as names and values; a new mapping every time."""
    return _decode_metadata(metadata) if metadata else {}


def _metadata_bytes(lines: Lines) -> int:
    pairs = 0
    symbols: set[str] = set()
    counts = np.bincount(lines.levels.codes, minlength=len(lines.levels.values)).tolist()
    for level, count in zip(lines.levels.values, counts, strict=True):
        if level and count:
            pairs += count
            symbols |= {LEVEL_NAME, level}
    counts = np.bincount(lines.metadata.codes, minlength=len(lines.metadata.values)).tolist()
    for metadata, count in zip(lines.metadata.values, counts, strict=True):
        if metadata and count:
            decoded = decode_metadata(metadata)
            pairs += count * len(decoded)
            symbols.update(decoded)
            symbols.update(decoded.values())
    return _PAIR_BYTES * pairs + sum(len(symbol.encode()) for symbol in symbols)


def _compress(data: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(data, level=_LEVEL))


def decompress(data: bytes) -> bytes:
    """The bytes that were packed."""
    return bytes(cramjam.zstd.decompress(data))


def _pack_numbers(numbers: Times) -> bytes:
    # Differences are small: with bytes of the same weight side by side, nearly all of them are zeros.
    differences = np.diff(numbers, prepend=np.int64(0))
    return _compress(np.ascontiguousarray(differences.view(np.uint8).reshape(-1, 8).T).tobytes())


def unpack_numbers(data: bytes) -> Times:
    """The whole numbers of a column of times or offsets."""
    weights = np.frombuffer(decompress(data), dtype=np.uint8).reshape(8, -1)
    numbers: Times = np.cumsum(np.ascontiguousarray(weights.T).view(np.int64).ravel())
    return numbers


def _pack_dictionary(dictionary: Dictionary) -> bytes:
    names = msgspec.json.encode(dictionary.values)
    codes = dictionary.codes.tobytes() if len(dictionary.values) > 1 else b""
    return _compress(len(names).to_bytes(4, "little") + names + codes)


def unpack_dictionary(data: bytes, count: int) -> Dictionary:
    """A column of levels or metadata of that many lines."""
    plain = decompress(data)
    size = int.from_bytes(plain[:4], "little")
    values = _decode_names(plain[4 : 4 + size])
    if len(values) == 1:
        return Dictionary(np.zeros(count, dtype=np.int32), values)
    return Dictionary(np.frombuffer(plain, dtype=np.int32, offset=4 + size), values)
