"""Samples packed into chunks come back as they were, whatever they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.metrics.chunks import Run, pack, unpack
from telemetry_store.metrics.samples import STALE

VALUE = st.one_of(
    st.integers(-(2**60), 2**60).map(float), st.integers(0, 300).map(float), st.floats(width=64), st.just(STALE)
)
SAMPLES = st.lists(st.tuples(st.integers(1, 10**7), VALUE), max_size=20)


@given(st.lists(SAMPLES, max_size=6), st.integers(-(10**12), 10**13), st.booleans())
def test_packed_samples_come_back_bit_by_bit(
    series: list[list[tuple[int, float]]], first: int, same_clock: bool
) -> None:
    runs = []
    for number, samples in enumerate(series):
        steps = [1 if same_clock else step for step, _ in samples]
        times = first + np.cumsum(np.array(steps, dtype=np.int64))
        runs.append(Run(number, times, np.array([value for _, value in samples])))
    given_runs = [run for run in runs if len(run.times)]

    found = {}
    for chunk in pack(runs):
        counts, times, values = unpack(chunk.content)
        ends = np.cumsum(counts)
        for id_, end, count in zip(chunk.series.tolist(), ends.tolist(), counts.tolist(), strict=True):
            found[id_] = (times[end - count : end].tolist(), values[end - count : end].view(np.int64).tolist())
        assert (chunk.first, chunk.last) == (min(times), max(times))

    assert found == {run.series: (run.times.tolist(), run.values.view(np.int64).tolist()) for run in given_runs}


def test_many_series_are_spread_over_chunks() -> None:
    clock = np.arange(3, dtype=np.int64)
    runs = [Run(number, clock, np.full(3, number / 3)) for number in range(300)]
    chunks = list(pack(runs))
    assert len(chunks) > 1
    assert [id_ for chunk in chunks for id_ in chunk.series.tolist()] == list(range(300))
