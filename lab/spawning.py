"""Starts one process as its spec says: in a session of its own, with its output in a file, and marked as this lab's."""

import contextlib
import os
import subprocess

from lab import output_file, process_group
from lab.paths import REPOSITORY, StateDirectory
from lab.process_spec import ProcessSpec
from lab.secrets import Secrets


def spawn(spec: ProcessSpec, directory: StateDirectory, run_id: str) -> "subprocess.Popen[bytes]":
    """Raises OSError when the program cannot be started."""
    output = output_file.open_for_process(directory.output_file(spec.name))
    try:
        child = subprocess.Popen(
            list(spec.command),
            cwd=REPOSITORY,
            env=_environment(spec, directory, run_id),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    finally:
        os.close(output)
    if spec.niceness:
        _make_nicer(child.pid, spec.niceness)
    return child


def _environment(spec: ProcessSpec, directory: StateDirectory, run_id: str) -> dict[str, str]:
    told = Secrets(directory).put_into(spec.environment)
    environment = {**os.environ, **told, process_group.RUN_ID_VARIABLE: run_id}
    environment["PYTHONUNBUFFERED"] = "1"
    # `python -m` finds the services whatever the user's own settings are.
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    # Everything talks over loopback; a proxy that is set for the world must not be asked.
    for variable in ("NO_PROXY", "no_proxy"):
        environment[variable] = ",".join(filter(None, ["127.0.0.1", "localhost", os.environ.get(variable)]))
    return environment


def _make_nicer(pid: int, niceness: int) -> None:
    """Before it has made a thread: threads take theirs from whoever makes them."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
