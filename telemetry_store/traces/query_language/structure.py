"""How the spans of a trace stand to each other: nested-set numbers, and the structural operators on them."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..columns import SpanBlock

Bools = NDArray[np.bool_]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

#: The parent's number of a root.
ROOT_PARENT = -1


class Tree:
    """The spans of a block as trees, one or more per trace.

    Nested-set numbers count from 1 in each trace, depth first: a descendant's interval lies within its ancestor's. They
    are 0 for a span from which no chain of parents leads to a root; such a span is related to no other, as in Tempo.
    """

    def __init__(self, block: SpanBlock) -> None:
        self.parent = block.parent
        count = len(self.parent)
        self.left: Int64s = np.zeros(count, np.int64)
        self.right: Int64s = np.zeros(count, np.int64)
        self.parent_left: Int64s = np.zeros(count, np.int64)
        self.levels: list[Int32s] = []
        self._number(block)

    @property
    def connected(self) -> Bools:
        """Whether a span belongs to a tree with a root."""
        return self.left > 0

    def _number(self, block: SpanBlock) -> None:
        roots = np.flatnonzero(~block.has_parent_id).astype(np.int32)
        children = np.flatnonzero(self.parent >= 0).astype(np.int32)
        order = children[np.argsort(self.parent[children], kind="stable")]
        parents = self.parent[order]
        # Level by level downwards; a cycle is never entered, for no root leads to it.
        level = roots
        while len(level):
            self.levels.append(level)
            first = np.searchsorted(parents, level, "left")
            last = np.searchsorted(parents, level, "right")
            lengths = last - first
            offsets = np.repeat(first - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
            level = order[offsets + np.arange(int(lengths.sum()))]
        sizes = np.zeros(len(self.parent), np.int64)
        for level in reversed(self.levels):
            sizes[level] += 1
            below = self.parent[level] >= 0
            np.add.at(sizes, self.parent[level[below]], sizes[level[below]])
        for depth, level in enumerate(self.levels):
            # Siblings stand together in a level: each begins where those before it end.
            group = block.trace[level] if depth == 0 else self.parent[level]
            before = _sums_before(2 * sizes[level], group)
            if depth == 0:
                self.left[level] = 1 + before
                self.parent_left[level] = ROOT_PARENT
            else:
                self.left[level] = self.left[group] + 1 + before
                self.parent_left[level] = self.left[group]
            self.right[level] = self.left[level] + 2 * sizes[level] - 1

    def has_ancestor_in(self, rows: Bools) -> Bools:
        """Which spans have an ancestor among the rows."""
        found = np.zeros(len(rows), np.bool_)
        for level in self.levels[1:]:
            above = self.parent[level]
            found[level] = rows[above] | found[above]
        return found

    def has_descendant_in(self, rows: Bools) -> Bools:
        """Which spans have a descendant among the rows."""
        found = np.zeros(len(rows), np.bool_)
        for level in reversed(self.levels[1:]):
            hit = level[rows[level] | found[level]]
            found[self.parent[hit]] = True
        return found

    def has_parent_in(self, rows: Bools) -> Bools:
        """Which spans have their parent among the rows."""
        return self.connected & (self.parent >= 0) & rows[self.parent]

    def has_child_in(self, rows: Bools) -> Bools:
        """Which spans have a child among the rows."""
        found = np.zeros(len(rows), np.bool_)
        hit = np.flatnonzero(rows & self.connected & (self.parent >= 0))
        found[self.parent[hit]] = True
        return found

    def has_sibling_in(self, rows: Bools, trace: Int32s) -> Bools:
        """Which spans have a sibling among the rows; the roots of one trace are siblings."""
        width = int(self.left.max(initial=0)) + 2
        family = trace.astype(np.int64) * width + self.parent_left + 1
        hit = np.flatnonzero(rows & self.connected)
        families, numbers = np.unique(np.concatenate((family, family[hit])), return_inverse=True)
        count = np.bincount(numbers[len(family) :], minlength=len(families))[numbers[: len(family)]]
        return self.connected & (count - (rows & self.connected) > 0)

    def related(self, operation: str, rows: Bools, trace: Int32s) -> Bools:
        """Which spans may stand right of an operator (`>` `>>` `<` `<<` `~`) that has the rows on its left."""
        match operation:
            case ">":
                return self.has_parent_in(rows)
            case ">>":
                return self.has_ancestor_in(rows)
            case "<":
                return self.has_child_in(rows)
            case "<<":
                return self.has_descendant_in(rows)
        return self.has_sibling_in(rows, trace)


_trees: WeakKeyDictionary[SpanBlock, Tree] = WeakKeyDictionary()


def tree_of(block: SpanBlock) -> Tree:
    """The block's tree, made once."""
    tree = _trees.get(block)
    if tree is None:
        tree = _trees[block] = Tree(block)
    return tree


def _sums_before(sizes: Int64s, group: Int32s) -> Int64s:
    """For each the sum of those before it in its group; a group's members stand together."""
    total = np.cumsum(sizes)
    begins = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    base = np.concatenate(([0], total))[begins]
    lengths = np.diff(np.append(begins, len(group)))
    before: Int64s = np.concatenate(([0], total[:-1])) - np.repeat(base, lengths)
    return before
