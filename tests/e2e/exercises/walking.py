"""Exercises of a system, in a lab as each asks for it: every right answer passes, every wrong one is told why.

Right after the embedded store a real Prometheus is asked the same, for all that is asked in PromQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.exercises.answering import walk
from tests.e2e.exercises.lanes import EXERCISES, NAME, PROMETHEUS, STORE, Lanes, in_order, in_promql
from tests.machine import program

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def walks(lanes: Sequence[Sequence[str]]) -> list[ParameterSet]:
    """`name` and `server`, in the order in which they are walked."""
    return [
        pytest.param(name, server, id=f"{name}, {server}")
        for name in in_order(lanes)
        for server in (STORE, PROMETHEUS)
        if server == STORE or in_promql(EXERCISES[name]).tasks
    ]


def assert_answers_are_judged_rightly(lanes: Lanes, wait_for: Callable[..., Any], name: str, server: str) -> None:
    if lanes.learner(name, server) is None:
        program("prometheus", package="prometheus")
    wait_for(lambda: lanes.stand_ready(name), "it has been so for long enough", 400.0)
    learner = lanes.learner(name, server)
    assert learner is not None
    exercise = in_promql(EXERCISES[name]) if server == PROMETHEUS else EXERCISES[name]

    problems, wrong_answers = walk(learner, exercise, NAME)

    assert problems == []
    assert min(wrong_answers.values()) >= 2
