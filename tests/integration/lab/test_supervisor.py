"""The supervisor with real processes: order of start, restarts, giving up, and leaving nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab.health import check

THROWAWAY_SERVICE = Path(__file__).parent / "throwaway_service.py"


def test_processes_start_after_those_they_depend_on(throwaway_lab, wait_for):
    throwaway_lab.add("frontend", depends_on=("backend",))
    throwaway_lab.add("backend", depends_on=("database",))
    throwaway_lab.add("database")

    state = throwaway_lab.start_and_wait()

    assert [process.name for process in state.processes] == ["database", "backend", "frontend"]
    started = [process.started_at for process in state.processes]
    assert started == sorted(started)
    assert all(throwaway_lab.answers(name) for name in ("frontend", "backend", "database"))


def test_a_killed_process_comes_back_and_the_others_are_left_alone(throwaway_lab, wait_for):
    throwaway_lab.add("backend")
    throwaway_lab.add("frontend", depends_on=("backend",))
    throwaway_lab.start_and_wait()
    killed, untouched = throwaway_lab.pid_of("backend"), throwaway_lab.pid_of("frontend")

    os.kill(killed, signal.SIGKILL)
    wait_for(
        lambda: throwaway_lab.pid_of("backend") != killed and throwaway_lab.state().process("backend").phase == "ready",
        "the killed process is back",
    )

    assert throwaway_lab.answers("backend")
    assert throwaway_lab.state().process("backend").restarts == 1
    assert throwaway_lab.pid_of("frontend") == untouched
    _, output = throwaway_lab.end()
    assert "backend ended (SIGKILL)" in output
    assert "starting it again in 0.1 s" in output
    assert "backend is ready again" in output


@pytest.mark.slow
def test_workers_of_a_killed_process_are_killed_before_it_is_started_again(throwaway_lab, wait_for):
    throwaway_lab.add("backend", "--with-child")
    throwaway_lab.start_and_wait()
    leader = psutil.Process(throwaway_lab.pid_of("backend"))
    worker = wait_for(leader.children, "the worker runs")[0]

    leader.kill()
    wait_for(lambda: throwaway_lab.state().process("backend").restarts == 1, "it is started again")

    wait_for(lambda: not worker.is_running(), "the orphaned worker is gone")


@pytest.mark.slow
def test_a_process_that_keeps_dying_is_given_up_with_the_reason_and_the_others_go_on(throwaway_lab, wait_for):
    throwaway_lab.plan["policy"] = {"first_delay_seconds": 0.05, "most_deaths_in_a_row": 2}
    throwaway_lab.add("flapping", "--exit-after", "0.5")
    throwaway_lab.add("steady")
    throwaway_lab.start_and_wait()

    wait_for(lambda: throwaway_lab.state().process("flapping").phase == "failed", "it is given up")

    flapping = throwaway_lab.state().process("flapping")
    assert flapping.restarts == 2
    assert flapping.message == "given up after 2 restarts in a row, at last exit code 3"
    assert throwaway_lab.answers("steady")


def test_a_start_that_fails_names_the_process_shows_its_output_and_ends_the_others(throwaway_lab):
    throwaway_lab.add("backend")
    throwaway_lab.add("frontend", "--no-such-option", depends_on=("backend",))
    throwaway_lab.start()

    output, _ = throwaway_lab.process.communicate(timeout=30)

    assert throwaway_lab.process.returncode == 1
    assert "failed: frontend ended right after its start (exit code 2)" in output
    assert "unrecognized arguments: --no-such-option" in output
    assert throwaway_lab.survivors() == []


def test_a_process_that_never_gets_ready_fails_the_start_within_its_time_limit(throwaway_lab):
    throwaway_lab.plan["ready_timeout_seconds"] = 1.0
    throwaway_lab.add("backend", "--never-ready")
    throwaway_lab.start()

    output, _ = throwaway_lab.process.communicate(timeout=30)

    assert throwaway_lab.process.returncode == 1
    assert "failed: backend was not ready within 1 s (http://127.0.0.1:" in output
    assert "/ready: 503 Service Unavailable)" in output
    assert f"serving on {throwaway_lab.ports['backend']}" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_and_leaves_nothing_behind(throwaway_lab, number):
    throwaway_lab.add("backend", "--with-child")
    throwaway_lab.add("frontend", depends_on=("backend",))
    throwaway_lab.start_and_wait()

    exit_code, output = throwaway_lab.end(number)

    assert (exit_code, output.splitlines()[-1]) == (0, "ended")
    assert throwaway_lab.survivors() == []


def test_a_signal_while_starting_ends_everything(throwaway_lab, wait_for):
    throwaway_lab.add("backend", "--never-ready")
    throwaway_lab.start()
    wait_for(lambda: throwaway_lab.state() and throwaway_lab.state().process("backend").identity, "it has started")

    exit_code, _ = throwaway_lab.end()

    assert exit_code == 0
    assert throwaway_lab.survivors() == []


def test_a_process_that_ignores_the_request_to_end_is_killed_after_the_grace(throwaway_lab):
    throwaway_lab.plan["stop_grace_seconds"] = 0.3
    throwaway_lab.add("stubborn", "--ignore-sigterm")
    throwaway_lab.start_and_wait()

    _, output = throwaway_lab.end()

    assert "stubborn did not end when asked and is killed" in output
    assert throwaway_lab.survivors() == []


def test_a_process_may_have_more_time_to_end_than_the_others(throwaway_lab):
    throwaway_lab.plan["stop_grace_seconds"] = 0.3
    throwaway_lab.add("slow", "--end-after", "1.0")
    throwaway_lab.plan["processes"][0]["stop_grace_seconds"] = 20.0
    throwaway_lab.start_and_wait()
    assert throwaway_lab.state().process("slow").stop_grace_seconds == 20.0

    exit_code, output = throwaway_lab.end()

    assert exit_code == 0
    assert "is killed" not in output


def test_a_process_may_have_less_time_to_get_ready_than_the_others(throwaway_lab):
    throwaway_lab.add("backend", "--never-ready")
    throwaway_lab.plan["processes"][0]["ready_timeout_seconds"] = 0.7
    throwaway_lab.start()

    output, _ = throwaway_lab.process.communicate(timeout=30)

    assert "failed: backend was not ready within 0.7 s" in output


def test_what_somebody_else_starts_is_waited_for_and_watched_but_neither_started_nor_ended(
    throwaway_lab, free_port, wait_for
):
    address = f"http://127.0.0.1:{free_port}"
    throwaway_lab.plan["processes"] = [
        {"name": "container", "url": address, "health_url": f"{address}/health", "ready_urls": [f"{address}/ready"]}
    ]
    throwaway_lab.add("frontend", depends_on=("container",))
    throwaway_lab.start()
    wait_for(lambda: (state := throwaway_lab.state()) and state.process("container").phase == "starting", "it waits")
    assert throwaway_lab.state().process("frontend").phase == "waiting"

    container = subprocess.Popen([sys.executable, str(THROWAWAY_SERVICE), "--port", str(free_port)])
    try:
        state = wait_for(lambda: throwaway_lab.in_phase("running"), "the lab runs")
        health = check(state.process("container"))
        assert (health.healthy, health.ready, health.problem, health.pid) == (True, True, None, None)

        container.kill()
        container.wait(10)
        assert (
            check(state.process("container")).problem == "health: nothing listens there; ready: nothing listens there"
        )
        assert throwaway_lab.end()[0] == 0
    finally:
        container.kill()
        container.wait(10)


def test_processes_are_never_sent_through_a_proxy_and_know_their_run(throwaway_lab, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("no_proxy", "example.org")
    note = tmp_path / "environment.json"
    throwaway_lab.add("backend", "--note-environment", str(note))

    state = throwaway_lab.start_and_wait()

    environment = json.loads(note.read_text(encoding="utf-8"))
    assert environment["NO_PROXY"] == environment["no_proxy"] == "127.0.0.1,localhost,example.org"
    assert environment["LAB_RUN_ID"] == state.run_id


def test_output_is_kept_in_a_file(throwaway_lab):
    throwaway_lab.add("backend")
    throwaway_lab.start_and_wait()

    written = throwaway_lab.directory.output_file("backend").read_text(encoding="utf-8")

    assert written == f"serving on {throwaway_lab.ports['backend']}\n"


def test_it_goes_on_and_ends_cleanly_when_nobody_reads_what_it_says_any_more(throwaway_lab, wait_for):
    throwaway_lab.add("backend")
    throwaway_lab.start_and_wait()
    throwaway_lab.process.stdout.close()

    os.kill(throwaway_lab.pid_of("backend"), signal.SIGKILL)
    wait_for(lambda: throwaway_lab.state().process("backend").restarts == 1, "it is started again")
    throwaway_lab.process.send_signal(signal.SIGHUP)
    throwaway_lab.process.wait(timeout=20)

    assert throwaway_lab.survivors() == []


def test_a_program_that_does_not_exist_fails_the_start(throwaway_lab):
    throwaway_lab.add("backend")
    throwaway_lab.plan["processes"][0]["command"] = ["/no/such/program"]
    throwaway_lab.start()

    output, _ = throwaway_lab.process.communicate(timeout=20)

    assert throwaway_lab.process.returncode == 1
    assert "failed: backend cannot be started: [Errno 2] No such file or directory: '/no/such/program'" in output
