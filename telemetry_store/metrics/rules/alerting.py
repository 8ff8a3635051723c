"""Alerting rules: what an expression gives becomes alerts, which wait, fire and resolve.

Instants are unix nanoseconds.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...refusals import Unprocessable
from ...times import NANOSECONDS
from .expressions import Sample
from .health import Health
from .rule_files import RuleSpec
from .templates import AlertTemplates, Outside

#: How long a resolved alert is remembered, and sent again, in case an Alertmanager missed it.
_RESOLVED_RETENTION = 15 * 60 * NANOSECONDS

#: What an alert is while it is active; the series `ALERTS` says it, and `ALERTS_FOR_STATE` says since when.
ALERTS, ALERTS_FOR_STATE = "ALERTS", "ALERTS_FOR_STATE"

_MILLISECOND = 1_000_000

Key = tuple[tuple[str, str], ...]


class State(enum.IntEnum):
    """How far an alert is, the worst last."""

    INACTIVE = 0
    PENDING = 1
    FIRING = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass
class Alert:
    """One alert of a rule. Instants that have not come are 0."""

    labels: dict[str, str]
    annotations: dict[str, str]
    value: float
    active_at: int
    state: State = State.PENDING
    fired_at: int = 0
    resolved_at: int = 0
    keep_firing_since: int = 0
    last_sent_at: int = 0
    #: Until when an Alertmanager shall believe it if nothing more comes.
    valid_until: int = 0

    def needs_sending(self, now: int, resend_delay: int) -> bool:
        """Whether Alertmanagers should hear of it now."""
        if self.state is State.PENDING:
            return False
        return self.resolved_at > self.last_sent_at or self.last_sent_at + resend_delay < now


class AlertingRule:
    """One alerting rule with its alerts."""

    def __init__(self, spec: RuleSpec, outside: Outside, restored: bool) -> None:
        self.spec = spec
        self.health = Health()
        #: Whether `ALERTS_FOR_STATE` of an earlier process has been read: before that it must not be overwritten.
        self.restored = restored
        self._templates = AlertTemplates(spec.alert, outside)
        self._lock = threading.Lock()
        self._alerts: dict[Key, Alert] = {}

    def evaluate(self, nanoseconds: int, outside: Outside, limit: int) -> list[Sample]:
        """Brings the alerts up to the instant; returns the samples to write. Raises Refusal, and changes nothing then,
        except that too many alerts are all forgotten."""
        found = self._find(nanoseconds, outside)
        with self._lock:
            for key, alert in found.items():
                known = self._alerts.get(key)
                if known is not None and known.state is not State.INACTIVE:
                    known.value, known.annotations = alert.value, alert.annotations
                else:
                    self._alerts[key] = alert
            active = [
                alert for key, alert in list(self._alerts.items()) if self._is_active(key, key in found, nanoseconds)
            ]
            for alert in active:
                if alert.state is State.PENDING and nanoseconds - alert.active_at >= self.spec.hold * _MILLISECOND:
                    alert.state, alert.fired_at = State.FIRING, nanoseconds
            if 0 < limit < len(active):
                self._alerts.clear()
                raise Unprocessable(f"exceeded limit of {limit} with {len(active)} alerts")
            if not self.restored:
                return []
            return [sample for alert in active for sample in self._samples(alert)]

    def _find(self, nanoseconds: int, outside: Outside) -> dict[Key, Alert]:
        """What the expression gives, as new alerts."""
        found: dict[Key, Alert] = {}
        milliseconds = nanoseconds // _MILLISECOND
        for labels, value in outside.evaluate(self.spec.expression, milliseconds):

            def expand(text: str, labels: dict[str, str] = labels, value: float = value) -> str:
                return self._templates.expand(text, labels, value, milliseconds)

            own = {name: text for name, text in labels.items() if name != "__name__"}
            own.update((name, expand(text)) for name, text in self.spec.labels)
            own["alertname"] = self.spec.alert
            own = {name: text for name, text in sorted(own.items()) if text}
            key = tuple(own.items())
            if key in found:
                raise Unprocessable("vector contains metrics with the same labelset after applying alert labels")
            annotations = {name: expand(text) for name, text in self.spec.annotations}
            found[key] = Alert(own, annotations, value, nanoseconds)
        return found

    def _is_active(self, key: Key, found: bool, now: int) -> bool:
        """Moves an alert on that the expression gave or did not give; whether it is pending or firing after that."""
        alert = self._alerts[key]
        if found:
            alert.keep_firing_since = 0
            return True
        keeps = False
        if alert.state is State.FIRING and self.spec.keep_firing:
            alert.keep_firing_since = alert.keep_firing_since or now
            keeps = now - alert.keep_firing_since < self.spec.keep_firing * _MILLISECOND
        if alert.state is State.PENDING or (alert.resolved_at and now - alert.resolved_at > _RESOLVED_RETENTION):
            del self._alerts[key]
        if alert.state is not State.INACTIVE and not keeps:
            alert.state, alert.resolved_at = State.INACTIVE, now
        return keeps

    def _samples(self, alert: Alert) -> list[Sample]:
        return [
            ({**self.for_state_labels(alert), "__name__": ALERTS, "alertstate": str(alert.state)}, 1.0),
            (self.for_state_labels(alert), float(alert.active_at // NANOSECONDS)),
        ]

    def for_state_labels(self, alert: Alert) -> dict[str, str]:
        """The labels of an alert's `ALERTS_FOR_STATE`."""
        # A label whose template came to nothing stands here as its template: so it does in Prometheus.
        labels = {name: text for name, text in self.spec.labels if text}
        return {**labels, **alert.labels, "__name__": ALERTS_FOR_STATE, "alertname": self.spec.alert}

    # -- for others

    @property
    def state(self) -> State:
        """The worst state of its alerts."""
        with self._lock:
            return max((alert.state for alert in self._alerts.values()), default=State.INACTIVE)

    def active_alerts(self) -> list[Alert]:
        """Copies of the alerts that are pending or firing, by labels."""
        with self._lock:
            return [replace(alert) for _, alert in sorted(self._alerts.items()) if not alert.resolved_at]

    def take_alerts_to_send(self, now: int, resend_delay: int, interval: int) -> list[Alert]:
        """Copies of the alerts that Alertmanagers should hear of, which count as sent with this."""
        with self._lock:
            due = [alert for _, alert in sorted(self._alerts.items()) if alert.needs_sending(now, resend_delay)]
            for alert in due:
                alert.last_sent_at = now
                # An evaluation or a delivery may fail twice before an Alertmanager takes the alert for resolved.
                alert.valid_until = now + 4 * max(resend_delay, interval)
            return [replace(alert) for alert in due]

    def restore(self, active_since: Sequence[tuple[Alert, int]]) -> None:
        """Sets back since when alerts (of `active_alerts`) are active."""
        with self._lock:
            for alert, instant in active_since:
                known = self._alerts.get(tuple(alert.labels.items()))
                if known is not None:
                    known.active_at = instant
            self.restored = True

    def take_over(self, before: AlertingRule) -> None:
        """Goes on with the alerts of the rule that this one replaces."""
        with before._lock, self._lock:
            self._alerts = before._alerts
            self.restored = before.restored
