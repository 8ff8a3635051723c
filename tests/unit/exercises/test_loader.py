"""Exercises are read with care: what is wrong with one is told with file, line and place."""

import textwrap

import pytest

from lab.exercises.exercise import TimeRange
from lab.exercises.loader import read_exercise, read_exercises, read_path
from lab.yaml_document import ContentError

TASK = """
  - id: rate
    kind: promql
    asks: How many?
    points: 10
    reference: rate(x{user="{user}"}[1m])
    solution: rate
"""

GOOD = f"""
title: Counting
part: 1
minutes: 5
idea: Counters rise.
values:
  user: {{range: [1, 9]}}
tasks:{TASK}"""


@pytest.fixture
def write(tmp_path):
    def write(content=GOOD, name="01-counting", **files):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "exercise.yaml").write_text(textwrap.dedent(content))
        for file, text in {"story": "A story of {user}.", "explanation": "Because.", **files}.items():
            (folder / f"{file}.md").write_text(text)
        return folder

    return write


def error(folder):
    with pytest.raises(ContentError) as raised:
        read_exercise(folder)
    return str(raised.value).replace(str(folder), "…")


def test_an_exercise_is_read_with_its_texts(write):
    exercise = read_exercise(write())

    assert (exercise.name, exercise.number, exercise.title, exercise.system) == ("01-counting", 1, "Counting", "chain")
    assert (exercise.story, exercise.explanation) == ("A story of {user}.", "Because.")
    assert exercise.tasks[0].over == (TimeRange(5.0, 15.0, 0.0),)
    assert exercise.values["user"].samples == tuple(range(1, 10))


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("title: Counting\n", "", "…/exercise.yaml:2: the file: 'title' is missing"),
        ("title: Counting", "titel: Counting", "…/exercise.yaml:2: titel: 'titel' is not known here"),
        ("part: 1", "part: 7", "…/exercise.yaml:3: part: expected a whole number from 1 to 6, not '7'"),
        ("minutes: 5", "minutes: soon", "…/exercise.yaml:4: minutes: expected a whole number from 1 to 120"),
        ("kind: promql", "kind: sql", "…/exercise.yaml:10: tasks[0].kind: expected one of promql, logql"),
        ("kind: promql", "", "tasks[0]: 'kind' is missing"),
        ("points: 10", "points: 0", "tasks[0].points: expected a whole number from 1 to 100"),
        ("points: 10", "points: 10\n    points: 9", "…/exercise.yaml:13: tasks[0].points: stands here twice"),
        ("asks: How many?", "asks: 7", "tasks[0].asks: expected text, not '7' (in quotes, if it is meant as text)"),
        ('    reference: rate(x{user="{user}"}[1m])\n', "", "tasks[0]: 'reference' is missing"),
        ("solution: rate", "solution: rate\n    choices: []", "tasks[0].choices: 'choices' is not known here"),
        ("id: rate", "id: Rate it", "tasks[0].id: expected a word of a-z, 0-9 and _, not 'Rate it'"),
        ("range: [1, 9]", "range: [9, 1]", "values.user.range: expected two whole numbers, the smaller first"),
        ("user: {", "loser: {", "values: no text of the exercise uses {loser}"),
        ("user: {", "workbench: {", "a value needs a name of a-z, 0-9 and _ other than workbench"),
        ("solution: rate", "solution: rate\n    over: {minutes: 90}", "over.minutes: expected a number from 0.5 to 60"),
        ("solution: rate", "solution: rate\n    mistakes: [{answer: x}]", "mistakes[0]: 'says' is missing"),
        (
            "solution: rate",
            "solution: rate\n    hints: [{text: a, costs: 10}]",
            "tasks[0].hints: who reads all hints and then solves it must have a point left",
        ),
        ("tasks:", "tasks: [", "exercise.yaml:9: this is no YAML"),
        ("{user}", "{answer.other}", "there is no earlier task 'other' whose answer could be used"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(write, change, to, said):
    assert change in GOOD
    assert said in error(write(GOOD.replace(change, to, 1)))


def test_two_tasks_of_one_id_are_refused(write):
    assert "there are two tasks 'rate'" in error(write(GOOD + TASK.lstrip("\n")))


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ("[{id: a, text: A, why: x, right: true}, {id: b, text: B, why: x}]", "three choices or more"),
        (
            "[{id: a, text: A, why: x}, {id: b, text: B, why: x}, {id: c, text: C, why: x}]",
            "exactly one of them with 'right: true'",
        ),
        (
            "[{id: a, text: A, why: x, right: true}, {id: a, text: B, why: x}, {id: c, text: C, why: x}]",
            "two choices have the same id",
        ),
        (
            "[{id: a, text: A, why: x, right: 1}, {id: b, text: B, why: x}, {id: c, text: C, why: x}]",
            "choices[0].right: expected true or false",
        ),
    ],
)
def test_choices_are_three_and_one_is_right(write, choices, said):
    task = f"tasks: [{{id: a, kind: choice, asks: A, points: 1, solution: A, choices: {choices}}}]"

    assert said in error(write(GOOD.partition("values:")[0] + task))


def test_names_are_given_or_asked_for_but_not_both(write):
    head = GOOD.partition("values:")[0]
    task = "tasks: [{id: a, kind: text_set, asks: A, points: 1, solution: A, reference: x}]"

    assert "either 'names', or 'reference' and 'label'" in error(write(head + task))


def test_texts_have_to_be_there(write, tmp_path):
    folder = write()
    (folder / "story.md").unlink()
    assert error(folder).startswith("…/story.md: cannot be read")
    (folder / "story.md").write_text(" \n")
    assert error(folder) == "…/story.md: the file is empty"
    (folder / "exercise.yaml").write_text("")
    assert error(folder) == "…/exercise.yaml: the file is empty"
    (folder / "exercise.yaml").write_text("- a\n")
    assert error(folder) == "…/exercise.yaml:1: the file: expected keys with values, not a list"


def test_a_folder_has_a_number_and_a_name(write):
    assert "is called like 07-a-short-name" in error(write(name="counting"))


def test_numbers_are_unique_and_parts_in_order(write, tmp_path):
    write(name="01-counting")
    write(name="01-again")
    with pytest.raises(ContentError, match="has the number 01 as well"):
        read_exercises(tmp_path)


def test_parts_come_in_order(write, tmp_path):
    write(GOOD.replace("part: 1", "part: 2"), name="01-second")
    write(name="02-first")
    with pytest.raises(ContentError, match="part 1 comes after 01-second of part 2"):
        read_exercises(tmp_path)


def test_one_that_cannot_be_read_leaves_the_others(write, tmp_path):
    write(GOOD.replace("minutes: 5", "minutes: five"), name="01-counting")
    write(GOOD, name="02-counting-on")
    write(GOOD, name="02-again")

    path = read_path(tmp_path)

    assert list(path.exercises) == ["02-again"]
    assert list(path.unreadable) == ["01-counting", "02-counting-on"]
    assert "01-counting/exercise.yaml:4: minutes: expected" in path.unreadable["01-counting"]
    assert "02-again has the number 02 as well" in path.unreadable["02-counting-on"]
