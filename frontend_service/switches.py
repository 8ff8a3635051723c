"""Which flag changes who comes. What flags change of the service's telemetry stands in `visibility.py`."""

from __future__ import annotations

from feature_flags import FeatureFlags, Value
from frontend_service.crowds import Crowds

#: No database of the shop has come so far.
_FIRST_UNKNOWN_USER = 20_000_000


def follow_flags(flags: FeatureFlags, crowds: Crowds) -> None:
    """Let flags change who comes from now on."""

    def set_arrivals(value: Value) -> None:
        crowds.multiply(value.get("factor", 6.0) if value else 1.0)

    def set_reader(value: Value) -> None:
        rate = value.get("requests_per_second", 10.0) if value else 0.0
        crowds.read_users(rate, value.get("first_user_id", _FIRST_UNKNOWN_USER))

    flags.on_change("visitor-arrivals", set_arrivals)
    flags.on_change("catalogue-reader", set_reader)
