"""The backend's routes, with their business logic in spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from flask import Flask, Response, g, request

from backend_service.catalog import Catalog, Finding
from backend_service.journal import Journal
from backend_service.membership import Memberships
from backend_service.metrics import BackendMetrics
from backend_service.offers import Offers
from backend_service.pricing import Price, PriceList, apply_rules
from backend_service.record_ids import parse_id
from observability import Telemetry
from observability.errors import RequestError
from observability.flask import request_seconds

SPAN_NAMES = {
    "/api/data": "backend_get_data",
    "/api/user/<id>": "backend_get_user",
    "/api/product/<id>": "backend_get_product",
}

MAX_QUANTITY = 1_000


def add_routes(
    app: Flask,
    catalog: Catalog,
    offers: Offers,
    metrics: BackendMetrics,
    telemetry: Telemetry,
    *,
    prices: PriceList,
    memberships: Memberships,
    journal: Journal,
) -> None:
    """Add the three routes, and the Server-Timing header that tells the tier above what happened here and below."""
    logger = telemetry.logger
    validation_seconds = metrics.processing_time_seconds.labels("validate_user_id")
    pricing_seconds = metrics.processing_time_seconds.labels("apply_pricing_rules")
    summary_seconds = metrics.processing_time_seconds.labels("summarize_orders")

    @app.after_request
    def add_server_timing(response: Response) -> Response:
        timings = [f"backend;dur={request_seconds() * 1000:.2f}"]
        finding: Finding | None = g.get("finding")
        if finding:
            timings.append(f'cache;desc="{finding.cache}"')
            if finding.server_timing:
                timings.append(finding.server_timing)
        response.headers["Server-Timing"] = ", ".join(timings)
        if journal.is_open:
            journal.note(request.path, response.get_data())
        return response

    @app.get("/api/data")
    def get_data() -> dict[str, Any]:
        logger.info("Processing data request")
        g.finding = finding = catalog.newest_orders()
        orders = finding.record()
        started = perf_counter()
        summary = _summarize(orders)
        telemetry.observe(summary_seconds, perf_counter() - started)
        logger.info("Data request completed", extra={"cache": finding.cache, "orders": len(orders)})
        return {"orders": orders, "summary": summary}

    @app.get("/api/user/<id>")
    def get_user(id: str) -> dict[str, Any]:
        shown = id[:20]
        logger.info("Processing user request for ID: %s", shown, extra={"user_id": shown})
        g.finding = finding = catalog.user(id, lambda: validate_user_id(id))
        user = finding.record()
        if memberships.terms:
            apply_membership(user)
        logger.info("User %s request completed", shown, extra={"user_id": shown, "cache": finding.cache})
        return {"user": user}

    def validate_user_id(id: str) -> int:
        started = perf_counter()
        with telemetry.span("validate_user_id") as span:
            user_id = parse_id("user", id)
            span.set_attribute("user.id", user_id)
        telemetry.observe(validation_seconds, perf_counter() - started)
        return user_id

    def apply_membership(user: dict[str, Any]) -> None:
        with telemetry.span("apply_membership", {"user.membership": user["membership"]}) as span:
            for name, worth in memberships.benefits(user["membership"]).items():
                span.set_attribute(f"membership.{name}", worth)

    @app.get("/api/product/<id>")
    def get_product(id: str) -> dict[str, Any]:
        shown = id[:20]
        logger.info("Processing product request for ID: %s", shown, extra={"product_id": shown})
        product_id = parse_id("product", id)
        quantity = _parse_quantity(request.args.getlist("quantity"))
        g.finding = finding = catalog.product(product_id)
        product = finding.record()
        price = apply_pricing_rules(product, quantity)
        logger.info(
            "Product %s request completed", product_id, extra={"product_id": product_id, "cache": finding.cache}
        )
        return {"product": product, "price": price.as_json()}

    def apply_pricing_rules(product: dict[str, Any], quantity: int) -> Price:
        started = perf_counter()
        with telemetry.span("apply_pricing_rules", {"product.id": product["id"], "quantity": quantity}) as span:
            price = apply_rules(product, quantity, prices.rules)
            span.set_attribute("pricing.rules", price.rules)
            span.set_attribute("pricing.discount_percent", price.discount_percent)
            recommended = offers.recommend(product)
            if recommended is not None:
                span.set_attribute("pricing.recommended_quantity", recommended)
        telemetry.observe(pricing_seconds, perf_counter() - started)
        logger.info(
            "Applied %s pricing rules to product %s",
            len(price.rules),
            product["id"],
            extra={"product_id": product["id"], "rules": price.rules, "discount_percent": price.discount_percent},
        )
        return price


def _parse_quantity(values: Sequence[str]) -> int:
    if not values:
        return 1
    text = values[0]
    if len(values) > 1 or not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_QUANTITY):
        raise RequestError(
            400,
            "invalid_quantity",
            f"quantity must be one whole number from 1 to {MAX_QUANTITY}",
            hint="try ?quantity=10",
        )
    return int(text)


def _summarize(orders: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count, total and states of some orders."""
    return {
        "count": len(orders),
        "total_cents": sum(order["total_cents"] for order in orders),
        "by_status": dict(Counter(order["status"] for order in orders)),
    }
