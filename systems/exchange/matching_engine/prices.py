"""The prices of one side of a book, best first."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

#: So few left-over prices are never worth a clean-up.
_KEPT_ANYWAY = 64


class Prices:
    """A set of prices that knows its best one: the lowest, or the highest with `descending`.

    A heap in which a price that was taken away stays until it comes to the top, or until there are more of those than
    of the others: adding and removing one is O(log n) in the long run, the best one is at hand.
    """

    def __init__(self, *, descending: bool) -> None:
        #: In the heap the best price is the smallest number.
        self._sign = -1 if descending else 1
        self._heap: list[int] = []
        self._in_heap: set[int] = set()
        self._present: set[int] = set()

    def __len__(self) -> int:
        return len(self._present)

    def add(self, price: int) -> None:
        """Does nothing for a price that is there."""
        self._present.add(price)
        if price not in self._in_heap:
            self._in_heap.add(price)
            heappush(self._heap, self._sign * price)

    def remove(self, price: int) -> None:
        """Raises KeyError for a price that is not there."""
        self._present.remove(price)
        if len(self._heap) > 2 * len(self._present) + _KEPT_ANYWAY:
            self._heap = [self._sign * present for present in self._present]
            heapify(self._heap)
            self._in_heap = set(self._present)

    def best(self) -> int | None:
        """The best price; None when there is none."""
        heap, present = self._heap, self._present
        while heap:
            price = self._sign * heap[0]
            if price in present:
                return price
            self._in_heap.remove(price)
            heappop(heap)
        return None

    def __iter__(self) -> Iterator[int]:
        """Best first. The first k take O(k log k), because nothing but their own part of the heap is looked at."""
        heap, present, sign = self._heap, self._present, self._sign
        if self.best() is None:
            return
        candidates = [(heap[0], 0)]
        while candidates:
            key, place = heappop(candidates)
            if sign * key in present:
                yield sign * key
            for child in (2 * place + 1, 2 * place + 2):
                if child < len(heap):
                    heappush(candidates, (heap[child], child))
