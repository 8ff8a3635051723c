"""Which dashboards there are, and which of them lead to which: the map that a reader walks."""

from __future__ import annotations

from dataclasses import dataclass

#: On every dashboard, so that a drop-down of each leads to all others.
COMMON_TAG = "glasshouse"


@dataclass(frozen=True)
class Entry:
    """One dashboard. `neighbours` are the uids that stand as links at its top, in this order."""

    title: str
    tag: str
    neighbours: tuple[str, ...]


DIRECTORY: dict[str, Entry] = {
    "chain-overview": Entry(
        "Chain: overview", "chain", ("chain-frontend", "chain-backend", "chain-database", "chain-slo", "chain-traces")
    ),
    "chain-frontend": Entry(
        "Chain: frontend", "chain", ("chain-overview", "chain-backend", "chain-traces", "chain-logs")
    ),
    "chain-backend": Entry(
        "Chain: backend", "chain", ("chain-overview", "chain-frontend", "chain-database", "chain-traces", "chain-logs")
    ),
    "chain-database": Entry(
        "Chain: database",
        "chain",
        ("chain-overview", "chain-backend", "chain-database-internals", "chain-traces", "chain-logs"),
    ),
    "chain-database-internals": Entry(
        "Chain: database internals", "chain", ("chain-overview", "chain-database", "chain-backend", "chain-traces")
    ),
    "chain-logs": Entry("Chain: logs", "chain", ("chain-overview", "chain-traces", "telemetry-health")),
    "chain-traces": Entry("Chain: traces and service map", "chain", ("chain-overview", "chain-logs", "chain-slo")),
    "chain-slo": Entry(
        "Chain: SLOs and error budget", "chain", ("chain-overview", "chain-frontend", "chain-traces", "loadtest")
    ),
    "exchange-overview": Entry(
        "Exchange: overview",
        "exchange",
        (
            "exchange-orders",
            "exchange-wallets",
            "exchange-engine",
            "exchange-events",
            "exchange-slo",
            "telemetry-health",
        ),
    ),
    "exchange-orders": Entry(
        "Exchange: orders", "exchange", ("exchange-overview", "exchange-wallets", "exchange-engine", "exchange-events")
    ),
    "exchange-wallets": Entry(
        "Exchange: wallets and database", "exchange", ("exchange-overview", "exchange-orders", "exchange-engine")
    ),
    "exchange-engine": Entry(
        "Exchange: matching engine and market", "exchange", ("exchange-overview", "exchange-orders", "exchange-events")
    ),
    "exchange-events": Entry(
        "Exchange: events", "exchange", ("exchange-overview", "exchange-orders", "exchange-engine")
    ),
    "exchange-slo": Entry(
        "Exchange: SLOs and error budget", "exchange", ("exchange-overview", "exchange-orders", "loadtest")
    ),
    "loadtest": Entry(
        "Lab: load test",
        "lab",
        ("chain-overview", "exchange-overview", "chain-slo", "exchange-slo", "telemetry-health"),
    ),
    "telemetry-health": Entry(
        "Lab: telemetry health", "lab", ("chain-overview", "chain-logs", "chain-traces", "exchange-overview")
    ),
}
