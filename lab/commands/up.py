"""`lab up`: chooses what to run, checks that it can, and shows what the supervisor does."""

import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import click
from rich.console import Console
from rich.table import Table

from lab import bootstrap, output_file
from lab.commands.options import known_system, state_dir_option
from lab.commands.start_progress import StartProgress
from lab.faults.flag_file import FlagFile
from lab.manifest import DEFAULT_SYSTEM, discover
from lab.paths import REPOSITORY, StateDirectory
from lab.port_check import conflicts
from lab.process_spec import ProcessSpec
from lab.run_state import (
    AlreadyRunning,
    RunState,
    read_run_state,
    supervisor_lock,
)
from lab.stacks.choice import DEFAULT_STACK, STACKS, choose_stack
from lab.stacks.compose import PROFILES, ComposeStack
from lab.stacks.stack import DEFAULT_TRAFFIC_RPS, DEFAULT_TRAFFIC_SEED, Stack, StackOptions, StackUnavailable
from lab.supervisor import SUPERVISOR_NAME, StartFailed, Supervisor, clean_up_leftovers, own_identity
from lab.terminal import make_console

_POLL_SECONDS = 0.05


@click.command(name="up")
@click.argument("named_systems", nargs=-1, metavar="[SYSTEM]...")
@click.option(
    "--system",
    "systems",
    metavar="SYSTEM",
    multiple=True,
    help=f"What to start [default: {DEFAULT_SYSTEM}]; may be given several times. The same as SYSTEM without the word.",
)
@click.option(
    "--stack",
    "stack_name",
    type=click.Choice(STACKS),
    default=DEFAULT_STACK,
    show_default=True,
    help="What takes the telemetry: the embedded store, real servers found on PATH, or containers.",
)
@click.option("--detach", "-d", is_flag=True, help="Return once everything is ready; go on in the background.")
@click.option(
    "--port-offset", type=int, default=0, metavar="N", help="Add N to every port, so that two labs share a machine."
)
@click.option(
    "--rps",
    type=click.FloatRange(min=0, max=10_000),
    default=DEFAULT_TRAFFIC_RPS,
    show_default=True,
    help="Requests per second of generated traffic, on average.",
)
@click.option(
    "--seed", type=int, default=DEFAULT_TRAFFIC_SEED, show_default=True, help="Seed of the generated traffic."
)
@click.option(
    "--steady", is_flag=True, help="No waves and bursts in the generated traffic: what changes then has another cause."
)
@click.option("--no-traffic", is_flag=True, help="Generate no traffic; the same as --rps 0.")
@click.option("--workers", type=click.IntRange(min=1, max=64), help="Worker processes of each service.")
@click.option(
    "--profile",
    "profiles",
    type=click.Choice(PROFILES),
    multiple=True,
    help="With --stack compose: Jaeger or a load test besides; may be given twice.",
)
@state_dir_option
def command(
    named_systems: tuple[str, ...],
    systems: tuple[str, ...],
    stack_name: str,
    detach: bool,
    port_offset: int,
    rps: float,
    seed: int,
    steady: bool,
    no_traffic: bool,
    workers: int | None,
    profiles: tuple[str, ...],
    state_dir: StateDirectory,
) -> None:
    """Start the lab: the telemetry stack, then every service of the SYSTEMs (default: chain).

    Stays in the foreground and restarts what dies; Ctrl-C ends everything.
    """
    if profiles and stack_name != ComposeStack.name:
        raise click.BadParameter("only the compose stack has profiles: --stack compose", param_hint="--profile")
    options = StackOptions(
        systems=[known_system(name) for name in dict.fromkeys((*named_systems, *systems)) or (DEFAULT_SYSTEM,)],
        directory=state_dir,
        port_offset=port_offset,
        traffic_rps=0.0 if no_traffic else rps,
        traffic_seed=seed,
        steady_traffic=steady,
        workers=workers,
        profiles=tuple(dict.fromkeys(profiles)),
    )
    try:
        stack = choose_stack(stack_name, options)
        bootstrap.ensure(bootstrap.Environment(), stack.packages())
        specs = stack.processes()
    except bootstrap.InstallFailed as failure:
        raise click.ClickException(str(failure)) from None
    except StackUnavailable as error:
        raise click.ClickException(str(error)) from None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--port-offset") from None
    if detach:
        _start_in_background(state_dir)
    else:
        _run_in_foreground(stack, specs)


