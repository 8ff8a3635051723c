"""What ends a command as Ctrl-C does: seen from outside, because this process has handlers of its own."""

import subprocess
import sys

import pytest

from lab.paths import REPOSITORY

_COMMAND = """
import signal, sys
from lab.end_signals import ends_by_interrupt

number, how = signal.Signals[sys.argv[1]], sys.argv[2]
if how == "ignored":
    signal.signal(number, signal.SIG_IGN)
before = signal.getsignal(number)
try:
    with ends_by_interrupt():
        signal.raise_signal(number)
        print("goes on")
except KeyboardInterrupt:
    print("undone")
assert signal.getsignal(number) == before
"""


@pytest.mark.parametrize(
    ("name", "how", "says"),
    [
        ("SIGINT", "heard", "undone"),
        ("SIGTERM", "heard", "undone"),
        ("SIGHUP", "heard", "undone"),
        # As a script's `command &` has it, and as `nohup command` has it.
        ("SIGINT", "ignored", "undone"),
        ("SIGHUP", "ignored", "goes on"),
    ],
)
def test_whoever_ends_a_command_lets_it_undo_what_it_has_begun(name: str, how: str, says: str) -> None:
    words = [sys.executable, "-c", _COMMAND, name, how]
    outcome = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (outcome.stdout.strip(), outcome.returncode) == (says, 0), outcome.stderr
