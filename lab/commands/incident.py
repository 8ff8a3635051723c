"""`lab incident`: hidden faults on the running lab, to be found, explained or mended against the clock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, cast

import click
import requests

from lab import process_group
from lab.commands import incident_many
from lab.commands.incident_options import (
    RUNS_ALREADY,
    about_of,
    clock_time,
    common,
    print_json,
    require_nothing_on,
    system_option,
)
from lab.commands.options import NotRunning, running_lab, state_dir_option
from lab.faults.catalogue import CatalogueError, read_catalogue
from lab.faults.flag_file import FlagFile, FlagFileError
from lab.faults.states import flags_of
from lab.incidents.files import IncidentFiles, IncidentRunning
from lab.incidents.labels import Labels, labels_of
from lab.incidents.scenario import LEVELS, TASKS, Level, Task, draw
from lab.paths import REPOSITORY, StateDirectory
from lab.run_state import ProcessIdentity

_POLL_SECONDS = 0.1
_STOP_SECONDS = 90.0
#: An action may start a service anew.
_ACT_SECONDS = 90.0

_DIED = "The process of the incident has died. Undo what it left: python3 lab incident stop"


@click.group(name="incident")
def command() -> None:
    """Find a hidden fault, if there is one, against the clock.

    Half of all incidents have none. Look with the workbench, Grafana, the `lab` command or the three APIs; nothing says
    what is on until you have answered.
    """


@command.command()
@click.option(
    "--seed", type=click.IntRange(min=1), required=True, help="Which incident; the same seed is the same one."
)
@click.option("--level", type=click.Choice(LEVELS), default="easy", show_default=True, help="How hard it is to see.")
@click.option("--task", type=click.Choice(TASKS), default="detect", show_default=True, help="What is asked.")
@click.option(
    "--annotate", is_flag=True, help="For instructors: mark what happens in every chart. It is not blind then."
)
@system_option
@common
def start(
    seed: int, level: str, task: str, annotate: bool, system: str | None, as_json: bool, state_dir: StateDirectory
) -> None:
    """Begin an incident; returns when its clock starts, which takes half a minute or more."""
    state = running_lab(state_dir)
    files = IncidentFiles(state_dir)
    _await_end_of_last(files)
    last = files.status()
    if last is not None and _phase(files, last) == "died":
        raise click.ClickException(_DIED)
    about = about_of(system, state)
    try:
        draw(seed, cast(Level, level), cast(Task, task), read_catalogue(), about)
    except (CatalogueError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    require_nothing_on(state_dir)
    files.forget()
    arguments = ["--seed", str(seed), "--level", level, "--task", task, "--system", about.system.name]
    arguments += ["--state-dir", str(state_dir.root)]
    child = _in_background(files, [*arguments, *(["--annotate"] if annotate else [])], state.run_id)
    status = _await_clock(files, child)
    if status is None or status["phase"] == "failed":
        message = status["message"] if status else None
        where = f" {files.log} says more; it may tell what was to happen."
        raise click.ClickException(f"the incident has not begun: {message or 'its process has ended.'}{where}")
    game = _ask(status, "GET", "/task")
    if as_json:
        print_json({**game, "api": status["api"]})
        return
    _show_game(game, status)


@command.command(hidden=True)
@click.option("--seed", type=int, required=True)
@click.option("--level", type=click.Choice(LEVELS), required=True)
@click.option("--task", type=click.Choice(TASKS), required=True)
@click.option("--annotate", is_flag=True)
@click.option("--system", required=True)
@state_dir_option
def conduct(seed: int, level: str, task: str, annotate: bool, system: str, state_dir: StateDirectory) -> None:
    """The process behind `start`."""
    from lab.incidents.watcher import watch

    state = running_lab(state_dir)
    about = about_of(system, state)
    scenario = draw(seed, cast(Level, level), cast(Task, task), read_catalogue(), about)
    try:
        raise SystemExit(watch(scenario, about, state_dir, state, annotate=annotate))
    except IncidentRunning:
        raise click.ClickException(RUNS_ALREADY) from None


@command.command()
@common
def status(as_json: bool, state_dir: StateDirectory) -> None:
    """Show the incident that runs, or the last one."""
    files = IncidentFiles(state_dir)
    content = files.status()
    if content is None:
        if as_json:
            print_json({"phase": "none"})
        else:
            click.echo("There is no incident. Begin one: python3 lab incident start --seed 1 --task detect")
        return
    phase = _phase(files, content)
    if phase == "running":
        game = _ask(content, "GET", "/task")
        if as_json:
            print_json({"phase": phase, **game, "api": content["api"]})
        else:
            _show_game(game, content)
        return
    if as_json:
        print_json({"phase": phase, **{name: content.get(name) for name in ("system", "task", "level", "message")}})
        return
    says = {
        "preparing": "An incident is being prepared.",
        "judging": "Answered; what was done is being looked at.",
        "ending": "Answered; all is being undone.",
        "ended": "The last incident has ended: python3 lab incident report",
        "failed": f"The last incident came to nothing: {content['message']}",
        "died": _DIED,
    }
    click.echo(says.get(phase, phase))


@command.command()
@system_option
@common
def labels(system: str | None, as_json: bool, state_dir: StateDirectory) -> None:
    """Show what there is to choose from in an answer, and for an action."""
    chosen = _labels(system or _system_of_the_incident(state_dir), state_dir)
    if as_json:
        print_json(chosen.as_json())
        return
    click.echo("services    " + ", ".join(chosen.services))
    click.echo("components  " + "\n            ".join(chosen.components))
    width = max(map(len, chosen.kinds))
    click.echo("kinds       " + "\n            ".join(f"{name:{width}}  {says}" for name, says in chosen.kinds.items()))
    from lab.faults.repairs import ACTIONS

    rows = []
    for action in (ACTIONS[name] for name in chosen.actions):
        targets = chosen.targets(action.name)
        shown = " ".join(filter(None, [action.name, "|".join(targets) if isinstance(targets, list) else targets]))
        rows.append(f"{shown}: {action.help} ({action.cost})")
    click.echo("actions     " + "\n            ".join(rows))


@command.command()
@click.argument("words", nargs=-1, metavar="ANSWER...")
@click.option("--since", metavar="MOMENT", help="Since when: 45s or 2m10s (that long ago), 14:03:20, or unix seconds.")
@common
def answer(words: tuple[str, ...], since: str | None, as_json: bool, state_dir: StateDirectory) -> None:
    """Answer the incident, once: `none`, `yes --since 45s`, or causes.

    A cause is SERVICE/COMPONENT/KIND > VICTIM > VICTIM, of which the service is enough; quote it. Several causes are
    several words. After a repair: `done`. A `-` reads JSON from standard input:
    {"fault": true, "since": 1700000000, "causes": [{"service": "backend"}]}.
    """
    content = _running(state_dir)
    if list(words) == ["-"]:
        try:
            said: Any = json.loads(sys.stdin.read())
        except ValueError as error:
            raise click.UsageError(f"this is not JSON: {error}") from None
    else:
        if content["task"] == "repair" and [word.lower() for word in words] != ["done"]:
            raise click.UsageError("when you have mended what you can, say: python3 lab incident answer done")
        said = {"words": list(words), "since": since}
    told = _ask(content, "POST", "/answer", said)
    if as_json:
        print_json(told)
    else:
        click.echo(f"Answered after {told['seconds']:.0f} s. What really happened: python3 lab incident report")


@command.command()
@click.argument("action")
@click.argument("target", required=False)
@common
def act(action: str, target: str | None, as_json: bool, state_dir: StateDirectory) -> None:
    """Do something about the incident: ACTION, most of them to a TARGET. `lab incident labels` lists them.

    Every action is really done, and has a price, whether it mends something or not.
    """
    told = _ask(_running(state_dir), "POST", "/act", {"action": action, "target": target or ""})
    if as_json:
        print_json(told)
    else:
        click.echo(f"Done: {told['said']}.")


@command.command()
@common
def report(as_json: bool, state_dir: StateDirectory) -> None:
    """Show, after the answer, what really happened, what would have led there, and the score."""
    files = IncidentFiles(state_dir)
    content = files.report()
    status = files.status()
    if content is None and status is not None and status["phase"] in ("judging", "ending") and files.is_running():
        content = _await_report(files)
    if content is None:
        if status is None:
            raise click.ClickException("there was no incident here. Begin one: python3 lab incident start --seed 1")
        if _phase(files, status) in ("failed", "died"):
            raise click.ClickException(
                "there is no report, because the last incident had no answer: python3 lab incident status"
            )
        raise click.ClickException("there is no report before the answer: python3 lab incident answer …")
    if as_json:
        print_json(content)
        return
    from lab.incidents.report import report_lines

    for line in report_lines(content):
        click.echo(line)


@command.command()
@common
def stop(as_json: bool, state_dir: StateDirectory) -> None:
    """End the incident without an answer, and undo everything; also what one has left behind that died."""
    files = IncidentFiles(state_dir)
    content = files.status()
    was_running = files.is_running()
    if was_running and content is not None:
        identity = ProcessIdentity(content["pid"], content["pid_created_at"])
        if process_group.is_alive(identity):
            os.kill(identity.pid, signal.SIGTERM)
        if not process_group.wait_until_gone(identity, _STOP_SECONDS):
            raise click.ClickException(f"the process of the incident ({identity.pid}) does not end; see {files.log}")
    elif content is not None and content["phase"] not in ("ended", "failed"):
        files.write_status({**content, "phase": "failed", "message": "its process died"})
        try:
            FlagFile(state_dir.flag_file).clear(flags_of(read_catalogue()))
        except FlagFileError as error:
            raise click.ClickException(str(error)) from None
        was_running = True
    if as_json:
        print_json({"stopped": was_running})
    else:
        click.echo("Ended, and everything is undone." if was_running else "No incident runs.")


def _system_of_the_incident(state_dir: StateDirectory) -> str | None:
    """Of the one that runs."""
    files = IncidentFiles(state_dir)
    content = files.status() if files.is_running() else None
    return None if content is None else content.get("system")


def _labels(system: str | None, state_dir: StateDirectory) -> Labels:
    """Without a lab, too. Raises ClickException."""
    try:
        state = running_lab(state_dir) if system is None else None
    except NotRunning:
        state = None
    try:
        return labels_of(read_catalogue(), about_of(system, state))
    except CatalogueError as error:
        raise click.ClickException(str(error)) from None


def _in_background(files: IncidentFiles, arguments: list[str], run_id: str) -> subprocess.Popen[bytes]:
    output = files.open_log()
    try:
        # In a session of its own: it outlives this terminal. Marked as the lab's, so that `lab down` knows it.
        return subprocess.Popen(
            [sys.executable, str(REPOSITORY / "lab"), "incident", "conduct", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, process_group.RUN_ID_VARIABLE: run_id},
            start_new_session=True,
        )
    finally:
        os.close(output)


def _phase(files: IncidentFiles, content: dict[str, Any]) -> str:
    """As its process has written it last, unless that died before the end."""
    phase = str(content["phase"])
    return phase if phase in ("ended", "failed") or files.is_running() else "died"


def _await_end_of_last(files: IncidentFiles) -> None:
    """One that has been answered is over as soon as all is well again. Raises ClickException for another."""
    deadline = time.monotonic() + _STOP_SECONDS
    while files.is_running():
        content = files.status()
        if content is None or content["phase"] not in ("judging", "ending", "ended") or time.monotonic() > deadline:
            raise click.ClickException(RUNS_ALREADY)
        time.sleep(_POLL_SECONDS)


def _await_clock(files: IncidentFiles, child: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    """The status once the clock runs, or it has failed; None when the process has ended without a word."""
    from lab.terminal import make_console

    try:
        with make_console(stderr=True).status("Waiting until all is well, and a while longer …"):
            while True:
                content = files.status()
                if content is not None and content["pid"] == child.pid and content["phase"] != "preparing":
                    return content
                if child.poll() is not None:
                    return files.status()
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise


def _await_report(files: IncidentFiles) -> dict[str, Any] | None:
    while files.is_running():
        content = files.report()
        if content is not None:
            return content
        time.sleep(_POLL_SECONDS)
    return files.report()


def _running(state_dir: StateDirectory) -> dict[str, Any]:
    files = IncidentFiles(state_dir)
    content = files.status()
    if content is None or not files.is_running():
        raise click.ClickException("no incident runs. Begin one: python3 lab incident start --seed 1 --task detect")
    if content["phase"] == "preparing":
        raise click.ClickException("the incident has not begun yet")
    if content["phase"] != "running":
        raise click.ClickException("this incident has been answered: python3 lab incident report")
    return content


def _ask(status: dict[str, Any], method: str, path: str, content: Any = None) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            session.trust_env = False
            answered = session.request(method, status["api"] + path, json=content, timeout=_ACT_SECONDS)
            told = answered.json()
    except (requests.RequestException, ValueError) as error:
        raise click.ClickException(f"the incident does not answer: {error}. See: python3 lab incident status") from None
    if answered.status_code == 400:
        raise click.UsageError(told["error"])
    if not answered.ok:
        raise click.ClickException(told["error"])
    return cast(dict[str, Any], told)


def _show_game(game: dict[str, Any], status: dict[str, Any]) -> None:
    seconds = game["now"] - game["clock_started_at"]
    click.echo(f"Task: {game['task']} ({game['system']}, level {game['level']}). {game['question']}")
    began, well = clock_time(game["clock_started_at"]), clock_time(game["healthy_at"])
    click.echo(f"The clock runs since {began}, {seconds:.0f} s; all was well at {well}.")
    for acted in game["actions"]:
        click.echo(f"  {clock_time(acted['at'])}  {acted['said']}")
    if game["task"] == "repair":
        click.echo("Mend: python3 lab incident act ACTION [TARGET]; then: python3 lab incident answer done")
    else:
        click.echo("Answer: python3 lab incident answer none | yes --since 45s | SERVICE/COMPONENT/KIND")
    click.echo("What there is to choose from: python3 lab incident labels")
    click.echo(f"For programs: {status['api']}")


for many in (incident_many.bench, incident_many.record, incident_many.replay, incident_many.export):
    command.add_command(many)