def _run_in_foreground(stack: Stack, specs: list[ProcessSpec]) -> None:
    console = make_console()
    options = stack.options
    directory = options.directory
    state = RunState(
        run_id=uuid.uuid4().hex,
        supervisor=own_identity(),
        stack=stack.name,
        systems=[system.name for system in options.systems],
        port_offset=options.port_offset,
        backends=stack.backends,
        started_at=time.time(),
        notes=stack.notes(),
    )

    def say(sentence: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] ", end="")
        console.print(sentence, markup=False)

    try:
        with supervisor_lock(directory):
            _clean_up_before(directory, say)
            _require_free_ports(specs, options.port_offset)
            # Every lab begins with no fault on; what the last one of this directory had on is nobody's intention now.
            flags = FlagFile(directory.flag_file)
            flags.forget()
            flags.prepare()
            stack.prepare()
            progress = StartProgress(console)
            supervisor = Supervisor(
                directory, state, specs, on_event=say, on_progress=lambda: progress.show(state.processes)
            )

            def when_ready() -> None:
                progress.stop()
                try:
                    stack.announce()
                except OSError as error:
                    say(f"nothing is scraped: {error}")
                _show_addresses(console, state, directory, time.monotonic() - began, " or Ctrl-C here")

            console.print(f"Starting {', '.join(spec.name for spec in specs)} …", markup=False)
            began = time.monotonic()
            try:
                with progress:
                    supervisor.run(on_ready=when_ready)
            finally:
                directory.run_file.unlink(missing_ok=True)
                flags.forget()
            console.print("The lab has ended; its data stays in " + str(directory.root), markup=False)
    except AlreadyRunning:
        raise _already_running(directory) from None
    except StackUnavailable as error:
        raise click.ClickException(str(error)) from None
    except StartFailed as failure:
        raise click.ClickException(_explain(failure)) from None
    except BrokenPipeError:
        # Nobody reads any more; lab/cli.py knows what that means.
        raise
    except OSError as error:
        raise click.ClickException(
            f"cannot write the lab's state in {directory.root}: {error}. Choose another place with --state-dir"
        ) from error


def _clean_up_before(directory: StateDirectory, say: Callable[[str], None]) -> None:
    earlier = read_run_state(directory)
    if earlier is None:
        return
    ended = clean_up_leftovers(directory, earlier)
    if ended:
        say(f"ended what an interrupted lab had left behind ({ended} {'process' if ended == 1 else 'processes'})")


def _require_free_ports(specs: list[ProcessSpec], port_offset: int) -> None:
    taken = conflicts((port, spec.name) for spec in specs for port in spec.ports)
    if taken:
        lines = [str(conflict) for conflict in taken]
        raise click.ClickException(
            "\n  ".join(["cannot start:", *lines])
            + f"\nStop what holds {'it' if len(taken) == 1 else 'them'} (`python3 lab down` if it is another lab), "
            f"or use other ports: python3 lab up --port-offset {port_offset + 1000}"
        )


def _already_running(directory: StateDirectory) -> click.ClickException:
    state = read_run_state(directory)
    who = f" (pid {state.supervisor.pid})" if state else ""
    return click.ClickException(
        f"a lab is already running here{who}. See it with `python3 lab status`, end it with `python3 lab down`, "
        "or start a second one: python3 lab up --port-offset 1000 --state-dir .lab-2"
    )


def _explain(failure: StartFailed) -> str:
    lines = [str(failure)]
    if failure.output:
        lines += [f"The last lines of {failure.process_name}:", *(f"  {line}" for line in failure.output)]
    lines.append(f"Everything has been stopped again. More: python3 lab logs {failure.process_name} -n 100")
    return "\n".join(lines)


def _show_addresses(
    console: Console, state: RunState, directory: StateDirectory, seconds: float, ending: str = ""
) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    # Where a visitor enters comes first.
    entries = {system.entry_service for system in discover().values()}
    services = [process for process in state.processes if process.role == "service"]
    services.sort(key=lambda process: process.name not in entries)
    table.add_row("[bold]workbench[/bold]", f"[bold]{state.backends['workbench']}[/bold]")
    for process in services:
        table.add_row(process.name, process.url or "")
    backing = {process.name: process.url or "" for process in state.processes if process.role == "backing"}
    for name, address in {**backing, **state.backends}.items():
        if name != "workbench":
            table.add_row(f"[dim]{name}[/dim]", address)
    console.print(f"Everything is ready after {seconds:.1f} s.")
    console.print(table)
    for note in state.notes:
        console.print(f"note: {note}", markup=False, style="yellow")
    console.print(f"Look into it: {state.backends['workbench']}", style="bold", markup=False)
    for process in services[:1]:
        console.print(f"Send a request: {process.example_url}", markup=False)
    # Without it these would speak to another lab, or to none.
    which = "" if directory == StateDirectory.choose() else f" --state-dir {shlex.quote(str(directory.root))}"
    hint = f"See how it does: python3 lab status{which}. End it: python3 lab down{which}{ending}."
    console.print(hint, markup=False, soft_wrap=True)


def _start_in_background(directory: StateDirectory) -> None:
    console = make_console()
    path = directory.output_file(SUPERVISOR_NAME)
    try:
        with supervisor_lock(directory):
            output = output_file.open_for_process(path)
    except AlreadyRunning:
        raise _already_running(directory) from None
    except OSError as error:
        raise click.ClickException(f"cannot write to {directory.root}: {error}") from error
    output_starts_at = output_file.size(path)
    arguments = [word for word in sys.argv[1:] if word not in ("--detach", "-d")]
    began = time.monotonic()
    with StartProgress(console) as progress:
        # The same verb without --detach, in a session of its own: it outlives this terminal.
        child = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "lab"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            state = _await_running(directory, child, progress)
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise
    if state is None:
        for line in output_file.last_lines(path, 40, output_starts_at):
            click.echo(line, err=True)
        raise SystemExit(child.returncode or 1)
    _show_addresses(console, state, directory, time.monotonic() - began)


def _await_running(
    directory: StateDirectory, child: "subprocess.Popen[bytes]", progress: StartProgress
) -> RunState | None:
    """The state once the supervisor says that everything is ready; None when it has ended before."""
    while child.poll() is None:
        state = read_run_state(directory)
        if state is not None and state.supervisor.pid == child.pid:
            if state.phase == "running":
                return state
            progress.show(state.processes)
        time.sleep(_POLL_SECONDS)
    return None
