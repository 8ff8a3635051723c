"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

from typing import Any

from flask import Flask

from backend_service.cache import TtlLruCache
from backend_service.catalog import Catalog
from backend_service.compaction import CompactingCache
from backend_service.forecast import DemandForecast
from backend_service.journal import Journal
from backend_service.membership import TERMS, Memberships
from backend_service.offers import Offers
from backend_service.pricing import BUNDLES, RULES, PriceList, bundle_rule
from feature_flags import FeatureFlags, Value
from observability import Telemetry, switches
from observability.http_client import ServiceClient


def follow_flags(
    flags: FeatureFlags,
    app: Flask,
    telemetry: Telemetry,
    *,
    cache: TtlLruCache[Any],
    catalog: Catalog,
    database: ServiceClient,
    prices: PriceList,
    memberships: Memberships,
    journal: Journal,
    offers: Offers,
    workers: int,
) -> None:
    """Let the service's parts follow their flags from now on. What one machine bears is shared by the `workers`."""
    forecast = DemandForecast()
    usual_policy = database.policy
    usual_version = telemetry.version

    def connect_cache(value: Value) -> None:
        if value:
            cache.disconnect()
        else:
            cache.reconnect()

    def expire_together(value: Value) -> None:
        catalog.reloads_expired = bool(value)
        cache.expire_in_rounds(float(value.get("round_seconds", 10)) if value else None)

    def compact_records(value: Value) -> None:
        before = catalog.cache
        catalog.cache = CompactingCache(cache, product_id=int(value.get("product", 0))) if value else cache
        if isinstance(before, CompactingCache):
            before.end()

    def price_bundles(value: Value) -> None:
        without = value.get("category", "garden")
        bundles = {category: pieces for category, pieces in BUNDLES.items() if category != without}
        prices.rules = (*RULES, bundle_rule(bundles)) if value else RULES

    def offer_memberships(value: Value) -> None:
        membership = value.get("membership", "silver")
        memberships.terms = {**TERMS, membership: f"{TERMS[membership]}; credit 2,5%"} if value else {}

    def keep_journal(value: Value) -> None:
        if value:
            journal.open(
                page_kilobytes=int(value.get("page_kilobytes", 512)),
                limit_megabytes=float(value.get("limit_megabytes", 200)) / workers,
            )
        else:
            journal.close()

    def forecast_demand(value: Value) -> None:
        if value:
            forecast.start(float(value.get("share", 0.8)) / workers)
        else:
            forecast.stop()

    def insist(value: Value) -> None:
        database.policy = (
            usual_policy.insisting(
                timeout_seconds=float(value.get("timeout_seconds", 0.15)),
                attempts=int(value.get("attempts", 4)),
                backoff_seconds=0.02,
            )
            if value
            else usual_policy
        )

    def release(value: Value) -> None:
        # The next version recommends quantities. That is what is new in it.
        offers.largest_quantity = int(value.get("largest_quantity", 120)) if value else 0
        telemetry.release(value.get("version", "1.1.0") if value else usual_version)

    switches.follow_flags(flags, telemetry, app, [database])
    flags.on_change("backend-release", release)
    flags.on_change("cache-store", connect_cache)
    flags.on_change("cache-rounds", expire_together)
    flags.on_change("compact-records", compact_records)
    flags.on_change("bundle-prices", price_bundles)
    flags.on_change("membership-terms", offer_memberships)
    flags.on_change("answer-journal", keep_journal)
    flags.on_change("demand-plan", forecast_demand)
    flags.on_change("storage-tier", insist)
