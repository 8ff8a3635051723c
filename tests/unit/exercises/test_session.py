"""Working on an exercise: answers, hints and what they cost. (The tasks here need no lab.)"""

import dataclasses

import pytest

from lab.exercises.exercise import Mistake
from lab.exercises.progress import ProgressStore
from lab.exercises.session import Session, TaskComesLater, UnknownExercise
from lab.telemetry_client import TelemetryClient


@pytest.fixture
def client():
    with TelemetryClient("http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1") as client:
        yield client


@pytest.fixture
def session(exercise, tmp_path):
    return Session({exercise.name: exercise}, ProgressStore(tmp_path / "progress.json"), "ada")


@pytest.fixture
def answered(session, client):
    def answered(answer, task_id=None):
        exercise = session.find("1")
        return session.check(exercise, session.find_task(exercise, task_id), answer, client)

    return answered


@pytest.mark.parametrize("said", ["1", "01", "01-tables", "tables"])
def test_an_exercise_is_found_by_number_or_name(session, said):
    assert session.find(said).name == "01-tables"


def test_what_is_not_there_is_said_with_what_is(session):
    with pytest.raises(UnknownExercise, match="'chairs' is no exercise; there are: 01-tables"):
        session.find("chairs")
    with pytest.raises(UnknownExercise, match="no exercise has been started"):
        session.find()
    with pytest.raises(UnknownExercise, match="01-tables has no task 'x'; there are: table, again"):
        session.find_task(session.find("1"), "x")


def test_the_one_that_was_started_is_the_current_one(session):
    session.start(session.find("1"))

    assert session.find().name == "01-tables"


def test_a_right_answer_earns_its_points_and_the_next_task_comes(session, answered):
    judged = answered("users, orders")

    assert (judged.verdict.passed, judged.points, judged.exercise_solved) == (True, 10, False)
    assert session.find_task(session.find()).id == "again"
    assert session.find().task("again").asks == "Once more: `users, orders`?"


def test_a_task_that_builds_on_an_answer_says_which(exercise, session, client):
    first, again = exercise.tasks
    again = dataclasses.replace(again, mistakes=(Mistake("{answer.table}", "That was before."),))
    exercise = dataclasses.replace(exercise, tasks=(first, again))

    with pytest.raises(TaskComesLater, match=r"solve task 1 \(table\) first"):
        session.check(exercise, again, "a", client)


def test_the_last_right_answer_solves_the_exercise(session, answered):
    answered("users, orders")

    assert answered("a").exercise_solved
    assert session.is_solved(session.find())
    assert session.points_of(session.find()) == 15


def test_hints_cost_points_and_each_only_once(session, answered):
    exercise = session.find("1")
    task = exercise.task("table")

    given = [session.hint(exercise, task) for _ in range(3)]
    judged = answered("users, orders")

    assert [(hint.number, hint.new) for hint in given] == [(1, True), (2, True), (2, False)]
    assert judged.points == 10 - 2 - 3
    assert session.hint(exercise, exercise.task("again")) is None


def test_a_wrong_answer_costs_nothing_and_a_right_one_stays(session, answered):
    answered("users")
    answered("users, orders")
    again = answered("users", "table")

    assert not again.verdict.passed
    progress = session.progress_of(session.find(), session.find().task("table"))
    assert (progress.attempts, progress.points, progress.answer) == (2, 10, "users, orders")


def test_who_has_seen_the_solution_earns_nothing(session, answered):
    exercise = session.find("1")

    assert session.solution(exercise, exercise.task("table")) == "both"
    assert answered("users, orders").points == 0


def test_who_has_solved_it_may_look_at_the_solution(session, answered):
    answered("users, orders")
    session.solution(session.find(), session.find().task("table"))

    assert session.points_of(session.find()) == 10


def test_a_reset_forgets_one_exercise_or_all(session, answered):
    answered("users, orders")
    session.reset(session.find())

    assert session.points_of(session.find("1")) == 0
    assert not session.is_started(session.find("1"))
    answered("users, orders")
    session.reset(None)
    assert not session.is_started(session.find("1"))
