"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

from flask import Flask

from feature_flags import FeatureFlags, Value
from observability import Telemetry, switches
from systems.exchange.instruments import SYMBOLS
from systems.exchange.market_data_service.feed import Feed


def follow_flags(flags: FeatureFlags, app: Flask, telemetry: Telemetry, *, feed: Feed) -> None:
    """Let the service's parts follow their flags from now on."""

    def leave_out(value: Value) -> None:
        feed.leave_out(value.get("symbol", SYMBOLS[0]) if value else None)

    switches.follow_flags(flags, telemetry, app)
    flags.on_change("feed-filter", leave_out)
