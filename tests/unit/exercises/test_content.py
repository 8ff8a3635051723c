"""Every exercise there is: readable, complete, and quiet about what it hides."""

import json
import re
from itertools import pairwise

import pytest
import yaml

from lab.exercises.exercise import PARTS
from lab.exercises.loader import EXERCISES, read_exercises
from lab.exercises.personal import PLACES, personalise
from lab.exercises.rules import read_alerting_rule, read_recording_rule
from lab.faults.catalogue import read_catalogue
from lab.manifest import discover
from lab.paths import REPOSITORY
from telemetry_store.logs.query_language.parser import parse as parse_logql
from telemetry_store.metrics.query_language.parser import parse as parse_promql
from telemetry_store.traces.query_language.parser import parse as parse_traceql

ALL = read_exercises()
FAULTS = read_catalogue()
SYSTEMS = discover()
PARSE = {"promql": parse_promql, "logql": parse_logql, "traceql": parse_traceql}
LEARNERS = [f"learner {number}" for number in range(4)]
#: Answers that a later task builds on: of a trace_id, and others.
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
READ_OFF = "4711"

exercises = pytest.mark.parametrize("exercise", ALL.values(), ids=list(ALL))


def for_learners(exercise):
    answers = {task.id: TRACE_ID if task.kind == "trace_id" else READ_OFF for task in exercise.tasks}
    return [personalise(exercise, learner, PLACES, answers) for learner in LEARNERS]


def queries(task):
    """What has to be a query in the task's language."""
    if task.kind in ("alert_rule", "recording_rule"):
        read = read_alerting_rule if task.kind == "alert_rule" else read_recording_rule
        rules = (task.reference, *task.also_right, *(mistake.answer for mistake in task.mistakes))
        return (read(rule).expr for rule in rules)
    wanted = [task.reference, task.lacks]
    if task.kind in ("promql", "logql", "traceql"):
        wanted += [*task.also_right, *(mistake.answer for mistake in task.mistakes)]
    if task.kind == "trace_id":
        wanted += [mistake.answer for mistake in task.mistakes]
    return filter(None, wanted)


@exercises
def test_every_query_is_one(exercise):
    for mine in for_learners(exercise):
        for task in mine.tasks:
            for query in queries(task):
                PARSE[task.language](query)


@exercises
def test_every_placeholder_is_filled_in(exercise):
    names = "|".join([*PLACES, *exercise.values, "answer"])
    for mine in for_learners(exercise):
        assert not re.findall(rf"\{{(?:{names})(?:\.\w+)?\}}", repr(mine))


@exercises
def test_every_task_has_wrong_answers_that_are_answered(exercise):
    for task in exercise.tasks:
        if task.kind == "choice":
            assert all(choice.why for choice in task.choices)
        elif task.kind != "self_time":
            assert len(task.mistakes) + len(task.also_wrong) + len(task.wrong_versions) >= 2, task.id


@exercises
def test_every_task_has_a_hint(exercise):
    assert all(task.hints for task in exercise.tasks)


@exercises
def test_a_query_can_be_written_in_another_way(exercise):
    for task in exercise.tasks:
        if task.kind in ("promql", "logql", "traceql", "alert_rule", "recording_rule"):
            assert task.also_right, task.id


def shown(exercise):
    """What a learner reads before everything is solved."""
    yield from (exercise.name, exercise.title, exercise.idea, exercise.story)
    for task in exercise.tasks:
        yield from (task.id, task.asks, *(hint.text for hint in task.hints))
        yield from (mistake.says for mistake in task.mistakes)
        for choice in task.choices:
            yield from (choice.text, choice.why)


def hidden_words():
    for file in sorted((REPOSITORY / "faults").glob("*.yaml")):
        fault = yaml.safe_load(file.read_text())
        yield from (fault["name"], fault["flag"], fault["truth"]["kind"])


@exercises
def test_nothing_shown_names_a_fault_or_a_flag(exercise):
    words = {word for word in hidden_words() if "-" in word or "_" in word}
    text = "\n".join(shown(exercise))

    assert [word for word in words if re.search(rf"\b{re.escape(word)}\b", text)] == []


@exercises
def test_what_it_needs_is_of_its_own_system(exercise):
    assert exercise.system in SYSTEMS
    assert {FAULTS[needed.name].system for needed in exercise.needs.faults} <= {exercise.system}


@exercises
def test_links_lead_to_pages_that_there_are(exercise):
    pages = {file.stem for file in (REPOSITORY / "workbench" / "static" / "pages").glob("*.js")} | {""}
    for text in (exercise.story, exercise.explanation, *(task.asks for task in exercise.tasks)):
        for page in re.findall(r"\{workbench\}/?(\w*)", text):
            assert page in pages
        assert re.findall(r"https?://127\.0\.0\.1", text) == [], "addresses are written as {workbench}"


@exercises
def test_dashboards_are_called_by_their_titles(exercise):
    files = (REPOSITORY / "grafana" / "dashboards").glob("*.json")
    titles = {file.stem: json.loads(file.read_text())["title"] for file in files}
    families = "|".join({re.escape(title.partition(": ")[0]) for title in titles.values() if ": " in title})
    for text in (exercise.story, exercise.explanation):
        for title in re.findall(rf"\*((?:{families}): [^*]+)\*", text):
            assert title in titles.values()
        for title, uid in re.findall(r"\[(\w+: [^\]]+)\]\(\{workbench\}/dashboards/([\w-]+)\)", text):
            assert titles[uid] == title


def test_the_path_is_in_order():
    numbers = [exercise.number for exercise in ALL.values()]
    parts = [exercise.part for exercise in ALL.values()]

    assert numbers == list(range(1, len(ALL) + 1))
    assert all(later - earlier in (0, 1) for earlier, later in pairwise(parts))
    assert set(parts) <= set(PARTS)


def test_every_folder_is_an_exercise():
    assert {folder.name for folder in EXERCISES.iterdir() if folder.is_dir()} == set(ALL)


def test_those_of_each_system_are_walked_on_a_lab():
    for system in {exercise.system for exercise in ALL.values()}:
        assert (REPOSITORY / "tests" / "e2e" / "exercises" / f"test_{system}.py").exists()
