"""Switches a fault on and off, and proves each time that the system did what the catalogue says.

    with injected(catalogue["missing-index"], flags, client) as injection:
        ...    # a healthy baseline has been seen, and then every piece of evidence
    # switched off, and normal again

A fault that does not show is a mistake of the catalogue or of a service, and never passes in silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

from lab.faults.catalogue import Evidence, Fault, ParameterValue
from lab.faults.evidence import (
    DEFAULT_WINDOW_SECONDS,
    Finding,
    Reading,
    ask,
    could_show,
    holds,
    is_normal_again,
)
from lab.faults.flag_file import FlagFile, SwitchedOn
from lab.telemetry_client import QueryRefused, TelemetryClient, TelemetryError

Judge = Callable[[Evidence, Reading, Reading], bool]
Progress = Callable[[Sequence[Finding]], None]

_POLL_SECONDS = 0.5


class InjectionFailed(RuntimeError):
    """The system did not do what the catalogue says; the message is a table of what was expected and seen."""

    def __init__(self, what: str, fault: Fault, findings: Sequence[Finding], problem: str = "") -> None:
        lines = [f"{fault.name} {what}", *findings_table(findings)]
        if problem:
            lines.append(f"  {problem}")
        super().__init__("\n".join(lines))
        self.fault = fault
        self.findings = tuple(findings)


class NoHealthyBaseline(InjectionFailed):
    """Before anything was switched, the telemetry was not as it is when all is well."""


class NoEffect(InjectionFailed):
    """The fault is on, and what the catalogue promises does not show."""


class NoRecovery(InjectionFailed):
    """The fault is off, and the system is not as it was."""


@dataclass
class Injection:
    """One fault on one lab, from the baseline to the recovery."""

    fault: Fault
    flags: FlagFile
    client: TelemetryClient
    values: Mapping[str, ParameterValue]
    window_seconds: float = DEFAULT_WINDOW_SECONDS
    #: The flags that stand in the file even while they are off.
    known_flags: Sequence[str] = ()
    #: Told after each look at the evidence.
    on_look: Progress = lambda findings: None
    #: What each piece of evidence said before, in their order.
    baseline: Sequence[Reading] = ()
    _effect: Mapping[Evidence, Reading] = field(default_factory=dict)
    _switched_at: float = 0.0

    @classmethod
    def resumed(
        cls,
        fault: Fault,
        flags: FlagFile,
        client: TelemetryClient,
        on: SwitchedOn,
        window_seconds: float = DEFAULT_WINDOW_SECONDS,
    ) -> Self:
        """Of a fault that is on, or was: the telemetry still knows what it said before. Raises TelemetryError."""
        if on.since is None:
            raise ValueError("nobody knows since when this fault is on")
        injection = cls(fault, flags, client, {**fault.defaults, **on.values}, window_seconds)
        injection.baseline = injection._read(on.since)
        return injection

    def findings(self) -> Sequence[Finding]:
        """One look at the evidence, now. Raises TelemetryError."""
        return self._look(holds)

    def recovery_findings(self, off_since: float) -> Sequence[Finding]:
        """One look whether all is as it was, at a fault that went off then, in unix seconds. Raises TelemetryError."""
        self._remember_effect(off_since)
        return self._look(self._is_normal_again)

    def await_baseline(self) -> None:
        """Wait until the effect could be seen. Raises NoHealthyBaseline, TelemetryError."""
        timeout_seconds = self.fault.recovery_seconds + self.window_seconds
        findings, problem = self._look_until(lambda evidence, _, now: could_show(evidence, now), 0.0, timeout_seconds)
        self.baseline = [finding.now for finding in findings]
        if not _all_hold(findings):
            what = f"cannot be judged: within {timeout_seconds:g} s there was no state to begin in"
            raise NoHealthyBaseline(what, self.fault, findings, problem or self._about_traffic())

    def switch_on(self) -> None:
        """Raises FlagFileError."""
        self.flags.switch_on(self.fault.flag, self.values, self.known_flags)
        self._switched_at = time.time()

    def await_effect(self) -> Sequence[Finding]:
        """Wait until every piece of evidence holds, over a window in which the fault was on all the time.

        Raises NoEffect, TelemetryError."""
        timeout_seconds = self.fault.effect_seconds + self.window_seconds
        findings, problem = self._look_until(holds, self.window_seconds, timeout_seconds)
        self._effect = {finding.evidence: finding.now for finding in findings}
        if not _all_hold(findings):
            what = f"is on, but {timeout_seconds:g} s later does not show what the catalogue says:"
            raise NoEffect(what, self.fault, findings, problem or self._about_traffic())
        return findings

    def switch_off(self) -> None:
        """Raises FlagFileError."""
        self.flags.switch_off(self.fault.flag)
        self._switched_at = time.time()

    def switch_off_surely(self) -> None:
        """For a way out: a second Ctrl-C must not leave it on. Raises FlagFileError."""
        try:
            self.switch_off()
        except KeyboardInterrupt:
            self.switch_off()
            raise

    def await_recovery(self) -> Sequence[Finding]:
        """Wait until everything is as it was. Raises NoRecovery, TelemetryError."""
        timeout_seconds = self.fault.recovery_seconds + self.window_seconds
        if not self._effect:
            # It was on already, and nobody has looked. Without an answer the least that the catalogue asks for counts.
            with suppress(TelemetryError):
                self._remember_effect(self._switched_at)
        findings, problem = self._look_until(self._is_normal_again, 0.0, timeout_seconds)
        if not _all_hold(findings):
            what = f"is off, but {timeout_seconds:g} s later not everything is as it was:"
            raise NoRecovery(what, self.fault, findings, problem)
        return findings

    def _remember_effect(self, at_unix_seconds: float) -> None:
        self._effect = dict(zip(self.fault.evidence, self._read(at_unix_seconds), strict=True))

    def _is_normal_again(self, evidence: Evidence, baseline: Reading, now: Reading) -> bool:
        return is_normal_again(evidence, baseline, now, self._effect.get(evidence))

    def _look_until(self, judge: Judge, least_seconds: float, most_seconds: float) -> tuple[list[Finding], str]:
        """The first look that satisfies, not before `least_seconds` after the switch; else the last. And what was in
        the way of the last."""
        now = time.time()
        begin = max(now, self._switched_at + least_seconds)
        end = now + most_seconds
        time.sleep(begin - now)
        findings: list[Finding] = []
        while True:
            problem = ""
            try:
                findings = self._look(judge)
                self.on_look(findings)
            except QueryRefused:
                raise
            except TelemetryError as error:
                # A fault may well keep a server from answering for a moment.
                problem = str(error)
            if (not problem and _all_hold(findings)) or time.time() >= end:
                return findings, problem
            time.sleep(_POLL_SECONDS)

    def _look(self, judge: Judge) -> list[Finding]:
        before = self.baseline or [None] * len(self.fault.evidence)
        now = self._read(time.time())
        return [
            Finding(evidence, old, new, judge(evidence, old, new))
            for evidence, old, new in zip(self.fault.evidence, before, now, strict=True)
        ]

    def _read(self, at_unix_seconds: float) -> list[Reading]:
        return [
            ask(self.client, evidence, self.values, at_unix_seconds, self.window_seconds)
            for evidence in self.fault.evidence
        ]

    def _about_traffic(self) -> str:
        return (
            f"The evidence needs about {self.fault.needs_rps:g} requests per second "
            f"(python3 lab up --rps {self.fault.needs_rps:g}), and no other fault that hides it."
        )


@contextmanager
def injected(
    fault: Fault,
    flags: FlagFile,
    client: TelemetryClient,
    *,
    values: Mapping[str, ParameterValue] | None = None,
    window_seconds: float = DEFAULT_WINDOW_SECONDS,
    known_flags: Sequence[str] = (),
    on_look: Progress = lambda findings: None,
) -> Iterator[Injection]:
    """Proven to be on inside the `with` block, and off after it, however the block ends; if it ends well, the recovery
    is proven, too. Several may be on at once, one block in another. Raises InjectionFailed, TelemetryError."""
    chosen = fault.defaults if values is None else values
    injection = Injection(fault, flags, client, chosen, window_seconds, known_flags, on_look)
    injection.await_baseline()
    with switched_on(injection):
        injection.await_effect()
        yield injection
    injection.await_recovery()


@contextmanager
def switched_on(injection: Injection) -> Iterator[None]:
    """On inside the `with` block, off after it, however it ends; nothing is proven."""
    try:
        injection.switch_on()
        yield
    finally:
        injection.switch_off_surely()


def _all_hold(findings: Sequence[Finding]) -> bool:
    return bool(findings) and all(finding.holds for finding in findings)


def findings_table(findings: Sequence[Finding]) -> list[str]:
    """A line each: whether it holds, what it says, what was expected, and what was seen before and now."""
    rows = [
        (
            "ok" if finding.holds else "NO",
            finding.evidence.says,
            finding.evidence.expectation,
            f"{reading_text(finding.baseline)} → {reading_text(finding.now)}",
        )
        for finding in findings
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def reading_text(reading: Reading) -> str:
    """Three digits are enough to see a change."""
    return "none" if reading is None else f"{reading:.3g}"
