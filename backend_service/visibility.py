"""How visible this service is while it runs: which flag changes what of its telemetry."""

from __future__ import annotations

from backend_service.offers import Offers
from feature_flags import FeatureFlags, Value
from observability import Telemetry
from observability.http_client import ServiceClient
from observability.operations import OperationalEndpoints
from observability.request_metrics import RequestMetrics

SERVICE = "backend"


def follow_flags(
    flags: FeatureFlags,
    telemetry: Telemetry,
    operations: OperationalEndpoints,
    request_metrics: RequestMetrics,
    database: ServiceClient,
    offers: Offers,
) -> None:
    """Let flags change this service's telemetry from now on. A flag that names another service leaves it alone."""

    def set_clock(value: Value) -> None:
        telemetry.clock.shift(value.get("seconds", 15.0) if _concerns_us(value, "database") else 0.0)

    def set_sampling(value: Value) -> None:
        telemetry.sample(value.get("share", 0.05) if _concerns_us(value, "backend") else 1.0)

    def set_correlation(value: Value) -> None:
        telemetry.logger.correlated = not _concerns_us(value, "backend")

    def set_status_lines(value: Value) -> None:
        if _concerns_us(value, "backend"):
            telemetry.status_lines.every(1 / value.get("lines_per_second", 200))
        else:
            telemetry.status_lines.stop()

    def set_metrics_endpoint(value: Value) -> None:
        operations.metrics_available = not _concerns_us(value, "backend")

    def set_endpoint_labels(value: Value) -> None:
        request_metrics.label_paths(value.get("paths", 300) if _concerns_us(value, "frontend") else 0)

    def set_propagation(value: Value) -> None:
        database.propagation = not _concerns_us(value, "frontend")

    version_at_start = telemetry.version

    def set_release(value: Value) -> None:
        # The next version recommends quantities. That is what is new in it.
        offers.largest_quantity = value.get("largest_quantity", 120) if value else 0
        telemetry.release(value.get("version", "1.1.0") if value else version_at_start)

    flags.on_change("backend-release", set_release)
    flags.on_change("clock-offset", set_clock)
    flags.on_change("trace-sampling", set_sampling)
    flags.on_change("log-correlation", set_correlation)
    flags.on_change("status-lines", set_status_lines)
    flags.on_change("metrics-endpoint", set_metrics_endpoint)
    flags.on_change("endpoint-labels", set_endpoint_labels)
    flags.on_change("trace-context", set_propagation)


def _concerns_us(value: Value, otherwise: str) -> bool:
    """Whether the flag is on, and for this service; `otherwise` is the one that a flag means that names none."""
    return bool(value) and value.get("service", otherwise) == SERVICE
