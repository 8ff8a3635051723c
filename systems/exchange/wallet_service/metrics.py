"""What the wallet service counts; requests are counted by `systems.exchange.application`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

#: blocked, refused (too little), released (in part or in full, because the order needs it no more), swept (there never
#: was an order).
HOLD_OUTCOMES = ("blocked", "refused", "released", "swept")
#: wallets: their transactions do not add up to them. holds: what is blocked is not what the orders' holds say.
CHECKS = ("wallets", "holds")


class WalletMetrics:
    """Created in `registry`, once a process. Every label value is there from the start, at zero."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.holds = Counter(
            "exchange_holds_total", "Holds of orders, by what was done with them.", ["outcome"], registry=registry
        )
        for outcome in HOLD_OUTCOMES:
            self.holds.labels(outcome)
        self.deposits = Counter("exchange_deposits_total", "Deposits of money or shares.", registry=registry)
        self.settlements = Counter("exchange_settlements_total", "Executions settled.", registry=registry)
        self.settled_cents = Counter(
            "exchange_settled_cents_total", "Money that executions have moved.", registry=registry
        )
        self.differences = Gauge(
            "exchange_ledger_differences",
            "Wallets that do not add up (wallets: with their transactions, holds: with what orders have blocked).",
            ["check"],
            multiprocess_mode="max",
            registry=registry,
        )
        for check in CHECKS:
            self.differences.labels(check)
