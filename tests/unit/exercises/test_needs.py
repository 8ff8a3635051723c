"""What a lab lacks for an exercise is said, with what to do about it."""

import dataclasses
import time

import pytest

from lab.exercises.exercise import NeededFault, Needs
from lab.exercises.needs import unmet
from lab.exercises.preparation import NotNow, prepare_lab, require_prepared
from lab.paths import StateDirectory
from lab.run_state import ProcessIdentity, RunState, write_run_state
from lab.telemetry_client import Sample

NEEDS = Needs(requests_per_second=4, minutes=3)


def lab_with(*systems, minutes=10.0):
    return RunState(
        run_id="id",
        supervisor=ProcessIdentity(pid=1, create_time=0.0),
        stack="embedded",
        systems=[*systems],
        port_offset=0,
        backends={},
        started_at=time.time() - 60 * minutes,
    )


class Traffic:
    """Answers with so many requests per second, and remembers what it was asked."""

    def __init__(self, rate):
        self.rate = rate
        self.asked = []

    def query(self, promql):
        self.asked.append(promql)
        return [Sample({}, 0.0, self.rate)]


@pytest.mark.parametrize(
    ("system", "counted"),
    [
        ("chain", 'sum(rate(frontend_requests_total{service="frontend"}[1m]))'),
        ("exchange", 'sum(rate(http_requests_total{service="client-gateway"}[1m]))'),
    ],
)
def test_traffic_is_counted_where_the_exercises_system_is_entered(system, counted):
    client = Traffic(rate=5.0)

    assert unmet(NEEDS, system, lab_with("chain", "exchange"), client) == []
    assert client.asked == [counted]


def test_too_little_traffic_is_said_with_what_starts_a_lab_with_more():
    [said] = unmet(NEEDS, "exchange", lab_with("exchange"), Traffic(rate=1.0))

    assert "needs about 4 requests per second, and there are 1.0" in said
    assert said.endswith("python3 lab down; python3 lab up --detach --system exchange --rps 8")


def test_a_lab_that_has_just_started_has_to_run_for_a_while():
    [said] = unmet(NEEDS, "chain", lab_with("chain", minutes=1), Traffic(rate=5.0))

    assert "answers can be checked after 3 minutes" in said


def test_in_a_lab_with_another_system_nothing_is_asked_switched_or_judged(exercise, tmp_path):
    needs = dataclasses.replace(NEEDS, faults=(NeededFault("late-orders"),))
    exercise = dataclasses.replace(exercise, system="exchange", needs=needs)
    state_dir = StateDirectory(tmp_path)
    write_run_state(state_dir, lab_with("chain"))

    prepare_lab(exercise, state_dir)
    assert not state_dir.flag_file.exists()
    with pytest.raises(NotNow, match="python3 lab up --detach --system exchange --rps 8"):
        require_prepared(exercise, state_dir)
    [said] = unmet(needs, "exchange", lab_with("chain"), Traffic(rate=5.0))
    assert "about another system than your lab runs: The stock exchange" in said
