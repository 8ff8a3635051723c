"""`lab down`, in every state that it can find a lab in."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from lab.run_state import ProcessIdentity, read_run_state, write_run_state


def test_down_ends_a_running_lab(throwaway_lab, run_lab):
    throwaway_lab.add("backend")
    throwaway_lab.start_and_wait()

    result = run_lab("down")

    assert (result.returncode, result.stdout, result.stderr) == (0, "The lab has been stopped.\n", "")
    assert throwaway_lab.process.wait(timeout=10) == 0
    assert throwaway_lab.survivors() == []
    assert throwaway_lab.state() is None


def test_down_without_a_lab_says_so(run_lab):
    result = run_lab("down")

    assert (result.returncode, result.stdout) == (0, "No lab is running.\n")


@pytest.mark.slow
def test_down_ends_what_a_killed_supervisor_left_behind_workers_included(throwaway_lab, run_lab):
    throwaway_lab.add("backend", "--with-child")
    throwaway_lab.add("frontend", depends_on=("backend",))
    throwaway_lab.start_and_wait()
    throwaway_lab.process.kill()
    throwaway_lab.process.wait()
    assert throwaway_lab.answers("backend")

    result = run_lab("down")

    assert result.returncode == 0
    assert result.stdout == "Ended what had been left behind (3 processes).\nThe lab has been stopped.\n"
    assert throwaway_lab.survivors() == []


@pytest.mark.slow
def test_down_finds_workers_whose_leader_died_after_the_supervisor(throwaway_lab, run_lab, wait_for):
    throwaway_lab.add("backend", "--with-child")
    throwaway_lab.start_and_wait()
    leader = throwaway_lab.pid_of("backend")
    wait_for(psutil.Process(leader).children, "the worker runs")
    throwaway_lab.process.kill()
    throwaway_lab.process.wait()
    os.kill(leader, signal.SIGKILL)

    result = run_lab("down")

    assert "Ended what had been left behind (1 process)." in result.stdout
    assert throwaway_lab.survivors() == []


@pytest.mark.slow
def test_down_never_touches_a_process_that_has_inherited_a_recorded_pid(throwaway_lab, run_lab):
    throwaway_lab.add("backend")
    throwaway_lab.start_and_wait()
    throwaway_lab.process.kill()
    throwaway_lab.process.wait()
    environment = {name: value for name, value in os.environ.items() if name != "THROWAWAY_LAB"}
    stranger = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env=environment, start_new_session=True
    )
    try:
        # As if the backend had ended long ago and the system had given its number to somebody else.
        state = read_run_state(throwaway_lab.directory)
        state.processes[0].identity = ProcessIdentity(stranger.pid, psutil.Process(stranger.pid).create_time() - 3600)
        state.supervisor = ProcessIdentity(stranger.pid, psutil.Process(stranger.pid).create_time() - 3600)
        write_run_state(throwaway_lab.directory, state)

        result = run_lab("down")

        assert stranger.poll() is None
        # The real one is found all the same: it carries the run's id.
        assert "Ended what had been left behind (1 process)." in result.stdout
    finally:
        stranger.kill()
        stranger.wait()
