"""What an order could lose at the worst: many ways that the price may go, played through."""

from __future__ import annotations

import random
import time

from observability import Telemetry
from systems.exchange.risk_manager.rules import OrderToCheck

#: Steps of the price on each way, and how far each may lead.
_STEPS = 250
_STEP_SHARE = 0.002


class Scenarios:
    """Plays as many ways through for each order as `computing_seconds` of a processor allow; 0: none.

    Of a processor, not of the clock: on a machine with much else to do a check takes longer, and no check is work that
    a slower machine has more of.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self.computing_seconds = 0.0

    def largest_loss_cents(self, order: OrderToCheck) -> int:
        """Of all that were played through, at least one. The same order has the same ones in the same order."""
        with self._telemetry.span("simulate_losses") as span:
            end = time.thread_time() + self.computing_seconds
            chance = random.Random(f"{order.symbol} {order.price_cents}")
            worst = self._end_of_way(chance)
            played = 1
            while time.thread_time() < end:
                worst = min(worst, self._end_of_way(chance))
                played += 1
            span.set_attribute("exchange.scenarios", played)
            share = max(0.0, 1 - worst) if order.side == "buy" else max(0.0, worst - 1)
            return round(order.quantity * order.price_cents * share)

    def _end_of_way(self, chance: random.Random) -> float:
        value = 1.0
        for _ in range(_STEPS):
            value *= 1 + chance.uniform(-_STEP_SHARE, _STEP_SHARE)
        return value
