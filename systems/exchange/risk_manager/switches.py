"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

from flask import Flask

from feature_flags import FeatureFlags, Value
from observability import Telemetry, switches
from systems.exchange.risk_manager.scenarios import Scenarios


def follow_flags(flags: FeatureFlags, app: Flask, telemetry: Telemetry, *, scenarios: Scenarios) -> None:
    """Let the service's parts follow their flags from now on."""

    def play_scenarios(value: Value) -> None:
        scenarios.computing_seconds = float(value.get("computing_seconds", 0.015)) if value else 0.0

    switches.follow_flags(flags, telemetry, app)
    flags.on_change("loss-scenarios", play_scenarios)
