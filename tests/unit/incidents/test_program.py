"""Somebody's program as a player: it is run, ended when its time is over, and never waited for in vain."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from lab.incidents.players.program import ProgramStopped, run_program


def run(code: str, seconds: float = 20.0, stop: threading.Event | None = None) -> str:
    return run_program([sys.executable, "-c", code], dict(os.environ), stop or threading.Event(), seconds)


def is_there(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_of_one_that_ends_well_there_is_nothing_to_say() -> None:
    assert run("print('fine')") == ""


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import sys; print('said'); sys.exit('no idea')", "exit code 1: said no idea"),
        ("import os; os._exit(7)", "exit code 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "exit code -11"),
        # What a terminal would take as a command, and what is no text.
        ("import os; os.write(1, b'\\x1b[2J\\xff'); os._exit(1)", "exit code 1: \ufffd[2J\ufffd"),
    ],
)
def test_of_one_that_fails_its_last_words_are_told(code: str, problem: str) -> None:
    assert run(code) == problem


def test_one_that_does_not_exist_is_told() -> None:
    problem = run_program(["/nowhere/agent"], {}, threading.Event())
    assert problem.startswith("it cannot be started: ")


def test_of_rubbish_without_end_only_the_end_is_kept() -> None:
    before = psutil.Process().memory_info().rss
    assert run("import os\nwhile True: os.write(1, b'x' * 65536)", seconds=1.0) == "it took longer than 1 s"
    assert psutil.Process().memory_info().rss - before < 50e6


@pytest.mark.parametrize("hangs", [False, True])
def test_what_one_has_started_ends_with_it(hangs: bool, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    stop = threading.Event()
    child = f"import os, time; open({str(started)!r}, 'w').write(f'{{os.getpid()}}.'); time.sleep(60)"
    code = (
        f"import os, subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"while not os.path.exists({str(started)!r}) or not open({str(started)!r}).read(): time.sleep(0.01)\n"
        f"time.sleep({60 if hangs else 0})"
    )

    def stop_it_once_started() -> None:
        while not started.exists() or not started.read_text().endswith("."):
            time.sleep(0.01)
        stop.set()

    if hangs:
        threading.Thread(target=stop_it_once_started, daemon=True).start()
        with pytest.raises(ProgramStopped):
            run(code, stop=stop)
    else:
        assert run(code) == ""
    # Killed, it still takes a moment to be gone.
    deadline = time.monotonic() + 10
    while is_there(int(started.read_text().rstrip("."))):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_whoever_stops_the_whole_does_not_wait_for_it() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(ProgramStopped):
        run("import time; time.sleep(60)", seconds=60, stop=stop)
    assert time.monotonic() - began < 30
