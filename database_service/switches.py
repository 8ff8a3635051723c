"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

from flask import Flask

from database_service.database import Database
from database_service.engine import Engine
from database_service.latency import LatencyModel
from database_service.maintenance import OrderTotals
from database_service.schema import TABLES
from feature_flags import FeatureFlags, Value
from observability import Telemetry, switches


def follow_flags(
    flags: FeatureFlags,
    app: Flask,
    telemetry: Telemetry,
    *,
    engine: Engine,
    database: Database,
    latency: LatencyModel,
) -> None:
    """Let the service's parts follow their flags from now on."""
    order_totals = OrderTotals(database, telemetry)

    def keep_indexes(value: Value) -> None:
        for table in TABLES.values():
            if value and table.name == value.get("table", "inventory"):
                engine.drop_indexes(table)
            else:
                engine.create_indexes(table)

    def keep_sessions(value: Value) -> None:
        database.sessions.keep(float(value.get("share", 0.25)) if value else 0.0)

    def update_order_totals(value: Value) -> None:
        if value:
            order_totals.start(
                orders_per_transaction=int(value.get("orders", 4_000)),
                pause_seconds=float(value.get("pause_seconds", 0.15)),
            )
        else:
            order_totals.stop()

    def page_inventory(value: Value) -> None:
        database.inventory_page_rows = int(value.get("rows", 1)) if value else None

    def slow_storage(value: Value) -> None:
        latency.burden(float(value.get("factor", 40)) if value else 1.0)

    switches.follow_flags(flags, telemetry, app)
    flags.on_change("inventory-index", keep_indexes)
    flags.on_change("session-review", keep_sessions)
    flags.on_change("maintenance-job", update_order_totals)
    flags.on_change("inventory-pages", page_inventory)
    flags.on_change("storage-tier", slow_storage)
