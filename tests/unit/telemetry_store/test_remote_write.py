"""Remote write bodies, encoded here by hand, read and stored as Prometheus reads and stores them."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.deadline import Deadline
from telemetry_store.limits import REMOTE_WRITE_BYTES
from telemetry_store.matchers import Matcher
from telemetry_store.metrics import remote_write
from telemetry_store.metrics.pushes import NO_NATIVE_HISTOGRAMS, take_parts, take_whole
from telemetry_store.metrics.samples import STALE_BITS
from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.refusals import BadRequest

NOW = 1_795_172_400_000


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def inside(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def double(field: int, bits: bytes) -> bytes:
    return varint(field << 3 | 1) + bits


def label(name: str | bytes, value: str | bytes) -> bytes:
    encoded = [part if isinstance(part, bytes) else part.encode() for part in (name, value)]
    return inside(1, encoded[0]) + inside(2, encoded[1])


def sample(time: int, value: float | bytes) -> bytes:
    bits = value if isinstance(value, bytes) else struct.pack("<d", value)
    return (double(1, bits) if any(bits) else b"") + b"\x10" + varint(time)


def series(labels: dict[str, str], *samples: bytes, extra: bytes = b"") -> bytes:
    parts = [inside(1, label(name, value)) for name, value in labels.items()]
    return inside(1, b"".join(parts + [inside(2, each) for each in samples]) + extra)


def series_v2(references: list[int], *samples: bytes, extra: bytes = b"") -> bytes:
    return inside(5, inside(1, b"".join(map(varint, references))) + b"".join(inside(2, s) for s in samples) + extra)


def symbols(*texts: str) -> bytes:
    return b"".join(inside(4, text.encode()) for text in texts)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[MetricStorage]:
    storage = MetricStorage(tmp_path)
    yield storage
    storage.close()


def stored(storage: MetricStorage, name: str = "a") -> dict[tuple[tuple[str, str], ...], list[tuple[int, float]]]:
    found = storage.series([Matcher("__name__", "=", name)], 0, NOW * 2)
    return {
        labels: list(zip(one.times.tolist(), one.values.tolist(), strict=True))
        for labels in found
        for one in [storage.series_of(labels)]
    }


def test_labels_samples_and_exemplars_are_read() -> None:
    exemplar = inside(3, inside(1, label("trace_id", "ab")) + double(2, struct.pack("<d", 0.5)) + b"\x18" + varint(NOW))
    body = series({"b": "x", "__name__": "a", "empty": ""}, sample(NOW, 1.5), sample(NOW + 1, 0.0), extra=exemplar)
    push = remote_write.decode_v1(body + series({"__name__": "c"}, sample(NOW, -math.inf)))
    labels = (("__name__", "a"), ("b", "x"))
    assert push.series == [labels, (("__name__", "c"),)]
    assert push.counts == [2, 1]
    assert push.times.tolist() == [NOW, NOW + 1, NOW]
    assert push.values.tolist() == [1.5, 0.0, -math.inf]
    assert [(e.series, e.labels, e.value, e.time) for e in push.exemplars] == [
        (labels, (("trace_id", "ab"),), 0.5, NOW)
    ]


@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2**42), st.binary(min_size=8, max_size=8)),
        max_size=20,
    )
)
def test_every_time_and_every_bit_of_a_value_survive(samples: list[tuple[int, bytes]]) -> None:
    push = remote_write.decode_v1(series({"__name__": "a"}, *(sample(time, bits) for time, bits in samples)))
    assert push.times.tolist() == [time for time, _ in samples]
    assert push.values.astype("<f8").tobytes() == b"".join(bits for _, bits in samples)


@given(st.binary(max_size=200))
def test_rubbish_is_refused_or_means_something_but_never_breaks(body: bytes) -> None:
    for decode in (remote_write.decode_v1, remote_write.decode_v2, remote_write.decompress):
        try:
            decode(body)
        except BadRequest:
            continue


def test_a_body_that_is_cut_off_is_refused() -> None:
    body = series({"__name__": "a"}, sample(NOW, 1.0))
    for end in range(1, len(body)):
        with pytest.raises(BadRequest, match="unexpected EOF"):
            remote_write.decode_v1(body[:end])


def test_a_small_body_that_unpacks_to_more_than_the_limit_is_refused_unread() -> None:
    bomb = bytes(cramjam.snappy.compress_raw(bytes(REMOTE_WRITE_BYTES + 1)))
    assert len(bomb) < REMOTE_WRITE_BYTES // 10
    with pytest.raises(BadRequest, match="decoded size exceeds the 33554432 bytes limit"):
        remote_write.decompress(bomb)
    with pytest.raises(BadRequest, match="snappy: corrupt input"):
        remote_write.decompress(varint(REMOTE_WRITE_BYTES) + b"\x00")


@pytest.mark.parametrize(
    "content", [b"\x0a\x00" * 200_001, inside(1, inside(1, label("__name__", "a")) + b"\x1a\x00" * 200_001)]
)
def test_a_body_of_nothing_but_empty_parts_is_refused(content: bytes) -> None:
    with pytest.raises(BadRequest, match="more than 200000"):
        remote_write.decode_v1(content)


def test_version_2_is_bounded_as_well() -> None:
    with pytest.raises(BadRequest, match="more than 200000 series in one request"):
        remote_write.decode_v2(b"\x2a\x00" * 200_001)
    push = remote_write.decode_v2(symbols("") + series_v2([0] * 1_000_000, sample(NOW, 1.0)))
    assert push.errors == ["500000 labels on one series, the limit is 64"]


@pytest.mark.parametrize(
    "labels",
    [
        inside(1, label("b", "x")),
        inside(1, label("__name__", "")),
        inside(1, label("__name__", "a")) + inside(1, label("", "x")),
        inside(1, label("__name__", "a")) + inside(1, label("b", "1")) + inside(1, label("b", "2")),
        inside(1, label("__name__", "a")) + inside(1, label("b", b"\xff")),
        inside(1, label(b"\xff", "b")) + inside(1, label("__name__", "a")),
        inside(1, label("__name__", "a")) + inside(1, label("b", "x" * 5000)),
        b"".join(inside(1, label(f"l{number}", "x")) for number in range(70)) + inside(1, label("__name__", "a")),
    ],
)
def test_version_1_leaves_series_with_invalid_labels_out_and_takes_the_others(
    storage: MetricStorage, labels: bytes
) -> None:
    bad = inside(1, labels + inside(2, sample(NOW, 1.0)) + inside(2, sample(NOW + 1, 1.0)))
    push = remote_write.decode_v1(bad + series({"__name__": "a", "good": "yes"}, sample(NOW, 2.0)))
    assert push.invalid_samples == 2
    assert take_whole(storage, push, 100).errors == []
    assert stored(storage) == {(("__name__", "a"), ("good", "yes")): [(NOW, 2.0)]}


@pytest.mark.parametrize(
    ("late", "message"),
    [
        (sample(NOW - 1, 1.0), "out of order sample"),
        (
            sample(NOW, 1_234_567.0),
            f"duplicate sample for timestamp {NOW}; overrides not allowed: existing 2, new value 1.234567e+06",
        ),
        (sample(2**60, 1.0), "out of bounds: timestamp is too far in the future"),
        (sample(-5, 1.0), "out of bounds"),
    ],
)
def test_version_1_takes_nothing_of_a_push_with_a_sample_out_of_order(
    storage: MetricStorage, late: bytes, message: str
) -> None:
    take_whole(storage, remote_write.decode_v1(series({"__name__": "a"}, sample(NOW, 2.0))), 100)
    push = remote_write.decode_v1(
        series({"__name__": "a", "b": "new"}, sample(NOW, 1.0)) + series({"__name__": "a"}, late)
    )
    with pytest.raises(BadRequest) as caught:
        take_whole(storage, push, 100)
    assert str(caught.value) == message
    assert {labels: samples for labels, samples in stored(storage).items() if samples} == {
        (("__name__", "a"),): [(NOW, 2.0)]
    }


def test_the_same_sample_twice_is_no_fault_and_disorder_within_a_push_neither(storage: MetricStorage) -> None:
    body = series({"__name__": "a"}, sample(NOW, 2.0), sample(NOW + 10, 3.0), sample(NOW + 5, 4.0))
    take_whole(storage, remote_write.decode_v1(body), 100)
    take_whole(storage, remote_write.decode_v1(series({"__name__": "a"}, sample(NOW + 10, 3.0))), 100)
    assert stored(storage) == {(("__name__", "a"),): [(NOW, 2.0), (NOW + 10, 3.0)]}


def test_a_staleness_marker_is_stored_bit_for_bit(storage: MetricStorage) -> None:
    marker = struct.pack("<Q", STALE_BITS)
    take_whole(storage, remote_write.decode_v1(series({"__name__": "a"}, sample(NOW, 1.0), sample(NOW + 1, marker))), 9)
    found = storage.series_of((("__name__", "a"),))
    assert found.values.tobytes()[8:] == marker


def test_native_histograms_are_refused_by_name_and_other_samples_kept(storage: MetricStorage) -> None:
    body = series({"__name__": "h"}, extra=inside(4, b"\x08\x01")) + series({"__name__": "a"}, sample(NOW, 1.0))
    assert take_whole(storage, remote_write.decode_v1(body), 100).errors == [NO_NATIVE_HISTOGRAMS]
    assert stored(storage) == {(("__name__", "a"),): [(NOW, 1.0)]}


def test_version_2_takes_what_is_right_and_says_what_is_wrong(storage: MetricStorage) -> None:
    texts = symbols("", "__name__", "a", "b", "x", "trace_id", "ab")
    exemplar = inside(4, inside(1, b"\x05\x06") + double(2, struct.pack("<d", 0.5)) + b"\x18" + varint(NOW))
    push = remote_write.decode_v2(
        texts
        + series_v2([1, 2, 3, 4], sample(NOW, 1.0), sample(NOW + 1, 2.0) + b"\x18\x01", extra=exemplar)
        + series_v2([1, 2], sample(NOW, 3.0), sample(-1, 1.0))
        + series_v2([1, 2, 3], sample(NOW, 1.0))
        + series_v2([1, 99], sample(NOW, 1.0))
        + series_v2([3, 4], sample(NOW, 1.0))
        + series_v2([1, 2, 3, 4, 3, 4], sample(NOW, 1.0))
        + series_v2([1, 2])
        + series_v2([1, 2], sample(NOW, 1.0), extra=inside(5, b"\x18\x09"))
        + series_v2([1, 2, 3, 4], extra=inside(3, b"\x08\x01"))
    )
    taken = take_parts(storage, push, 100)
    assert (taken.samples, taken.exemplars) == (3, 1)
    assert taken.errors == [
        "parsing labels for series [1 2 3]: invalid labelRefs length 3",
        "parsing labels for series [1 99]: labelRefs 1 (name) = 99 (value) outside of symbols table (size 7)",
        'invalid metric name or labels, got {b="x"}',
        'invalid labels for series, labels {__name__="a", b="x", b="x"}, duplicated label b',
        'TimeSeries must contain at least one sample or histogram for series {__name__="a"}',
        "parsing metadata for series [1 2]: metadata help_ref 9 outside of symbols table (size 7)",
        'out of bounds for series {__name__="a"}',
        'native histograms are disabled for series {__name__="a", b="x"}',
    ]
    assert stored(storage) == {
        (("__name__", "a"), ("b", "x")): [(NOW, 1.0), (NOW + 1, 2.0)],
        (("__name__", "a"),): [(NOW, 3.0)],
    }
    exemplars = storage.exemplars([Matcher("__name__", "=", "a")], 0, NOW * 2)
    assert [(labels, [(e.labels, e.value, e.time) for e in found]) for labels, found in exemplars] == [
        ({"__name__": "a", "b": "x"}, [({"trace_id": "ab"}, 0.5, NOW)])
    ]


def test_version_2_takes_exemplars_that_come_without_samples(storage: MetricStorage) -> None:
    texts = symbols("", "__name__", "a", "trace_id", "ab")
    exemplar = inside(4, inside(1, b"\x03\x04") + double(2, struct.pack("<d", 0.5)) + b"\x18" + varint(NOW))
    push = remote_write.decode_v2(texts + series_v2([1, 2], sample(NOW, 1.0)) + series_v2([1, 2], extra=exemplar))
    taken = take_parts(storage, push, 100)
    assert (taken.samples, taken.exemplars, taken.errors) == (1, 1, [])


def test_a_long_past_can_be_loaded_and_read(storage: MetricStorage) -> None:
    times = [1_000_000_000_000 + 15_000 * number for number in range(5_000)]
    body = series({"__name__": "a"}, *(sample(time, float(number)) for number, time in enumerate(times)))
    assert take_whole(storage, remote_write.decode_v1(body), len(body)).samples == 5_000
    selection = storage.select([Matcher("__name__", "=", "a")], times[0], times[-1], Deadline())
    assert len(selection.times) == 5_000
