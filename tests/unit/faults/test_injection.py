"""An injection looks before, switches, looks again, and undoes what it did in every way out."""

from dataclasses import replace

import pytest

from lab.faults.catalogue import Evidence, read_catalogue
from lab.faults.flag_file import FlagFile
from lab.faults.injection import (
    Injection,
    NoEffect,
    NoHealthyBaseline,
    NoRecovery,
    injected,
    switched_on,
)
from lab.telemetry_client import QueryRefused, Sample, Series, TelemetryError

WINDOW_SECONDS = 0.1

SLOWER = Evidence("slower", "promql", "duration", "rises", 3)
LINES = Evidence("lines about it", "logql", "lines", "appears", 2)
NO_ERRORS = Evidence("no errors", "traceql", "errors", "absent")


class Telemetry:
    """Answers each query with one number while the flag is off, and another while it is on."""

    def __init__(self, flags, off, on):
        self.flags, self.off, self.on = flags, off, on
        self.refusing = None

    def _answer(self, query):
        if self.refusing:
            raise self.refusing
        return (self.on if "early-requests" in self.flags.switched_on() else self.off)[query]

    def query(self, promql, at_unix_seconds):
        answer = self._answer(promql)
        # A quantile of nothing, beside the series that counts.
        return [] if answer is None else [Sample({}, 0.0, answer), Sample({}, 0.0, float("nan"))]

    def log_series(self, logql, start, end, step_seconds):
        answer = self._answer(logql)
        # Several series count together.
        return [] if answer is None else [Series({}, ((start, answer / 2),)), Series({}, ((start, answer / 2),))]

    def search_traces(self, q, start, end, **limits):
        return [{}] * (self._answer(q) or 0)


@pytest.fixture
def fault():
    some = next(iter(read_catalogue().values()))
    return replace(
        some,
        name="cold-start",
        flag="early-requests",
        parameters={},
        evidence=(SLOWER, LINES, NO_ERRORS),
        effect_seconds=0.2,
        recovery_seconds=0.2,
        needs_rps=4,
    )


@pytest.fixture
def flags(tmp_path):
    return FlagFile(tmp_path / "flags.json")


@pytest.fixture
def telemetry(flags):
    return Telemetry(
        flags,
        off={"duration": 0.1, "lines": None, "errors": None},
        on={"duration": 0.5, "lines": 4, "errors": None},
    )


def test_it_is_on_and_proven_inside_and_off_and_proven_after(fault, flags, telemetry):
    seen = []
    with injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS, on_look=seen.append) as injection:
        assert "early-requests" in flags.switched_on()
        assert list(injection.baseline) == [0.1, None, 0.0]
        assert [finding.now for finding in seen[-1]] == [0.5, 4, 0.0]
        assert all(finding.holds for finding in seen[-1])

    assert flags.switched_on() == {}
    assert [finding.now for finding in seen[-1]] == [0.1, None, 0.0]


def test_what_does_not_show_ends_with_a_table_and_nothing_on(fault, flags, telemetry):
    telemetry.on = {"duration": 0.2, "lines": None, "errors": 1}

    with pytest.raises(NoEffect) as failed, injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS):
        pytest.fail("it was not proven")

    assert flags.switched_on() == {}
    assert str(failed.value).splitlines() == [
        "cold-start is on, but 0.3 s later does not show what the catalogue says:",
        "  NO  slower          ≥ 3 × before      0.1 → 0.2",
        "  NO  lines about it  ≥ 2, none before  none → none",
        "  NO  no errors       none              0 → 1",
        "  The evidence needs about 4 requests per second (python3 lab up --rps 4), and no other fault that hides it.",
    ]


def test_without_a_healthy_baseline_nothing_is_switched(fault, flags, telemetry):
    telemetry.off["lines"] = 4

    with pytest.raises(NoHealthyBaseline) as failed, injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS):
        pytest.fail("there was nothing to compare with")

    assert not flags.path.exists()
    assert "there was no state to begin in" in str(failed.value)
    assert "NO  lines about it" in str(failed.value)


def test_what_stays_after_the_end_is_told(fault, flags, telemetry):
    with (
        pytest.raises(NoRecovery, match=r"cold-start is off, but 0.3 s later not everything is as it was"),
        injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS),
    ):
        telemetry.off = telemetry.on

    assert flags.switched_on() == {}


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt(), SystemExit(3)])
def test_it_is_off_however_the_block_ends(fault, flags, telemetry, error):
    with pytest.raises(type(error)), injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS):
        raise error

    assert flags.switched_on() == {}


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_it_is_off_if_the_proof_itself_is_interrupted(fault, flags, telemetry, error):
    def fail(findings):
        if flags.switched_on():
            raise error

    with pytest.raises(type(error)), injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS, on_look=fail):
        pytest.fail("it was not proven")

    assert flags.switched_on() == {}


