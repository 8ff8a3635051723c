"""Starts processes in dependency order, restarts what dies, and ends them all; one thread, one loop.

What to start comes as ProcessSpecs from lab/stacks/; what it says about itself goes to run.json
(lab/run_state.py); how it looks on a terminal is lab/commands/up.py's business.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

from lab import output_file, process_group
from lab.deadline import ask_all
from lab.end_signals import handled
from lab.paths import StateDirectory
from lab.probe import probe
from lab.process_spec import ProcessSpec, in_start_order
from lab.restart_policy import RestartPolicy
from lab.run_state import ProcessIdentity, ProcessPhase, ProcessState, RunState, write_run_state
from lab.spawning import spawn

#: How long one process may take from its start to being ready, unless its spec says otherwise.
READY_TIMEOUT_SECONDS = 60.0
#: How long one process may take to end before it is killed, unless its spec says otherwise.
STOP_GRACE_SECONDS = 8.0

#: A process is asked to end this long after those that depend on it, should they not have ended by then.
_HEAD_START_SECONDS = 2.0
_POLL_SECONDS = 0.05
_WATCH_SECONDS = 0.2
_HOUSEKEEPING_SECONDS = 2.0
_PROBE_TIMEOUT_SECONDS = 1.0
#: For all the addresses of a process together, should none of them answer.
_PROBE_DEADLINE_SECONDS = 4.0
_LINES_SHOWN_ON_FAILURE = 15


class StartFailed(RuntimeError):
    """A process did not come up. `output` holds the last lines that it printed."""

    def __init__(self, process_name: str, reason: str, output: Sequence[str]) -> None:
        super().__init__(f"{process_name} {reason}")
        self.process_name = process_name
        self.reason = reason
        self.output = list(output)


class StopRequested(Exception):
    """Somebody asked the lab to end while it was still starting."""


@dataclass
class _Supervised:
    spec: ProcessSpec
    state: ProcessState
    policy: RestartPolicy
    child: subprocess.Popen[bytes] | None = None
    #: Monotonic seconds of the latest start, and of the next one while backing off.
    started: float = 0.0
    restart_due: float = 0.0
    #: Where this start's output begins in the output file.
    output_starts_at: int = 0
    slow_start_reported: bool = False
    #: Monotonic seconds of the request to end.
    asked_to_end: float | None = None


@dataclass
class Supervisor:
    """Runs until asked to stop.

    `on_event` gets one sentence about whatever happens to a process; `on_progress` is called again and again while the
    lab starts."""

    directory: StateDirectory
    state: RunState
    specs: Sequence[ProcessSpec]
    on_event: Callable[[str], None]
    on_progress: Callable[[], None] = lambda: None
    ready_timeout_seconds: float = READY_TIMEOUT_SECONDS
    stop_grace_seconds: float = STOP_GRACE_SECONDS
    make_policy: Callable[[], RestartPolicy] = RestartPolicy
    _supervised: list[_Supervised] = field(default_factory=list, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _hurry: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        for spec in in_start_order(self.specs):
            state = ProcessState(
                name=spec.name,
                role=spec.role,
                system=spec.system,
                url=spec.url,
                example_url=spec.example_url,
                health_url=spec.health_url,
                ready_urls=list(spec.ready_urls),
                watched_only=spec.is_watched_only,
                stop_grace_seconds=self._stop_grace(spec),
            )
            self.state.processes.append(state)
            self._supervised.append(_Supervised(spec, state, self.make_policy()))

    def run(self, on_ready: Callable[[], None]) -> None:
        """Starts everything, calls `on_ready`, watches until stop() or a signal; always ends every process.

        Raises StartFailed when a process does not come up at first; later deaths lead to restarts."""
        with handled(self._stop_on_signal):
            try:
                write_run_state(self.directory, self.state)
                self._start_all()
                self.state.phase = "running"
                self._write_state()
                _whoever_reads(on_ready)
                self._watch()
            except StopRequested:
                self._tell("asked to stop while starting")
            except StartFailed as failure:
                self.state.phase, self.state.message = "failed", str(failure)
                raise
            finally:
                self._stop_all()

    def stop(self) -> None:
        self._stop.set()

    def _start_all(self) -> None:
        while any(item.state.phase != "ready" for item in self._supervised):
            for item in self._supervised:
                if item.state.phase == "waiting" and self._may_start(item):
                    self._spawn_first(item)
            _whoever_reads(self.on_progress)
            self._await_first_readiness([item for item in self._supervised if item.state.phase == "starting"])
            if self._stop.wait(_POLL_SECONDS):
                raise StopRequested

    def _spawn_first(self, item: _Supervised) -> None:
        if item.spec.is_watched_only:
            item.started = time.monotonic()
            self._set_phase(item, "starting")
            return
        try:
            self._spawn(item)
        except OSError as error:
            self._fail_start(item, f"cannot be started: {error}")

    def _may_start(self, item: _Supervised) -> bool:
        ready = {other.spec.name for other in self._supervised if other.state.phase == "ready"}
        return ready.issuperset(item.spec.depends_on)

    def _await_first_readiness(self, items: Sequence[_Supervised]) -> None:
        """All are asked at once: who has taken the question but is not there yet to answer holds up no other."""
        # An answer is a tuple, because None is that there was none.
        questions = [partial(lambda item: (self._unready_url(item),), item) for item in items]
        for item, answer in zip(items, ask_all(questions, _PROBE_DEADLINE_SECONDS), strict=True):
            self._judge_first_readiness(item, answer[0] if answer else "no answer yet")

    def _judge_first_readiness(self, item: _Supervised, waiting_for: str | None) -> None:
        if item.child is not None and item.child.poll() is not None:
            self._fail_start(item, f"ended right after its start ({_how_it_ended(item.child.returncode)})")
        if waiting_for is None:
            self._set_phase(item, "ready")
        elif time.monotonic() - item.started > self._ready_timeout(item.spec):
            self._fail_start(item, f"was not ready within {self._ready_timeout(item.spec):g} s ({waiting_for})")

    def _fail_start(self, item: _Supervised, reason: str) -> None:
        self._set_phase(item, "failed", reason)
        path = self.directory.output_file(item.spec.name)
        raise StartFailed(
            item.spec.name, reason, output_file.last_lines(path, _LINES_SHOWN_ON_FAILURE, item.output_starts_at)
        )

    def _watch(self) -> None:
        housekeeping_due = 0.0
        while not self._stop.wait(_WATCH_SECONDS):
            for item in self._supervised:
                self._look_after(item)
            if time.monotonic() >= housekeeping_due:
                self._keep_output_files_small()
                housekeeping_due = time.monotonic() + _HOUSEKEEPING_SECONDS

    def _look_after(self, item: _Supervised) -> None:
        if item.spec.is_watched_only:
            # Whoever started it keeps it running; `status` asks it itself.
            return
        phase = item.state.phase
        if phase in ("starting", "ready") and _child(item).poll() is not None:
            self._react_to_death(item)
        elif phase == "starting":
            self._await_readiness_again(item)
        elif phase == "backing_off" and time.monotonic() >= item.restart_due:
            item.state.restarts += 1
            try:
                self._spawn(item)
            except OSError as error:
                self._plan_restart(item, f"cannot be started: {error}", lived_seconds=0.0)

    def _react_to_death(self, item: _Supervised) -> None:
        child = _child(item)
        # Its workers may outlive it, holding the port that the next one needs.
        process_group.kill_group(child.pid)
        self._plan_restart(item, _how_it_ended(child.returncode), time.monotonic() - item.started)

    def _plan_restart(self, item: _Supervised, ending: str, lived_seconds: float) -> None:
        delay = item.policy.delay_after_death(lived_seconds)
        if delay is None:
            reason = f"given up after {item.policy.most_deaths_in_a_row} restarts in a row, at last {ending}"
            self._set_phase(item, "failed", reason)
            self._tell(f"{item.spec.name}: {reason}; see `lab logs {item.spec.name}`, mend it, `lab down`, `lab up`")
            return
        item.restart_due = time.monotonic() + delay
        self._set_phase(item, "backing_off", ending)
        self._tell(f"{item.spec.name} ended ({ending}) after {lived_seconds:.0f} s; starting it again in {delay:g} s")

    def _await_readiness_again(self, item: _Supervised) -> None:
        waiting_for = self._unready_url(item)
        if waiting_for is None:
            self._set_phase(item, "ready", item.state.message)
            self._tell(f"{item.spec.name} is ready again")
        elif time.monotonic() - item.started > self._ready_timeout(item.spec) and not item.slow_start_reported:
            item.slow_start_reported = True
            self._tell(f"{item.spec.name} runs but is not ready ({waiting_for}); see `lab logs {item.spec.name}`")

    def _spawn(self, item: _Supervised) -> None:
        item.output_starts_at = output_file.size(self.directory.output_file(item.spec.name))
        item.child = spawn(item.spec, self.directory, self.state.run_id)
        item.started = time.monotonic()
        item.slow_start_reported = False
        item.state.started_at = time.time()
        # It may have ended already; then it is a zombie until polled, and psutil still knows it.
        item.state.identity = process_group.identify(item.child.pid)
        self._set_phase(item, "starting", item.state.message)

    def _unready_url(self, item: _Supervised) -> str | None:
        for url in item.spec.ready_urls:
            result = probe(url, _PROBE_TIMEOUT_SECONDS)
            if not result.ok:
                return f"{url}: {result.status or ''} {result.reason}".replace("  ", " ")
        return None

    def _keep_output_files_small(self) -> None:
        for item in self._supervised:
            output_file.rotate_if_large(self.directory.output_file(item.spec.name))
        output_file.rotate_if_large(self.directory.output_file(SUPERVISOR_NAME))

    def _stop_all(self) -> None:
        if self.state.phase != "failed":
            self.state.phase = "stopping"
            self._write_state()
        ending = list(reversed(self._supervised))
        while ending:
            ending = [item for item in ending if self._is_ending(item)]
            time.sleep(process_group.POLL_SECONDS)
        self._write_state()

    def _is_ending(self, item: _Supervised) -> bool:
        """One step towards the end of one process; False once it has ended."""
        child = item.child
        if child is None or item.state.phase == "stopped":
            return False
        if child.poll() is not None:
            process_group.kill_group(child.pid)
            item.state.phase = "failed" if item.state.phase == "failed" else "stopped"
            item.child = None
            return False
        if item.asked_to_end is None:
            if self._may_end(item):
                item.asked_to_end = time.monotonic()
                process_group.signal_group(child.pid, item.spec.stop_signal)
        elif self._hurry or time.monotonic() - item.asked_to_end > self._stop_grace(item.spec):
            self._tell(f"{item.spec.name} did not end when asked and is killed")
            process_group.kill_group(child.pid)
            child.wait()
        return True

    def _may_end(self, item: _Supervised) -> bool:
        """Those that depend on it go first, so that what they finish or flush at exit finds somebody to take it."""
        if self._hurry:
            return True
        now = time.monotonic()
        for other in self._supervised:
            if item.spec.name in (*other.spec.depends_on, *other.spec.ends_before) and other.child is not None:
                # Telemetry and data are worth the whole grace; a service that takes long does not hold up the next.
                head_start = _HEAD_START_SECONDS if item.spec.role == "service" else self._stop_grace(other.spec)
                if other.asked_to_end is None or now - other.asked_to_end < head_start:
                    return False
        return True

    def _ready_timeout(self, spec: ProcessSpec) -> float:
        return self.ready_timeout_seconds if spec.ready_timeout_seconds is None else spec.ready_timeout_seconds

    def _stop_grace(self, spec: ProcessSpec) -> float:
        return self.stop_grace_seconds if spec.stop_grace_seconds is None else spec.stop_grace_seconds

    def _set_phase(self, item: _Supervised, phase: ProcessPhase, message: str | None = None) -> None:
        item.state.phase = phase
        item.state.message = message
        self._write_state()

    def _write_state(self) -> None:
        try:
            write_run_state(self.directory, self.state)
        except OSError as error:
            # A full disk is no reason to leave the processes alone.
            self._tell(f"cannot write {self.directory.run_file}: {error}")

    def _tell(self, sentence: str) -> None:
        _whoever_reads(lambda: self.on_event(sentence))

    def _stop_on_signal(self, number: int, frame: FrameType | None) -> None:
        # The second Ctrl-C of an impatient user: no more grace.
        self._hurry = self._stop.is_set() and number == signal.SIGINT
        self._stop.set()


#: Names the output file of a supervisor in the background.
SUPERVISOR_NAME = "supervisor"


def _whoever_reads(say: Callable[[], None]) -> None:
    """Says something, even if nobody listens any more: a closed terminal or pipe must not end the lab."""
    try:
        say()
    except OSError:
        return


def _child(item: _Supervised) -> subprocess.Popen[bytes]:
    if item.child is None:
        raise AssertionError(f"{item.spec.name} was never started")
    return item.child


def _how_it_ended(return_code: int) -> str:
    if return_code >= 0:
        return f"exit code {return_code}"
    try:
        return signal.Signals(-return_code).name
    except ValueError:
        return f"signal {-return_code}"


def clean_up_leftovers(directory: StateDirectory, state: RunState) -> int:
    """Ends what a supervisor that is gone has left running. Returns how many processes that were.

    Call it with the supervisor's lock held."""
    identities = [process.identity for process in state.processes if process.identity is not None]
    longest_grace = max((process.stop_grace_seconds for process in state.processes), default=STOP_GRACE_SECONDS)
    return process_group.end(process_group.members(identities, [state.run_id]), longest_grace)


def own_identity() -> ProcessIdentity:
    return process_group.identify(os.getpid())
