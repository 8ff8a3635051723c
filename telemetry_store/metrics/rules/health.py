"""How a rule does: its last evaluation, for the API and for own metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Health:
    """`status` is `unknown` until the first evaluation, then `ok` or `err`."""

    status: str = "unknown"
    last_error: str = ""
    #: Unix nanoseconds, 0 before the first evaluation.
    evaluated_at: int = 0
    duration_seconds: float = 0.0

    def succeeded(self) -> None:
        """Notes that the evaluation went well."""
        self.status, self.last_error = "ok", ""

    def failed(self, error: object) -> None:
        """Notes why it did not."""
        self.status, self.last_error = "err", str(error)