def test_it_is_off_even_after_a_second_interrupt(fault, flags, telemetry):
    class Impatient(FlagFile):
        interrupted = False

        def switch_off(self, flag):
            if not self.interrupted:
                self.interrupted = True
                raise KeyboardInterrupt
            super().switch_off(flag)

    flags = Impatient(flags.path)
    with pytest.raises(KeyboardInterrupt), switched_on(Injection(fault, flags, telemetry, {})):
        assert flags.switched_on()

    assert flags.switched_on() == {}


def test_several_are_on_at_once_and_each_ends_for_itself(fault, flags, telemetry):
    other = replace(fault, name="warm-start", flag="late-requests", evidence=(replace(NO_ERRORS, query="errors"),))

    with injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS):
        with injected(other, flags, telemetry, window_seconds=WINDOW_SECONDS):
            assert set(flags.switched_on()) == {"early-requests", "late-requests"}
        assert set(flags.switched_on()) == {"early-requests"}
    assert flags.switched_on() == {}


def test_a_server_that_does_not_answer_for_a_moment_is_asked_again(fault, flags, telemetry):
    looks = []

    def answer_from_now_on(findings):
        looks.append(findings)

    telemetry.refusing = TelemetryError("Prometheus cannot be reached")
    injection = Injection(fault, flags, telemetry, {}, WINDOW_SECONDS, on_look=answer_from_now_on)
    with pytest.raises(NoHealthyBaseline, match="Prometheus cannot be reached"):
        injection.await_baseline()
    telemetry.refusing = None
    injection.await_baseline()

    assert len(looks) == 1


def test_a_query_that_is_refused_ends_at_once(fault, flags, telemetry):
    telemetry.refusing = QueryRefused("Loki answers 400", "parse error")

    with pytest.raises(QueryRefused), injected(fault, flags, telemetry, window_seconds=WINDOW_SECONDS):
        pytest.fail("there was nothing to compare with")

    assert not flags.path.exists()


def test_one_that_has_been_on_for_a_while_is_compared_with_how_it_was_before(fault, flags, telemetry):
    asked = []
    telemetry_before = telemetry.query
    telemetry.query = lambda promql, at: (asked.append(at), telemetry_before(promql, at))[1]
    flags.switch_on(fault.flag, {})
    [on] = flags.switched_on().values()

    injection = Injection.resumed(fault, flags, telemetry, on, WINDOW_SECONDS)

    assert asked == [on.since]
    assert len(injection.baseline) == 3
    with pytest.raises(ValueError, match="nobody knows since when"):
        Injection.resumed(fault, flags, telemetry, replace(on, since=None))


def test_one_that_is_switched_off_after_a_while_is_compared_with_what_it_did_until_then(fault, flags, telemetry):
    flags.switch_on(fault.flag, {})
    [on] = flags.switched_on().values()
    injection = Injection.resumed(fault, flags, telemetry, on, WINDOW_SECONDS)
    before, while_on = telemetry.off["duration"], 100 * telemetry.off["duration"]
    injection.baseline = [before, *injection.baseline[1:]]
    # More than half of the way back, but far from half of the least that is asked for.
    telemetry.off = {**telemetry.off, "duration": 5 * before}

    injection.switch_off()
    switched_off_at = injection._switched_at
    now = telemetry.query
    telemetry.query = lambda promql, at: [Sample({}, 0.0, while_on)] if at == switched_off_at else now(promql, at)

    assert [one.holds for one in injection.await_recovery()] == [True, True, True]


def test_one_that_has_gone_off_is_compared_with_before_and_with_what_it_did(fault, flags, telemetry):
    flags.switch_on(fault.flag, {})
    [on] = flags.switched_on().values()
    while_on = Injection(fault, flags, telemetry, {}, WINDOW_SECONDS).findings()
    flags.switch_off(fault.flag)
    off_since = on.since + 60
    at_that_time = dict(zip(("duration", "lines", "errors"), (one.now for one in while_on), strict=True))
    now = telemetry.query
    telemetry.query = lambda promql, at: [Sample({}, 0.0, at_that_time[promql])] if at == off_since else now(promql, at)

    after = Injection.resumed(fault, flags, telemetry, on, WINDOW_SECONDS).recovery_findings(off_since)

    assert [one.holds for one in after] == [True, True, True]
    telemetry.off = telemetry.on
    still = Injection.resumed(fault, flags, telemetry, on, WINDOW_SECONDS)
    still.baseline = [one.baseline for one in after]
    assert [one.holds for one in still.recovery_findings(off_since)] == [False, False, True]
