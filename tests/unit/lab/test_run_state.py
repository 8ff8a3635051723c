"""run.json: what one `lab` writes, another reads."""

import os

import pytest

from lab.paths import StateDirectory
from lab.run_state import (
    AlreadyRunning,
    ProcessIdentity,
    ProcessState,
    RunState,
    read_run_state,
    supervisor_is_alive,
    supervisor_lock,
    write_run_state,
)

STATE = RunState(
    run_id="abc",
    supervisor=ProcessIdentity(10, 1.5),
    stack="embedded",
    systems=["chain"],
    port_offset=1000,
    backends={"prometheus": "http://127.0.0.1:10090"},
    started_at=100.0,
    phase="running",
    processes=[
        ProcessState(
            name="frontend",
            role="service",
            system="chain",
            url="http://127.0.0.1:9001",
            example_url="http://127.0.0.1:9001/user/123",
            health_url="http://127.0.0.1:9001/health",
            ready_urls=["http://127.0.0.1:9001/ready"],
            phase="ready",
            identity=ProcessIdentity(11, 2.5),
            started_at=101.0,
            restarts=2,
            message="SIGKILL",
        ),
        ProcessState("waiting", "service", None, None, None, None, []),
    ],
)


@pytest.fixture
def directory(tmp_path):
    return StateDirectory(tmp_path / "state")


def test_what_is_written_is_read(directory):
    write_run_state(directory, STATE)

    assert read_run_state(directory) == STATE
    assert [path.name for path in directory.root.iterdir()] == ["run.json"]


def test_without_a_file_there_is_no_state(directory):
    assert read_run_state(directory) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"processes": 1}', '{"processes": [], "novel": 1}'])
def test_a_damaged_or_foreign_file_counts_as_none(directory, content):
    directory.create()
    directory.run_file.write_text(content, encoding="utf-8")

    assert read_run_state(directory) is None


def test_a_write_that_fails_leaves_the_old_state_and_no_rubbish(directory, monkeypatch):
    write_run_state(directory, STATE)

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_run_state(directory, RunState(**{**vars(STATE), "phase": "stopping"}))

    assert read_run_state(directory) == STATE
    assert [path.name for path in directory.root.iterdir()] == ["run.json"]


def test_one_supervisor_at_a_time(directory):
    assert not supervisor_is_alive(directory)
    with supervisor_lock(directory):
        assert supervisor_is_alive(directory)
        with pytest.raises(AlreadyRunning), supervisor_lock(directory):
            pass
    assert not supervisor_is_alive(directory)


def test_the_state_directory_is_the_one_asked_for_else_the_environments_else_the_repositorys(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_STATE_DIR", str(tmp_path / "from-environment"))
    assert StateDirectory.choose(tmp_path / "asked").root == tmp_path / "asked"
    assert StateDirectory.choose().root == tmp_path / "from-environment"
    monkeypatch.delenv("LAB_STATE_DIR")
    assert StateDirectory.choose().root.name == ".lab"
