"""Exercises with a service, each version of it really run: right ones pass, and wrong ones are told why."""

import dataclasses
import re
import subprocess
import sys
import time
from contextlib import suppress
from itertools import chain

import psutil
import pytest

from lab.exercises.loader import read_exercises
from lab.exercises.services import driving, running
from lab.exercises.services.checking import check_service
from lab.exercises.services.description import Version
from lab.exercises.services.driving import observe
from lab.exercises.services.process import command, environment
from lab.exercises.services.versions import solution_text, write_version

EXERCISES = {name: one for name, one in read_exercises().items() if one.service}


def instrumented(exercise):
    return [task for task in exercise.tasks if task.service]


def bundles(versions_of):
    """Versions of different tasks, as many at a time as can be made of one solution: a start costs more than all that
    is asked afterwards. Each is a tuple of (task, version)."""
    found = {}
    for name, exercise in EXERCISES.items():
        waiting = [(task, version) for task in instrumented(exercise) for version in versions_of(task)]
        while waiting:
            text, bundle = solution_text(exercise.service), []
            for task, version in waiting:
                changed = changed_text(text, version)
                if changed is not None and all(task is not other for other, _ in bundle):
                    text = changed
                    bundle.append((task, version))
            waiting = [one for one in waiting if one not in bundle]
            found[f"{name}-{len(waiting)}"] = bundle
    return found


def changed_text(text, version):
    """None when what it changes is not there any more."""
    for before, after in version.changes:
        if text.count(before) != 1:
            return None
        text = text.replace(before, after)
    return text


def judged_together(bundle, folder, is_expected):
    """Each task with its verdict. One version can be in another's way: then it is run by itself."""
    service = bundle[0][0].service
    write_version(service, Version(tuple(chain.from_iterable(version.changes for _, version in bundle))), folder)
    observed = observe(service, folder)
    for task, version in bundle:
        verdict = check_service(task.expects, service, observed)
        if len(bundle) > 1 and not is_expected(verdict, version):
            write_version(service, version, folder)
            verdict = check_service(task.expects, service, observe(service, folder))
        yield task, verdict


RIGHT = bundles(lambda task: task.right_versions)
WRONG = bundles(lambda task: task.wrong_versions)

exercises = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))


@exercises
def test_the_solution_solves_every_task(exercise):
    observed = observe(exercise.service, exercise.service.folder / "solution")

    for task in instrumented(exercise):
        assert check_service(task.expects, task.service, observed).says == (
            "Right: what arrives is what was asked for.",
        )


@exercises
def test_what_a_learner_begins_with_does_its_work_and_solves_nothing(exercise):
    observed = observe(exercise.service, exercise.service.folder / "service")

    assert observed.ended == ""
    assert all(sent.status == exercise.service.requests(sent.of).answers for sent in observed.sent)
    for task in instrumented(exercise):
        assert not check_service(task.expects, task.service, observed).passed


@pytest.mark.parametrize("bundle", RIGHT.values(), ids=list(RIGHT))
def test_what_is_right_in_other_words_passes(tmp_path, bundle):
    for task, verdict in judged_together(bundle, tmp_path, lambda verdict, _: verdict.passed):
        assert verdict.passed, (task.id, verdict.says)


@pytest.mark.parametrize("bundle", WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_told_why(tmp_path, bundle):
    def is_told(verdict, version):
        return not verdict.passed and version.hears in " ".join(verdict.says)

    for (task, version), (_, verdict) in zip(bundle, judged_together(bundle, tmp_path, is_told), strict=True):
        assert is_told(verdict, version), (task.id, version.hears, verdict.says)


@exercises
def test_what_the_solutions_say_stands_in_the_solution(exercise):
    lines = {line.strip() for line in solution_text(exercise.service).splitlines()}
    for task in instrumented(exercise):
        blocks = re.findall(r"```python\n(.*?)```", task.solution, re.DOTALL)
        said = {line.strip() for line in chain.from_iterable(block.splitlines() for block in blocks)} - {""}
        assert said <= lines


@pytest.mark.parametrize(
    ("before", "instead", "hears"),
    [
        ("app = Flask(__name__)", "app = Flask(__name__", "SyntaxError"),
        ("app = Flask(__name__)", "app = Bakery(__name__)", "`NameError: name 'Bakery' is not defined` in line 8"),
        ('@app.get("/health")', 'del app\n\n\n@app.get("/health")', "NameError"),
    ],
    ids=["no-python", "an-unknown-name", "a-name-that-is-gone"],
)
def test_a_service_that_does_not_start_is_told_with_its_line(tmp_path, before, instead, hears):
    exercise = EXERCISES["40-what-the-bakery-counts"]
    write_version(exercise.service, Version(((before, instead),)), tmp_path)

    [task, *_] = exercise.tasks
    [said] = check_service(task.expects, task.service, observe(task.service, tmp_path)).says

    assert said.startswith("The service does not run: it ended by itself.")
    assert hears in said
    assert "of app.py" in said


def test_a_service_without_an_application_is_told_so(tmp_path):
    (tmp_path / "app.py").write_text("print('hello')\n")
    service = EXERCISES["40-what-the-bakery-counts"].service

    observed = observe(service, tmp_path)

    assert observed.last_error == "`RuntimeError: app.py has no Flask application that is called `app``"
    assert observed.lines == ("hello",)


HANGING = '@app.get("/menu")\ndef menu():\n', '@app.get("/menu")\ndef menu():\n    threading.Event().wait()\n'


def test_a_service_that_hangs_is_given_up_and_nothing_of_it_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(driving, "ANSWER_SECONDS", 0.2)
    exercise = EXERCISES["40-what-the-bakery-counts"]
    hangs = Version((("import time\n", "import threading\nimport time\n"), HANGING))
    write_version(exercise.service, hangs, tmp_path)
    twice = dataclasses.replace(exercise.service, sends=(dataclasses.replace(exercise.service.sends[1], times=9),))

    observed = observe(twice, tmp_path)

    assert observed.ended == "`GET /menu` has not been answered within 0.2 s"
    assert [sent.status for sent in observed.sent] == [None, None]
    assert services_of(tmp_path) == []


def test_a_service_that_is_run_by_hand_and_does_not_answer_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "START_SECONDS", 0.2)
    service = EXERCISES["40-what-the-bakery-counts"].service
    (tmp_path / "app.py").write_text("import threading\n\nthreading.Event().wait()\n")
    said = []

    assert running.run(service, tmp_path, said.append) is False
    assert said == ["bakery has not answered within 0.2 s of its start."]
    assert services_of(tmp_path) == []


STARTER = """
import sys, time
from pathlib import Path
from lab.exercises.services.process import ServiceProcess

with ServiceProcess(Path(sys.argv[1]), "bakery", Path(sys.argv[1]), {}):
    time.sleep(60)
"""


def test_a_service_ends_with_whoever_has_started_it(tmp_path):
    service = EXERCISES["40-what-the-bakery-counts"].service
    write_version(service, Version(()), tmp_path)
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], env=environment({}))
    try:
        assert happens(lambda: services_of(tmp_path))
    finally:
        starter.kill()
        starter.wait()

    assert happens(lambda: not services_of(tmp_path))


def happens(condition):
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def services_of(folder):
    """Processes that run the service of this folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cmdline()[1:4] == command(folder, "")[1:4]:
                found.append(process)
    return found
