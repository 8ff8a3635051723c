"""What the gateway counts beside its requests."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class GatewayMetrics:
    """Created in `registry`, once a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rate_limited_total = Counter(
            "exchange_rate_limited_total",
            "Requests that were refused because there had been too many; by what is counted.",
            ["scope"],
            registry=registry,
        )
        for scope in ("user", "address", "credentials", "account"):
            self.rate_limited_total.labels(scope)
