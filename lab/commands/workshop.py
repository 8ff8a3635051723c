"""`lab workshop`: the instructor's page, and joining it with one's own lab."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from lab import process_group
from lab.commands.options import running_lab, state_dir_option
from lab.end_signals import stop_on_signals
from lab.exercises.learner import LEARNER_VARIABLE, user_name
from lab.faults.catalogue import CatalogueError
from lab.faults.flag_file import FlagFileError
from lab.http_probe import probe
from lab.paths import REPOSITORY, StateDirectory
from lab.ports import HOST, LabPorts
from lab.run_state import ProcessIdentity
from lab.workshop.membership import CompanionRunning, Membership, MembershipFiles
from lab.workshop.server import Away, Refused, WorkshopServer, server_address

_POLL_SECONDS = 0.1
#: On a machine that is very busy.
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")


@click.group(name="workshop")
def command() -> None:
    """Learn together: an instructor's page, on which learners who want to appear with names that they choose."""


@command.command()
@click.option(
    "--host", default=HOST, show_default=True, help="Address to listen on; 0.0.0.0 for everybody in the network."
)
@click.option("--port", type=click.IntRange(1, 65535), default=LabPorts().workshop, show_default=True)
@state_dir_option
def serve(host: str, port: int, state_dir: StateDirectory) -> None:
    """For the instructor: serve the page of the workshop until Ctrl-C."""
    from lab.workshop.secret import instructor_token

    folder = state_dir.root / "workshop-server"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        token = instructor_token(folder)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    environment = {
        **os.environ,
        "WORKSHOP_HOST": host,
        "WORKSHOP_PORT": str(port),
        "WORKSHOP_FOLDER": str(folder),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
    }
    with subprocess.Popen([sys.executable, "-m", "workshop"], cwd=REPOSITORY, env=environment) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            # Its own message is on the screen already when it has ended.
            if _is_ready(server, f"http://{_reachable(host)}:{port}/ready"):
                _show_addresses(host, port, token)
            code = server.wait()
        except KeyboardInterrupt:
            # The same Ctrl-C has reached the server.
            code = server.wait()
    raise SystemExit(0 if code in (0, -signal.SIGTERM, -signal.SIGINT) else 1)


@command.command()
@click.argument("address")
@click.option("--name", required=True, help="The name under which everybody sees you.")
@click.option("--team", help="A team to be in; the first one who names it makes it.")
@click.option(
    "--learner",
    metavar="NAME",
    envvar=LEARNER_VARIABLE,
    help=f"Whose progress in exercises is shown [env: {LEARNER_VARIABLE}; default: your user name].",
)
@json_option
@state_dir_option
def join(
    address: str, name: str, team: str | None, learner: str | None, as_json: bool, state_dir: StateDirectory
) -> None:
    """Take part, with the running lab, in the workshop at ADDRESS, which the instructor tells you.

    What everybody sees then: your name and team, how many exercises you have solved, your points, and which one you are
    at. The instructor sees besides whether your lab is well, may break and mend things in it, and may reset your
    exercises. Nothing else leaves this machine; `python3 lab workshop leave` ends it.
    """
    try:
        address = server_address(address)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    running_lab(state_dir)
    files = MembershipFiles(state_dir)
    if files.is_running():
        there = files.membership()
        where = f" at {there.address}, as {there.name}" if there else ""
        raise click.ClickException(f"you take part already{where}. Leave first: python3 lab workshop leave")
    token = files.token_for(address, name)
    _leave_another(files, address, name)
    name, team = _ask(address, lambda server: server.join(name, team, token))
    with _errors():
        _undo(state_dir, files)
    files.write_membership(Membership(address, name, team, learner or user_name(), token))
    child = _in_background(files, state_dir)
    _await_contact(files, child)
    if as_json:
        _print_json(_status(files))
    else:
        click.echo(f"You take part as {_who(name, team)}. Everybody's page: {address}")
        click.echo("End it: python3 lab workshop leave")


@command.command()
@json_option
@state_dir_option
def leave(as_json: bool, state_dir: StateDirectory) -> None:
    """Take part no longer: your name disappears from the page, and what the instructor switched on here is off."""
    files = MembershipFiles(state_dir)
    membership = files.membership()
    if membership is None:
        if as_json:
            _print_json({"left": False, "problem": None})
        else:
            click.echo("You take part in no workshop.")
        return
    _stop(files)
    with _errors():
        _undo(state_dir, files)
    problem = None
    try:
        _ask(membership.address, lambda server: server.leave(membership.token))
    except click.ClickException as error:
        problem = error.message
    files.forget_membership()
    if as_json:
        _print_json({"left": True, "problem": problem})
        return
    click.echo("You take part no longer.")
    if problem:
        click.echo(f"Your name stays on the page, as away: {problem}", err=True)


