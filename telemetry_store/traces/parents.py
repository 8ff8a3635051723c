"""Which span is whose parent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_KIND_SERVER, _KIND_CLIENT = 2, 3


def parent_rows(
    trace: NDArray[np.int32], span_ids: NDArray[np.uint64], parent_ids: NDArray[np.uint64], kinds: NDArray[np.int_]
) -> NDArray[np.int32]:
    """The row of each span's parent within its trace, -1 where there is none.

    Where a client's and a server's span share one id, the kind of the child tells which is meant; of more than two with
    one id none is.
    """
    parents = np.full(len(span_ids), -1, np.int32)
    children = np.flatnonzero(parent_ids)
    if not len(children):
        return parents
    ids, dense = np.unique(np.concatenate((span_ids, parent_ids[children])), return_inverse=True)
    # Trace and id in one number: a parent is in the same trace.
    own = trace.astype(np.int64) * len(ids) + dense[: len(span_ids)]
    wanted = trace[children].astype(np.int64) * len(ids) + dense[len(span_ids) :]
    order = np.argsort(own, kind="stable")
    ordered = own[order]
    first = np.searchsorted(ordered, wanted, side="left")
    found = np.searchsorted(ordered, wanted, side="right") - first
    one = found == 1
    parents[children[one]] = order[first[one]]
    two = found == 2
    if two.any():
        child, at = children[two], first[two]
        kind_wanted = np.where(kinds[child] == _KIND_SERVER, _KIND_CLIENT, _KIND_SERVER)
        left, right = order[at], order[at + 1]
        parents[child] = np.where(kinds[left] == kind_wanted, left, np.where(kinds[right] == kind_wanted, right, -1))
    return parents
