"""Finding and ending processes that a lab started, and no others.

Each supervised process leads its own session and process group, and carries the run's id in its
environment. So children of children are found as well, also after the supervisor is gone.
"""

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterable

import psutil

from lab.run_state import ProcessIdentity

#: Stands in the environment of every supervised process, with the run's id as its value.
RUN_ID_VARIABLE = "LAB_RUN_ID"

#: psutil derives a process's creation time from the time of boot, which moves a little when the clock is set.
CREATE_TIME_TOLERANCE_SECONDS = 2.0

POLL_SECONDS = 0.02


def identify(pid: int) -> ProcessIdentity:
    """Raises psutil.NoSuchProcess."""
    return ProcessIdentity(pid, psutil.Process(pid).create_time())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether this very process still runs; a zombie does not."""
    try:
        process = psutil.Process(identity.pid)
        return _created_when(process, identity) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def members(identities: Iterable[ProcessIdentity], run_ids: Collection[str]) -> list[psutil.Process]:
    """Living processes of these groups, and any other with one of these run ids in its environment."""
    leaders = {identity.pid for identity in identities if is_alive(identity)}
    own_group = os.getpgrp()
    found = []
    for process in psutil.process_iter():
        try:
            group = os.getpgid(process.pid)
            if group == own_group or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if group in leaders or (run_ids and _run_id(process) in run_ids):
                found.append(process)
        except (psutil.Error, ProcessLookupError, PermissionError):
            continue
    return found


def end(processes: Collection[psutil.Process], grace_seconds: float) -> int:
    """SIGTERM, and SIGKILL for what is left after the grace. Returns how many there were."""
    # psutil checks the creation time before it sends a signal, so a recycled pid is safe.
    for process in processes:
        _send(process, signal.SIGTERM)
    _, left = psutil.wait_procs(processes, timeout=grace_seconds)
    for process in left:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=grace_seconds)
    return len(processes)


def kill_group(leader_pid: int) -> None:
    """Kills what is left of a group at once."""
    signal_group(leader_pid, signal.SIGKILL)


def signal_group(leader_pid: int, number: signal.Signals) -> None:
    """Only for groups of our own children: while those are not reaped, or were just now, the number is theirs."""
    try:
        os.killpg(leader_pid, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM when only zombies are left.
        return


def wait_until_gone(identity: ProcessIdentity, timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while is_alive(identity):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def memory_bytes(identity: ProcessIdentity, with_descendants: bool = True) -> int:
    """Memory that a process and, if asked, all its descendants take.

    What several processes share is divided among them, so that sums are true; where the system does not tell, as on
    macOS, it counts in each."""
    total = 0
    try:
        leader = psutil.Process(identity.pid)
        if not _created_when(leader, identity):
            return 0
        for process in (leader, *(leader.children(recursive=True) if with_descendants else ())):
            total += _memory_bytes(process)
    except psutil.Error:
        return total
    return total


def _memory_bytes(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error, AttributeError):
        return int(process.memory_full_info().pss)
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _created_when(process: psutil.Process, identity: ProcessIdentity) -> bool:
    return abs(process.create_time() - identity.create_time) <= CREATE_TIME_TOLERANCE_SECONDS


def _run_id(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(RUN_ID_VARIABLE)
    except (psutil.Error, OSError, ValueError):
        return None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