@command.command()
@json_option
@state_dir_option
def status(as_json: bool, state_dir: StateDirectory) -> None:
    """Show in which workshop you take part, and whether its server answers."""
    content = _status(MembershipFiles(state_dir))
    if as_json:
        _print_json(content)
        return
    if not content["joined"]:
        click.echo("You take part in no workshop. The instructor tells you where to join.")
        return
    click.echo(f"You take part as {_who(content['name'], content['team'])}. Everybody's page: {content['address']}")
    if not content["running"]:
        why = content["problem"] or "the process in the background has ended"
        click.echo(f"Nothing is reported any more: {why}. Leave, or join again with the same name.")
    elif content["problem"]:
        click.echo(f"It is tried again and again: {content['problem']}")
    else:
        click.echo(f"Your lab has reported {max(time.time() - content['heard_at'], 0):.0f} s ago.")


@command.command(hidden=True)
@state_dir_option
def accompany(state_dir: StateDirectory) -> None:
    """The process behind `join`."""
    from lab.workshop import companion

    with _errors(), stop_on_signals() as stop:
        try:
            companion.accompany(state_dir, stop)
        except CompanionRunning:
            raise click.ClickException("one runs already") from None


def _is_ready(server: subprocess.Popen[bytes], address: str) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if probe(address).ok:
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _reachable(host: str) -> str:
    """Where this machine finds what listens on `host`."""
    return HOST if host in ("0.0.0.0", "::", "") else host


def _show_addresses(host: str, port: int, token: str) -> None:
    is_open = _reachable(host) != host
    own = f"http://{_reachable(host)}:{port}"
    public = f"http://{_address_in_network() if is_open else host}:{port}"
    click.echo(f"Everybody's page:   {public}")
    click.echo(f"Learners join with: python3 lab workshop join {public} --name NAME --team TEAM")
    click.echo(f"Yours alone:        {own}/instructor#{token}")
    if not is_open and host in (HOST, "localhost"):
        click.echo("Only this machine can reach it. For a class: python3 lab workshop serve --host 0.0.0.0")


def _address_in_network() -> str:
    """The one under which others most likely reach this machine. Nothing is sent for that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
        try:
            probing.connect(("192.0.2.1", 9))
        except OSError:
            return HOST
        return str(probing.getsockname()[0])


def _ask(address: str, question: Callable[[WorkshopServer], Any]) -> Any:
    with contextlib.closing(WorkshopServer(address)) as server:
        try:
            return question(server)
        except Away as error:
            raise click.ClickException(f"{error}. Is the address right, and does the workshop run?") from None
        except Refused as error:
            raise click.ClickException(str(error)) from None


def _leave_another(files: MembershipFiles, address: str, name: str) -> None:
    """Whom a process in the background that was killed has left on a page, under another name or elsewhere."""
    there = files.membership()
    if there is not None and (there.address, there.name.casefold()) != (address, name.casefold()):
        with contextlib.suppress(click.ClickException):
            _ask(there.address, lambda server: server.leave(there.token))


def _undo(state_dir: StateDirectory, files: MembershipFiles) -> None:
    """What a process in the background has left that was killed."""
    from lab.workshop.companion import obedience_of

    membership = files.membership()
    if membership is not None:
        obedience_of(state_dir, files, membership.learner).undo()


def _in_background(files: MembershipFiles, state_dir: StateDirectory) -> subprocess.Popen[bytes]:
    # Not of one run of the lab: it goes on when the lab is started anew.
    environment = {name: value for name, value in os.environ.items() if name != process_group.RUN_ID_VARIABLE}
    output = files.open_log()
    try:
        return subprocess.Popen(
            [sys.executable, str(REPOSITORY / "lab"), "workshop", "accompany", "--state-dir", str(state_dir.root)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(output)


def _await_contact(files: MembershipFiles, child: subprocess.Popen[bytes]) -> None:
    """Raises ClickException when the process ends before its first report."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise click.ClickException(f"the process in the background has ended; {files.log} says why")
        if files.contact():
            return
        time.sleep(_POLL_SECONDS)


def _stop(files: MembershipFiles) -> None:
    identity = files.process()
    if not files.is_running() or identity is None:
        return
    _terminate(identity)
    if not process_group.wait_until_gone(identity, _STOP_SECONDS):
        raise click.ClickException(f"the process in the background ({identity.pid}) does not end; see {files.log}")


def _terminate(identity: ProcessIdentity) -> None:
    if process_group.is_alive(identity):
        os.kill(identity.pid, signal.SIGTERM)


def _status(files: MembershipFiles) -> dict[str, Any]:
    membership = files.membership()
    if membership is None:
        return {"joined": False}
    contact = files.contact() or {}
    return {
        "joined": True,
        "running": files.is_running(),
        "name": membership.name,
        "team": membership.team,
        "address": membership.address,
        "heard_at": contact.get("heard_at"),
        "problem": contact.get("problem"),
    }


def _who(name: str, team: str | None) -> str:
    return f"{name}, team {team}" if team else name


def _print_json(content: object) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (CatalogueError, FlagFileError) as error:
        raise click.ClickException(str(error)) from None
