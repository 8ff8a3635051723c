"""What was solved is remembered, whatever happens meanwhile."""

import json
import threading

import pytest

from lab.exercises.progress import LearnerProgress, ProgressError, ProgressStore, progress_file


@pytest.fixture
def store(tmp_path):
    return ProgressStore(tmp_path / "deep" / "progress.json")


def test_nothing_is_known_of_somebody_new(store):
    assert store.read("ada") == LearnerProgress()


def test_what_is_changed_is_there_again_and_others_keep_theirs(store):
    with store.changing("ada") as progress:
        task = progress.begin("01-counting", 100.0).task("rate")
        task.points, task.passed_at, task.answer = 8, 101.0, "rate(x[1m])"
    with store.changing("bob") as progress:
        progress.begin("02-labels", 200.0)

    assert store.read("ada").task("01-counting", "rate").points == 8
    assert store.read("ada").current == "01-counting"
    assert store.read("bob").exercises["02-labels"].started_at == 200.0


def test_an_error_in_between_changes_nothing(store):
    def fail_half_way():
        with store.changing("ada") as progress:
            progress.begin("01-counting", 100.0)
            raise KeyError("half way")

    with pytest.raises(KeyError):
        fail_half_way()

    assert store.read("ada") == LearnerProgress()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"version": 1}', '{"version": 1, "learners": {"ada": {}}}', '{"version": 99}']
)
def test_a_broken_file_is_reported_and_left_alone(tmp_path, content):
    file = tmp_path / "progress.json"
    file.write_text(content)
    store = ProgressStore(file)

    with pytest.raises(ProgressError, match=r"progress\.json is not what the lab has written .* move it away"):
        store.read("ada")
    with pytest.raises(ProgressError), store.changing("ada") as progress:
        progress.begin("01-counting", 100.0)
    assert file.read_text() == content


def test_a_place_that_cannot_be_written_to_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    store = ProgressStore(tmp_path / "file" / "progress.json")

    with pytest.raises(ProgressError, match="LAB_PROGRESS_FILE names another file"), store.changing("ada"):
        pass


def test_two_at_the_same_time_lose_nothing(store):
    def work(learner):
        for n in range(20):
            with store.changing(learner) as progress:
                progress.begin("01-counting", 1.0).task(f"task{n}").attempts += 1

    threads = [threading.Thread(target=work, args=(learner,)) for learner in ("ada", "bob", "ada")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {task.attempts for task in store.read("ada").exercises["01-counting"].tasks.values()} == {2}
    assert len(store.read("bob").exercises["01-counting"].tasks) == 20


def test_the_file_is_in_the_users_own_place_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_PROGRESS_FILE", str(tmp_path / "mine.json"))
    assert progress_file() == tmp_path / "mine.json"

    monkeypatch.delenv("LAB_PROGRESS_FILE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert progress_file() == tmp_path / "glasshouse" / "progress.json"


def test_the_file_can_be_read_by_people(store, tmp_path):
    with store.changing("ada") as progress:
        progress.begin("01-counting", 100.0)

    content = json.loads((tmp_path / "deep" / "progress.json").read_text())
    assert content == {
        "version": 1,
        "learners": {
            "ada": {"current": "01-counting", "exercises": {"01-counting": {"started_at": 100.0, "tasks": {}}}}
        },
    }
