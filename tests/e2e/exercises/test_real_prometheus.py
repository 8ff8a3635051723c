"""The tasks in PromQL against Debian's Prometheus: what is right and wrong there is the same."""

import dataclasses
from collections.abc import Iterator

import pytest

from lab.exercises.loader import read_exercises
from tests.e2e.conftest import BootedLab, boot
from tests.e2e.exercises.answering import Learner, walk
from tests.e2e.exercises.conftest import await_needs, warmed_up
from tests.machine import program

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

EXERCISES = {
    name: dataclasses.replace(exercise, tasks=tasks)
    for name, exercise in read_exercises().items()
    if (tasks := tuple(task for task in exercise.tasks if task.reference and task.language == "promql"))
    and not exercise.needs.faults
}


@pytest.fixture(scope="module")
def native_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    program("prometheus", package="prometheus")
    yield from boot(tmp_path_factory.mktemp("native"), "--rps", "8", stack="native")


@pytest.fixture(scope="module")
def native_learner(native_lab: BootedLab, wait_for) -> Learner:
    return warmed_up(native_lab, wait_for)


@pytest.mark.parametrize("name", EXERCISES)
def test_prometheus_itself_agrees(native_learner: Learner, native_lab: BootedLab, wait_for, name: str):
    await_needs(EXERCISES[name], native_lab, wait_for)

    problems, _ = walk(native_learner, EXERCISES[name], "ada")

    assert problems == []
