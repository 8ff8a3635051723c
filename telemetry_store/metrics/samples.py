"""Samples in arrays, and the staleness marker among them."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

#: The NaN by which Prometheus says "this series ends here", told from an ordinary NaN by its bits.
STALE_BITS = 0x7FF0000000000002
STALE: float = struct.unpack("<d", struct.pack("<Q", STALE_BITS))[0]


def is_stale(values: Values) -> npt.NDArray[np.bool_]:
    """Which values are staleness markers."""
    marks: npt.NDArray[np.bool_] = values.view(np.int64) == STALE_BITS
    return marks
