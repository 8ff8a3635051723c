"""Which flag changes what in this service. What it does then is in the module of the part it changes."""

from __future__ import annotations

import operator

from flask import Flask

from feature_flags import FeatureFlags, Value
from observability import Telemetry, switches
from systems.exchange.events import Consumer
from systems.exchange.matching_engine.engine import MatchingEngine


def follow_flags(
    flags: FeatureFlags, app: Flask, telemetry: Telemetry, *, engine: MatchingEngine, consumer: Consumer
) -> None:
    """Let the service's parts follow their flags from now on."""

    def group_accounts(value: Value) -> None:
        groups = int(value.get("groups", 1)) if value else 0
        engine.books.tell_owners_by((lambda one, other: one % groups == other % groups) if groups else operator.eq)

    def verify_books(value: Value) -> None:
        engine.verifies_books = bool(value)

    def follow_generation(value: Value) -> None:
        consumer.follow(str(value.get("generation", ":v2")) if value else "")

    switches.follow_flags(flags, telemetry, app)
    flags.on_change("account-groups", group_accounts)
    flags.on_change("book-verification", verify_books)
    flags.on_change("order-stream", follow_generation)
