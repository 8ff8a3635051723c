"""What the user service counts; requests are counted by `systems.exchange.application`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

#: Seconds; a password hash is made to take tens of milliseconds, and waits where many come at once.
_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5)
#: success, refused (no such user, or not the password), busy (too many at once).
LOGIN_OUTCOMES = ("success", "refused", "busy")


class UserMetrics:
    """Created in `registry`, once a process. Every label value is there from the start, at zero."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.logins = Counter(
            "exchange_logins_total", "Logins, by what became of them.", ["outcome"], registry=registry
        )
        for outcome in LOGIN_OUTCOMES:
            self.logins.labels(outcome)
        self.registrations = Counter("exchange_registrations_total", "Users who signed up.", registry=registry)
        self.password_duration_seconds = Histogram(
            "exchange_password_duration_seconds",
            "Time that a password took, waiting included (hash, verify).",
            ["operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
