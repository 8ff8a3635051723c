"""`lab down`: asks the supervisor to end, and cleans up when there is none any more."""

import os
import signal

import click

from lab import process_group
from lab.commands.options import state_dir_option
from lab.paths import StateDirectory
from lab.run_state import AlreadyRunning, RunState, read_run_state, supervisor_lock
from lab.supervisor import STOP_GRACE_SECONDS, clean_up_leftovers


@click.command(name="down")
@state_dir_option
def command(state_dir: StateDirectory) -> None:
    """Stop the lab. Its data stays. Also ends what an interrupted lab has left behind."""
    state = read_run_state(state_dir)
    if state is None:
        click.echo("No lab is running.")
        return
    stopped = _stop_supervisor(state)
    try:
        with supervisor_lock(state_dir):
            left_behind = clean_up_leftovers(state_dir, state)
            state_dir.run_file.unlink(missing_ok=True)
    except AlreadyRunning:
        raise click.ClickException("another lab was started here in the meantime; run `lab down` again") from None
    left_behind += _remove_containers(state_dir, state)
    if left_behind:
        click.echo(f"Ended what had been left behind ({left_behind} {'process' if left_behind == 1 else 'processes'}).")
    click.echo("The lab has been stopped." if stopped or left_behind else "No lab is running.")


def _remove_containers(directory: StateDirectory, state: RunState) -> int:
    """How many containers a lab that was cut off, by a power failure for example, had left to Docker."""
    from lab.stacks.compose import ComposeStack, remove_containers
    from lab.stacks.stack import StackUnavailable

    if state.stack != ComposeStack.name:
        return 0
    try:
        return remove_containers(directory)
    except StackUnavailable as error:
        click.echo(f"Containers of this lab, if there are any, were left alone: {error}", err=True)
        return 0


def _stop_supervisor(state: RunState) -> bool:
    """Whether there was a living supervisor; afterwards there is none."""
    if not process_group.is_alive(state.supervisor):
        return False
    os.kill(state.supervisor.pid, signal.SIGTERM)
    # It needs its own grace for each process, should they all hang.
    longest = STOP_GRACE_SECONDS + sum(process.stop_grace_seconds for process in state.processes)
    if not process_group.wait_until_gone(state.supervisor, longest):
        click.echo("The supervisor does not end when asked and is killed.", err=True)
        os.kill(state.supervisor.pid, signal.SIGKILL)
        process_group.wait_until_gone(state.supervisor, STOP_GRACE_SECONDS)
    return True
