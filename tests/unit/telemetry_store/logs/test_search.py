"""A search over the text of many lines finds what a look at every single line finds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store.logs.chunks import Lines, lines_of, sort_and_pack, unpack_dictionary, unpack_numbers
from telemetry_store.logs.chunks import decompress as unpack_text
from telemetry_store.logs.search import LineCondition, LineConditions

LITERALS = ["", "a", "ab", "b\na", "\n", "é", "aa", "xyz"]
PATTERNS = ["a", "a|b", "^a", "b$", "a.b", "(?i)AB", r"\bab\b", r"\Aa", r"b\z", "a*", "[^a]", r"\s", "^$", "(?-i:a)"]


def block_of(lines: list[str]) -> Lines:
    return lines_of(list(range(len(lines))), [line.encode() for line in lines], [""] * len(lines), [""] * len(lines))


def fulfils(line: str, condition: LineCondition) -> bool:
    if condition.is_pattern:
        found = any(re2.search(text, line) is not None for text in condition.texts)
    else:
        found = any(text in line for text in condition.texts)
    return found != condition.negated


_conditions = st.lists(
    st.one_of(
        st.builds(
            LineCondition,
            st.lists(st.sampled_from(LITERALS), min_size=1, max_size=2).map(tuple),
            st.just(False),
            st.booleans(),
        ),
        st.builds(
            LineCondition,
            st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple),
            st.just(True),
            st.booleans(),
        ),
    ),
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet="ab \né", max_size=6), max_size=40), _conditions, st.data())
def test_a_search_over_all_lines_finds_what_a_look_at_each_finds(
    lines: list[str], conditions: list[LineCondition], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    found = LineConditions(conditions).accepted(block_of(lines), first, last).tolist()
    assert found == [row for row in range(first, last) if all(fulfils(lines[row], c) for c in conditions)]


@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_few_remaining_lines_are_looked_at_one_by_one_with_the_same_outcome(count: int) -> None:
    lines = [f"line {number} of {number % 7}" for number in range(count)]
    conditions = LineConditions()
    conditions.add("of 3")
    conditions.add("line 17", "line 24")
    conditions.add(r"line \d\d ", is_pattern=True)
    conditions.add("line 2", negated=True)
    wanted = [row for row, line in enumerate(lines) if line == "line 17 of 3"]
    assert conditions.accepted(block_of(lines), 0, count).tolist() == wanted


_packed = st.lists(
    st.tuples(
        st.integers(-(2**62), 2**62),
        st.binary(max_size=20),
        st.sampled_from(["", "info", "error"]),
        st.sampled_from(["", '{"a":"b"}', '{"a":"c","é":"d"}']),
    ),
    min_size=1,
    max_size=50,
)


@settings(max_examples=100, deadline=None)
@given(_packed)
def test_a_chunk_gives_back_every_column(rows: list[tuple[int, bytes, str, str]]) -> None:
    (packed,) = sort_and_pack(*(list(column) for column in zip(*rows, strict=True)))
    count = packed.count
    lines = Lines(
        unpack_numbers(packed.times),
        unpack_numbers(packed.ends),
        lambda: unpack_text(packed.text),
        lambda: unpack_dictionary(packed.levels, count),
        lambda: unpack_dictionary(packed.metadata, count),
    )
    in_order = sorted(rows, key=lambda row: row[0])
    assert lines.times.tolist() == [row[0] for row in in_order]
    assert [lines.line(row) for row in range(count)] == [row[1] for row in in_order]
    assert [lines.levels.values[code] for code in lines.levels.codes] == [row[2] for row in in_order]
    assert [lines.metadata_text(row) for row in range(count)] == [row[3] for row in in_order]
    assert lines.sizes.tolist() == [len(row[1]) for row in in_order]


def test_large_streams_become_several_chunks_that_follow_one_another_in_time() -> None:
    count = 3_000
    lines = [b"x" * 1000] * count
    times = list(np.random.default_rng(1).permutation(count).tolist())
    chunks = sort_and_pack(times, lines, [""] * count, [""] * count)
    assert sum(chunk.count for chunk in chunks) == count
    assert len(chunks) == 3
    assert all(left.last < right.first for left, right in pairwise(chunks))
