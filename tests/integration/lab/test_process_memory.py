"""How much memory a lab takes: real processes, measured through the operating system."""

import subprocess
import sys

import pytest

from lab.process_group import identify, memory_bytes

#: Fills 64 MB and forks; the child reads what it shares, and writes none of it.
SHARING = """
import os, sys
kept = b"x" * (64 << 20)
if os.fork():
    print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes share")
def test_what_processes_share_counts_once():
    with subprocess.Popen([sys.executable, "-c", SHARING], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        both = memory_bytes(identify(process.pid))
        parent_alone = memory_bytes(identify(process.pid), with_descendants=False)
        process.stdin.close()

    assert 64 << 20 < both < 100 << 20
    assert 32 << 20 < parent_alone < 60 << 20


def test_a_process_that_is_gone_takes_none():
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    identity = identify(process.pid)
    process.communicate()

    assert memory_bytes(identity) == 0
