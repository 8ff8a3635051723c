"""Which samples of a selection lie in the range of each instant, and how functions go over them.

One pass per selector: positions are found with one search per distinct run of timestamps (series of one target share
it), then every function works on arrays of series by instants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...deadline import Deadline
from ...vectors import Flags, Floats
from ..samples import Times, Values
from ..selection import Selection

Places = npt.NDArray[np.int64]

#: Up to so many edges are found by looking at all samples rather than by searching in each series.
_FEW_EDGES = 4

#: Samples of each range between two looks at the deadline.
_LOOKS = 32

#: Ranges that are worked on together: as many as fit the processor's cache with a few arrays of them.
_BLOCK = 1 << 15


@dataclass(frozen=True)
class Windows:
    """Ranges of some series (rows) at all instants (columns): samples number first, … after - 1 of flat arrays."""

    times: Times
    values: Values
    first: Places
    after: Places
    #: The instants of the evaluation, and each one's end of range (they differ by offset and @). Unix milliseconds.
    instants: Times
    ends: Times
    range_milliseconds: int
    deadline: Deadline

    @property
    def count(self) -> Places:
        """How many samples each range has."""
        return self.after - self.first

    def at(self, places: Places) -> Values:
        """The values there. Ranges without samples may point past the end."""
        return self.values.take(places, mode="clip")

    def times_at(self, places: Places) -> Times:
        """The times there."""
        return self.times.take(places, mode="clip")

    def each(self) -> Iterator[tuple[Places, Values, Flags]]:
        """Goes through all ranges side by side, first samples first: (places, values, which ranges have so many)."""
        count = self.count
        for number in range(int(count.max(initial=0))):
            if number % _LOOKS == 0:
                self.deadline.check()
            places = self.first + number
            yield places, self.at(places), count > number


#: (windows) -> values and whether there is one, series by instants.
RangeFunction = Callable[[Windows], tuple[Floats, Flags]]


def _positions(selection: Selection, edges: Times, side: str) -> Iterator[Places]:
    """Per series, where each edge stands among all samples; series of the same timestamps are searched once."""
    known: dict[tuple[int, int, int], tuple[Times, Places]] = {}
    bounds = selection.starts.tolist()
    for start, end in pairwise(bounds):
        clock = selection.times[start:end]
        key = (end - start, int(clock[0]), int(clock[-1])) if end > start else (0, 0, 0)
        found = known.get(key)
        if found is None or not np.array_equal(found[0], clock):
            found = known[key] = (clock, np.searchsorted(clock, edges, side="left" if side == "left" else "right"))
        yield found[1] + start


def positions(selection: Selection, edges: Times, side: str) -> Places:
    """`numpy.searchsorted` of the edges in each series: series by edges, as numbers of samples in the flat arrays."""
    rows = np.empty((len(selection.labels), len(edges)), dtype=np.int64)
    if len(edges) <= _FEW_EDGES:
        # Counted in one go over all samples; an instant query has one edge.
        for number, edge in enumerate(edges.tolist()):
            earlier = selection.times < edge if side == "left" else selection.times <= edge
            before = np.concatenate(([0], np.cumsum(earlier)))
            starts = selection.starts[:-1]
            rows[:, number] = starts + before[selection.starts[1:]] - before[starts]
        return rows
    for number, row in enumerate(_positions(selection, edges, side)):
        rows[number] = row
    return rows


def apply(
    function: RangeFunction,
    selection: Selection,
    instants: Times,
    ends: Times,
    range_milliseconds: int,
    deadline: Deadline,
) -> tuple[Floats, Flags]:
    """The function's values over every range [end - range, end], series by instants. The selection has no markers."""
    if not len(selection.times):
        shape = (len(selection.labels), len(instants))
        return np.zeros(shape), np.zeros(shape, dtype=bool)
    first = positions(selection, ends - range_milliseconds, "left")
    after = positions(selection, ends, "right")
    values, present = np.empty(first.shape), np.empty(first.shape, dtype=bool)
    step = max(1, _BLOCK // max(len(instants), 1))
    for row in range(0, len(first), step):
        deadline.check()
        block = slice(row, row + step)
        windows = Windows(
            selection.times, selection.values, first[block], after[block], instants, ends, range_milliseconds, deadline
        )
        values[block], present[block] = function(windows)
    return values, present
