"""Series, lines and spans for checkers to judge: small, and made to be read."""

import shutil

import pytest

from lab.exercises.exercise import Exercise, Hint, Mistake, Task
from lab.exercises.loader import EXERCISES
from lab.exercises.results import Data, Evaluated, Numbers
from lab.telemetry_client import Series

MOMENTS = tuple(1000.0 + 15 * n for n in range(9))


def series(values, **labels):
    """One value for all moments, or one for each of them."""
    listed = values if isinstance(values, list) else [values] * len(MOMENTS)
    return Series(labels, tuple(zip(MOMENTS, listed, strict=True)))


def numbers(*all_series):
    return Evaluated((Numbers(tuple(all_series)),))


def query_task(**changes):
    fields = {
        "id": "rate",
        "kind": "promql",
        "asks": "How many requests per second?",
        "points": 10,
        "solution": "rate",
        "reference": "rate(x[1m])",
        "unit": "requests per second",
    }
    return Task(**{**fields, **changes})


def query_data(answer, reference, *mistakes, **changes):
    return Data(answer=answer, reference=reference, mistakes=mistakes, **changes)


@pytest.fixture
def exercise():
    tasks = (
        Task(
            id="table",
            kind="text_set",
            asks="Which tables?",
            points=10,
            solution="both",
            names=("users", "orders"),
            hints=(Hint("Two.", 2), Hint("One begins with u.", 3)),
            mistakes=(Mistake("users", "There is another."),),
        ),
        Task(id="again", kind="text_set", asks="Once more: `{answer.table}`?", points=5, solution="a", names=("a",)),
    )
    return Exercise(
        name="01-tables",
        title="Tables",
        part=1,
        minutes=5,
        idea="There are tables.",
        system="chain",
        story="Look at <{workbench}/explore>.",
        explanation="That is why.",
        tasks=tasks,
    )


@pytest.fixture
def half_written(tmp_path):
    """A folder of exercises: 1 is well, and somebody is just writing 2."""
    folder = tmp_path / "exercises"
    for name in ("01-what-a-counter-counts", "02-labels-make-series"):
        shutil.copytree(EXERCISES / name, folder / name)
    (folder / "02-labels-make-series" / "exercise.yaml").write_text("title: Labels\npart: [1\n")
    return folder
