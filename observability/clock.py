"""The time that stands on spans and log lines: the machine's, or one that is set apart from it.

How long something took does not depend on it. With it a learner sees what a machine does to traces and logs whose
clock nobody keeps right.
"""

from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan

_NANOSECONDS = 1_000_000_000


class Clock:
    """The machine's clock and an offset to it. `offset_nanoseconds` is to be added to a time the machine told."""

    def __init__(self) -> None:
        self.offset_nanoseconds = 0

    def shift(self, seconds: float) -> None:
        """From now on be this much ahead of the machine's clock (behind it, when negative); 0: agree with it."""
        self.offset_nanoseconds = round(seconds * _NANOSECONDS)

    def restamp(self, span: ReadableSpan) -> None:
        """Put this clock's times on a span that has ended with the machine's."""
        offset = self.offset_nanoseconds
        # Whoever makes spans may tell their start (the Flask instrumentation does), so it is done here, at the end,
        # and both ends of a span agree about the clock.
        span._start_time = (span._start_time or 0) + offset
        span._end_time = (span._end_time or 0) + offset
        for event in span._events:
            event._timestamp += offset
