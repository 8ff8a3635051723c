"""One series in memory: what storage appends to and selection reads from."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from .exposition import Labels

#: Earlier, and later, than any sample: the bounds of a series that has none.
NEVER = -(2**63)
ALWAYS = 2**63 - 1


@dataclass(eq=False, slots=True)
class Series:
    """One series. Arrays hold unix milliseconds and values; `packed` of them are in chunks already."""

    #: 0 once the store has forgotten the series.
    id: int
    labels: Labels
    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    packed: int = 0
    #: No sample is older than this. After a restart it may be a little before the oldest.
    first_time: int = ALWAYS
    last_time: int = NEVER
    #: Whether chunks hold samples that memory does not.
    has_older: bool = False
    #: Whether the database knows the series.
    stored: bool = False

    @property
    def metric(self) -> str:
        """The metric's name; empty where the series has none."""
        return next((value for name, value in self.labels if name == "__name__"), "")
