"""The state of each process of a running lab, put together from what it answers and what the supervisor says."""

import json
import time
from dataclasses import dataclass
from functools import partial

from lab.deadline import ask_all
from lab.http_probe import ProbeResult
from lab.probe import probe
from lab.process_group import is_alive, memory_bytes
from lab.run_state import ProcessState, RunState


@dataclass(frozen=True)
class ProcessHealth:
    """One row of `lab status`."""

    name: str
    role: str
    url: str | None
    #: Whether it answers its liveness check, and its readiness checks.
    healthy: bool
    ready: bool
    #: What is wrong, or None.
    problem: str | None
    pid: int | None
    uptime_seconds: float | None
    restarts: int
    memory_bytes: int


#: Within which a process has to give all its answers.
DEADLINE_SECONDS = 8.0


def check_all(state: RunState) -> list[ProcessHealth]:
    """All at once: a process that hangs delays the others by nothing."""
    answers = ask_all([partial(check, process) for process in state.processes], DEADLINE_SECONDS)
    return [answer or _no_answer(process) for process, answer in zip(state.processes, answers, strict=True)]


def _no_answer(process: ProcessState) -> ProcessHealth:
    return ProcessHealth(
        name=process.name,
        role=process.role,
        url=process.url,
        healthy=False,
        ready=False,
        problem=f"its answers do not come to an end within {DEADLINE_SECONDS:g} s",
        pid=process.identity.pid if process.identity else None,
        uptime_seconds=None,
        restarts=process.restarts,
        memory_bytes=0,
    )


def check(process: ProcessState) -> ProcessHealth:
    identity = process.identity
    alive = identity is not None and is_alive(identity)
    if not alive and not process.watched_only:
        problem = f"{process.phase.replace('_', ' ')}: {process.message}" if process.message else "is not running"
        return ProcessHealth(
            process.name, process.role, process.url, False, False, problem, None, None, process.restarts, 0
        )
    health = probe(process.health_url) if process.health_url else ProbeResult(200, "OK")
    problems = [] if health.ok else [_problem("health", health)]
    ready = True
    for url in process.ready_urls:
        result = probe(url)
        if not result.ok:
            ready = False
            problems.append(_problem("ready", result))
    return ProcessHealth(
        name=process.name,
        role=process.role,
        url=process.url,
        healthy=health.ok,
        ready=ready,
        problem="; ".join(dict.fromkeys(problems)) or None,
        pid=identity.pid if identity else None,
        uptime_seconds=max(time.time() - process.started_at, 0.0) if process.started_at else None,
        restarts=process.restarts,
        memory_bytes=memory_bytes(identity) if identity else 0,
    )


def _problem(check_name: str, result: ProbeResult) -> str:
    if result.status is None:
        return f"{check_name}: {result.reason}"
    return f"{check_name}: {result.status} {_failing_dependencies(result.body) or result.reason}"


def _failing_dependencies(body: bytes) -> str:
    """The short form of a JSON answer; empty when there is nothing short in it."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    return json.dumps(content)[:200]
