"""What the supervisor needs to know about one process.

The stacks (lab/stacks/) write these; lab/supervisor.py starts them.
"""

import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

#: A part of the telemetry stack, of a system, or what services of a system keep things in.
Role = Literal["backend", "service", "backing"]


@dataclass(frozen=True)
class ProcessSpec:
    """One process to start and keep running, or, without a command, one to watch: somebody else starts it."""

    name: str
    command: Sequence[str] = ()
    #: Added to the lab's own environment; with `${NAME}` where a secret of the lab belongs (lab/secrets.py).
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Names of the processes that must be ready first.
    depends_on: Sequence[str] = ()
    #: Names of the processes that end after it, besides those: it starts without them, but speaks to them.
    ends_before: Sequence[str] = ()
    #: Every port it listens on; checked before anything starts.
    ports: Sequence[int] = ()
    #: It counts as ready when all of these answer, http with 2xx; with none, as soon as it runs.
    ready_urls: Sequence[str] = ()
    health_url: str | None = None
    url: str | None = None
    example_url: str | None = None
    role: Role = "service"
    system: str | None = None
    #: Added to the lab's own niceness: what must not slow the others is above 0.
    niceness: int = 0
    #: How long it may take from its start to being ready, and to end before it is killed; None: as every other.
    ready_timeout_seconds: float | None = None
    stop_grace_seconds: float | None = None
    #: What asks it to end.
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def is_watched_only(self) -> bool:
        return not self.command


def in_start_order(specs: Iterable[ProcessSpec]) -> list[ProcessSpec]:
    """Each after what it depends on. Raises ValueError for an unknown name or a circle."""
    waiting = list(specs)
    ordered: list[ProcessSpec] = []
    known = {spec.name for spec in waiting}
    for spec in waiting:
        for name in spec.depends_on:
            if name not in known:
                raise ValueError(f"{spec.name} depends on {name}, which is not among the processes to start")
    started: set[str] = set()
    while waiting:
        startable = [spec for spec in waiting if started.issuperset(spec.depends_on)]
        if not startable:
            raise ValueError("these processes depend on each other in a circle: " + ", ".join(s.name for s in waiting))
        ordered += startable
        started.update(spec.name for spec in startable)
        waiting = [spec for spec in waiting if spec.name not in started]
    return ordered
