"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask

from feature_flags import FeatureFlags, Value
from observability import Telemetry, switches
from observability.http_client import ServiceClient
from systems.exchange.order_manager.cancellation import Cancellation
from systems.exchange.order_manager.fill_prices import FillPrices


def follow_flags(
    flags: FeatureFlags,
    app: Flask,
    telemetry: Telemetry,
    clients: Iterable[ServiceClient],
    *,
    risk_manager: ServiceClient,
    cancellation: Cancellation,
    fill_prices: FillPrices,
) -> None:
    """Let the service's parts follow their flags from now on."""
    usual_policy = risk_manager.policy

    def look_up_prices(value: Value) -> None:
        fill_prices.batch = int(value.get("orders", 1)) if value else None

    def keep_holds(value: Value) -> None:
        cancellation.gives_back = not value

    def insist(value: Value) -> None:
        risk_manager.policy = (
            usual_policy.insisting(
                timeout_seconds=float(value.get("timeout_seconds", 0.008)),
                attempts=int(value.get("attempts", 3)),
                backoff_seconds=0.01,
            )
            if value
            else usual_policy
        )

    switches.follow_flags(flags, telemetry, app, clients)
    flags.on_change("fill-prices", look_up_prices)
    flags.on_change("hold-release", keep_holds)
    flags.on_change("loss-scenarios", insist)
