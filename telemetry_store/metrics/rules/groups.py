"""A group of rules: evaluated one after another at one instant, each seeing what those before it wrote."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b

from ...deadline import Deadline
from ...matchers import Matcher
from ...refusals import Refusal, Unprocessable
from ...times import NANOSECONDS
from ..exposition import Labels
from ..samples import STALE, STALE_BITS
from ..storage import MetricStorage
from .alerting import Alert, AlertingRule
from .expressions import Sample
from .recording import RecordingRule
from .rule_files import GroupSpec
from .templates import Outside

logger = logging.getLogger(__name__)

Rule = RecordingRule | AlertingRule

_MILLISECOND = 1_000_000

#: After a longer outage the state of alerts is not restored (Prometheus: --rules.alert.for-outage-tolerance).
OUTAGE_TOLERANCE_SECONDS = 3600

#: A restored alert waits at least so long before it fires, so that a restart alone does not fire it; and one with a
#: shorter `for` is not restored at all (Prometheus: --rules.alert.for-grace-period).
FOR_GRACE_SECONDS = 600

#: Between two sendings of an alert that still fires (Prometheus: --rules.alert.resend-delay).
RESEND_SECONDS = 60


class Group:
    """The rules of one group of a file, and how its last evaluation went."""

    def __init__(
        self,
        spec: GroupSpec,
        interval_seconds: float,
        storage: MetricStorage,
        outside: Outside,
        send: Callable[[str, list[Alert]], None],
        restored: bool,
        grace_seconds: float = FOR_GRACE_SECONDS,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.spec = spec
        self.interval = spec.interval * _MILLISECOND or int(interval_seconds * NANOSECONDS)
        self.rules: list[Rule] = [
            AlertingRule(rule, outside, restored) if rule.alert else RecordingRule(rule) for rule in spec.rules
        ]
        self.last_evaluation = 0
        self.last_duration_seconds = 0.0
        self.last_samples = 0
        self.evaluations = self.failures = self.iterations = self.missed = 0
        #: Held during an evaluation, and while another group takes over.
        self.lock = threading.Lock()
        self.ended = False
        self._storage = storage
        self._outside = outside
        self._send = send
        self._grace = int(grace_seconds * NANOSECONDS)
        self._clock = clock
        #: Evaluations until alerts are restored; the first ones give recording rules time to have values again.
        self._until_restored = 0 if restored else 2
        #: Per rule the series that it wrote last time.
        self._written: list[set[Labels]] = [set() for _ in self.rules]
        #: Series of rules that are no more, to be ended with the next evaluation.
        self._abandoned: set[Labels] = set()

    @property
    def key(self) -> str:
        """The group's name among all files, as own metrics have it."""
        return f"{self.spec.file};{self.spec.name}"

    def next_instant(self, now: int) -> int:
        """The next time to evaluate, unix nanoseconds: groups are spread over their interval, always alike."""
        offset = int.from_bytes(blake2b(self.key.encode(), digest_size=8).digest()) % self.interval
        return (now - offset) // self.interval * self.interval + offset + self.interval

    def evaluate(self, nanoseconds: int) -> None:
        """Evaluates every rule at the instant. What fails is noted at the rule, and the others go on."""
        with self.lock:
            if self.ended:
                return
            begin = time.time_ns()
            self.last_samples = 0
            for number, rule in enumerate(self.rules):
                self._evaluate_rule(number, rule, nanoseconds)
            self._end_abandoned(nanoseconds)
            if self._until_restored:
                self._until_restored -= 1
                if not self._until_restored:
                    self._restore(self._clock())
            self.iterations += 1
            self.last_evaluation = begin
            self.last_duration_seconds = (time.time_ns() - begin) / NANOSECONDS

    def _evaluate_rule(self, number: int, rule: Rule, nanoseconds: int) -> None:
        begin = time.time_ns()
        self.evaluations += 1
        try:
            samples = rule.evaluate(nanoseconds, self._outside, self.spec.limit)
            rule.health.succeeded()
            self.last_samples += len(samples)
            if isinstance(rule, AlertingRule):
                resend = RESEND_SECONDS * NANOSECONDS
                alerts = rule.take_alerts_to_send(nanoseconds, resend, self.interval)
                if alerts:
                    self._send(rule.spec.shown, alerts)
            self._write(number, samples, nanoseconds // _MILLISECOND)
        except Refusal as refusal:
            self._note_failure(rule, refusal)
        except Exception as error:
            logger.exception('group "%s": rule "%s" failed', self.spec.name, rule.spec.name)
            self._note_failure(rule, f"internal error: {type(error).__name__}")
        rule.health.evaluated_at = begin
        rule.health.duration_seconds = (time.time_ns() - begin) / NANOSECONDS

    def _note_failure(self, rule: Rule, error: object) -> None:
        if rule.health.last_error != str(error):
            logger.warning('%s: group "%s": rule "%s": %s', self.spec.file, self.spec.name, rule.spec.name, error)
        self.failures += 1
        rule.health.failed(error)

    def _write(self, number: int, samples: Sequence[Sample], milliseconds: int) -> None:
        """Writes a rule's samples, and ends the series that it wrote last time and no more. Raises Refusal."""
        written = {tuple(sorted(labels.items())): value for labels, value in samples}
        refusal = ""
        rows = []
        for labels, value in written.items():
            series = self._storage.series_of(labels)
            if milliseconds < series.last_time:
                refusal = "out of order sample"
            elif milliseconds == series.last_time and series.values and not _is_equal(series.values[-1], value):
                refusal = "duplicate sample for timestamp"
            rows.append((series, value, milliseconds))
        ended = self._written[number] - set(written)
        rows += [(self._storage.series_of(labels), STALE, milliseconds) for labels in ended]
        if rows:
            self._storage.append(rows)
        self._written[number] = set(written)
        if refusal:
            raise Unprocessable(refusal)

    def _end_abandoned(self, nanoseconds: int) -> None:
        milliseconds = nanoseconds // _MILLISECOND
        try:
            if self._abandoned:
                self._storage.append(
                    [(self._storage.series_of(labels), STALE, milliseconds) for labels in self._abandoned]
                )
            self._abandoned = set()
        except Refusal as refusal:
            logger.warning("the end of %d series of rules is not recorded yet: %s", len(self._abandoned), refusal)

    def end(self, nanoseconds: int) -> None:
        """Evaluates no more, and marks the series of its rules as ended."""
        with self.lock:
            self.ended = True
            self._abandoned = self._abandoned.union(*self._written)
            self._end_abandoned(nanoseconds)

    def take_over(self, before: Group) -> None:
        """Goes on where the group that this one replaces stopped: rules of the same name and labels keep their
        state. The other group evaluates no more."""
        with before.lock:
            before.ended = True
            self.last_evaluation, self.last_duration_seconds = before.last_evaluation, before.last_duration_seconds
            self._until_restored = before._until_restored
            left = list(range(len(before.rules)))
            for number, rule in enumerate(self.rules):
                same = next((n for n in left if _is_same(before.rules[n], rule)), None)
                if same is None:
                    continue
                left.remove(same)
                self._written[number] = before._written[same]
                old = before.rules[same]
                if isinstance(rule, AlertingRule) and isinstance(old, AlertingRule):
                    rule.take_over(old)
            self._abandoned = before._abandoned.union(*(before._written[number] for number in left))

    def _restore(self, now: int) -> None:
        """Lets alerts go on that were active when an earlier process ended."""
        for rule in self.rules:
            if not isinstance(rule, AlertingRule):
                continue
            since: list[tuple[Alert, int]] = []
            hold = rule.spec.hold * _MILLISECOND
            if hold >= self._grace:
                for alert in rule.active_alerts():
                    try:
                        instant = self._active_before(rule, alert, hold, now)
                    except Refusal as refusal:
                        logger.warning('the state of alert "%s" is not restored: %s', rule.spec.alert, refusal)
                        continue
                    if instant is not None:
                        since.append((alert, instant))
            rule.restore(since)

    def _active_before(self, rule: AlertingRule, alert: Alert, hold: int, now: int) -> int | None:
        """Since when an alert counts as active, by what the earlier process wrote; None when it wrote nothing."""
        labels = rule.for_state_labels(alert)
        end = now // _MILLISECOND
        found = self._storage.select(
            [Matcher(name, "=", value) for name, value in labels.items()],
            end - OUTAGE_TOLERANCE_SECONDS * 1000,
            end,
            Deadline(),
        )
        for series, times, values in found.runs():
            if series == labels and values.view("i8")[-1] != STALE_BITS:
                down_at = int(times[-1]) // 1000 * NANOSECONDS
                active_at = int(values[-1]) * NANOSECONDS
                remaining = hold - (down_at - active_at)
                if remaining <= 0:
                    return active_at
                if remaining < self._grace:
                    return now + self._grace - hold
                return active_at + now - down_at
        return None


def _is_equal(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)  # noqa: PLR0124 (NaN is NaN here)


def _is_same(one: Rule, other: Rule) -> bool:
    return one.spec.name == other.spec.name and one.spec.labels == other.spec.labels
