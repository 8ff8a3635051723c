"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

from flask import Flask

from feature_flags import FeatureFlags, Value
from observability import Telemetry, switches
from systems.exchange.events import Consumer
from systems.exchange.wallet_service.settlement import Settlement
from systems.exchange.wallet_service.snapshots import Snapshots


def follow_flags(
    flags: FeatureFlags,
    app: Flask,
    telemetry: Telemetry,
    *,
    consumer: Consumer,
    settlement: Settlement,
    snapshots: Snapshots,
) -> None:
    """Let the service's parts follow their flags from now on."""

    def set_lot_size(value: Value) -> None:
        settlement.lot_size = value.get("shares", 10) if value else 1

    def set_receipts(value: Value) -> None:
        consumer.acknowledges = not value

    def set_snapshots(value: Value) -> None:
        snapshots.keep(value.get("share", 0.5) if value else 0.0)

    switches.follow_flags(flags, telemetry, app)
    flags.on_change("settlement-lots", set_lot_size)
    flags.on_change("event-receipts", set_receipts)
    flags.on_change("balance-snapshots", set_snapshots)
