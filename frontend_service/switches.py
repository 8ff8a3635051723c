"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

from flask import Flask

from feature_flags import FeatureFlags, Value
from frontend_service.crowds import Crowds
from observability import Telemetry, switches
from observability.http_client import ServiceClient

#: No database of the shop has come so far.
_FIRST_UNKNOWN_USER = 20_000_000


def follow_flags(
    flags: FeatureFlags, app: Flask, telemetry: Telemetry, *, crowds: Crowds, backend: ServiceClient
) -> None:
    """Let the service's parts follow their flags from now on."""

    def set_arrivals(value: Value) -> None:
        crowds.multiply(value.get("factor", 6.0) if value else 1.0)

    def set_reader(value: Value) -> None:
        rate = value.get("requests_per_second", 10.0) if value else 0.0
        crowds.read_users(rate, value.get("first_user_id", _FIRST_UNKNOWN_USER))

    switches.follow_flags(flags, telemetry, app, [backend])
    flags.on_change("visitor-arrivals", set_arrivals)
    flags.on_change("catalogue-reader", set_reader)
