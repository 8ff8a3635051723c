"""A learner's service, run by hand until Ctrl-C. Where a lab runs, it shows what the service tells.

Its metrics are scraped and its spans are sent by OTLP, as those of any service; what it writes is pushed to Loki.
"""

import json
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import requests

from lab import process_group
from lab.end_signals import ends_by_interrupt
from lab.exercises.services.description import Requests, Service
from lab.exercises.services.driving import START_SECONDS
from lab.exercises.services.neighbour import NeighbourServer
from lab.exercises.services.process import command, environment
from lab.paths import StateDirectory
from lab.run_state import write_json_atomically
from lab.stacks.targets import Target

#: What a lab's own services wait at most for somebody who does not answer.
_PUSH_SECONDS = 2.0
_GRACE_SECONDS = 3.0


def run(
    service: Service,
    folder: Path,
    say: Callable[[str], None],
    backends: Mapping[str, str] | None = None,
    state_dir: StateDirectory | None = None,
) -> bool:
    """Until it is interrupted, or the service ends by itself or does not answer: then it returns false, and why has
    been said.

    `backends` and `state_dir` are those of the lab that runs."""
    with ExitStack() as stack:
        # Its target must not stay behind: it would be one that cannot be scraped.
        stack.enter_context(ends_by_interrupt())
        variables, options = {}, []
        if service.neighbour is not None:
            variables[service.neighbour.variable] = stack.enter_context(NeighbourServer()).url
        if backends:
            options += ["--traces-endpoint", f"{backends['otlp_http']}/v1/traces"]
        # Here it is closed at once: when the service ends, nobody may go on waiting for it.
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = f"127.0.0.1:{listening.getsockname()[1]}"
            listening.set_inheritable(True)
            child = subprocess.Popen(
                command(folder, service.name, "--socket", str(listening.fileno()), *options),
                env=environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=[listening.fileno()],
                # Ctrl-C in a terminal is for this process to pass on: there are spans that have not been sent.
                start_new_session=True,
                text=True,
            )
        stack.callback(_end, child)
        with suppress(KeyboardInterrupt):
            metrics = _status_of_metrics(f"http://{address}")
            if metrics is None:
                try:
                    # One that ends has closed the connection a moment before it is gone.
                    child.wait(_GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    say(f"{service.name} has not answered within {START_SECONDS:g} s of its start.")
                return False
            # One without metrics would be a target that cannot be scraped, and an alert.
            if state_dir is not None and metrics == 200:
                stack.enter_context(_announced(state_dir, Target(address, job="exercise", service=service.name)))
            for line in _introduction(service, f"http://{address}", in_a_lab=bool(backends)):
                say(line)
            assert child.stdout is not None
            for line in child.stdout:
                say(line.rstrip("\n"))
                if backends:
                    _push(backends["loki"], service.name, line.rstrip("\n"))
            return False
    return True


def _introduction(service: Service, url: str, in_a_lab: bool) -> Iterator[str]:
    yield f"{service.name} answers at {url}; Ctrl-C ends it. To ask it something:"
    yield f"  curl {url}/metrics"
    for one in service.sends:
        yield f"  {_as_curl(one, url)}"
    if in_a_lab:
        yield f'In your lab it is service="{service.name}"; with metrics, if it has /metrics already.'
    else:
        yield "No lab is running: what it tells is only seen here."


def _as_curl(one: Requests, url: str) -> str:
    path = f"{url}{one.path}".replace("{n}", "1")
    if one.body is None:
        return f"curl {path}"
    body = shlex.quote(json.dumps(one.body).replace("{n}", "1"))
    # Not --json, which curl has learned in 2022.
    return f"curl {path} -H 'Content-Type: application/json' -d {body}"


def _status_of_metrics(url: str) -> int | None:
    """None when the service does not run."""
    with suppress(requests.RequestException), requests.Session() as session:
        session.trust_env = False
        return session.get(f"{url}/metrics", timeout=START_SECONDS).status_code
    return None


@contextmanager
def _announced(state_dir: StateDirectory, target: Target) -> Iterator[None]:
    """For whoever scrapes the lab, in a file of its own beside the lab's."""
    file = state_dir.targets / f"exercise-{target.service}.json"
    write_json_atomically(file, [target.as_file_sd()])
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _push(loki_url: str, service: str, line: str) -> None:
    """What does not arrive has been shown all the same."""
    entry = {"stream": {"service": service}, "values": [[str(time.time_ns()), line]]}
    with suppress(requests.RequestException):
        requests.post(f"{loki_url}/loki/api/v1/push", json={"streams": [entry]}, timeout=_PUSH_SECONDS)


def _end(child: "subprocess.Popen[str]") -> None:
    process_group.signal_group(child.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE_SECONDS)
    process_group.kill_group(child.pid)
    child.wait()
    if child.stdout is not None:
        child.stdout.close()
