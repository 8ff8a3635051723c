"""`lab fault`: which faults there are, and switching them in the running lab."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict
from typing import Any

import click

from lab.commands.options import Duration, running_lab, state_dir_option
from lab.end_signals import ends_by_interrupt
from lab.events import Event, EventError, record
from lab.faults.catalogue import (
    SIGNALS,
    VISITORS,
    Catalogue,
    CatalogueError,
    Fault,
    ParameterValue,
    UnknownFault,
    read_catalogue,
)
from lab.faults.evidence import Finding
from lab.faults.flag_file import FlagFileError, SwitchedOn
from lab.faults.injection import Injection, InjectionFailed, findings_table
from lab.faults.parameters import ParameterError
from lab.faults.states import flags_of, state_as_json, told_states
from lab.faults.switching import Switches, SwitchingRefused
from lab.paths import StateDirectory
from lab.run_state import RunState
from lab.telemetry_client import TelemetryClient, TelemetryError
from lab.terminal import make_console

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
wait_option = click.option("--wait", is_flag=True, help="Look at the telemetry until it shows; exit code 1 if not.")


@click.group(name="fault")
def command() -> None:
    """Break something on purpose, and mend it.

    A fault is in effect within a second, on every stack, without a restart. Nothing that the services emit says which
    one is on: that is for whoever looks to find out.
    """


@command.command(name="list")
@json_option
@state_dir_option
def list_faults(as_json: bool, state_dir: StateDirectory) -> None:
    """Show all faults, and which are on; while an incident runs that is not told."""
    with _messages():
        catalogue = read_catalogue()
        states = told_states(state_dir)
    if as_json:
        _tell_unreadable(catalogue)
        rows = [
            {"name": fault.name, "title": fault.title, **state_as_json(fault, states)} for fault in catalogue.values()
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for fault in catalogue.values():
        said = _state_in_words(fault, states)
        table.add_row(
            fault.name, f"[bold]{said}[/bold]" if said.startswith("on") else f"[dim]{said}[/dim]", fault.title
        )
    make_console().print(table)
    _tell_unreadable(catalogue)
    if states is None:
        click.echo("While an incident runs, nobody is told what is on.", err=True)


@command.command()
@click.argument("name")
@json_option
@state_dir_option
def show(name: str, as_json: bool, state_dir: StateDirectory) -> None:
    """Show what the fault NAME does, the truth about it, and what each signal shows."""
    with _messages():
        fault = read_catalogue()[name]
        states = told_states(state_dir)
    if as_json:
        # What is chosen now, beside what there is to choose.
        chosen = state_as_json(fault, states)
        content = asdict(fault) | {"on": chosen["on"], "since": chosen["since"], "chosen": chosen["parameters"]}
        click.echo(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_description(fault, states)))


@command.command()
@click.argument("name")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="Choose a parameter; may be repeated.")
@wait_option
@click.option("--for", "seconds", type=Duration(), help="Stay, and switch it off again after 30s, 5m …")
@click.option("--annotate", is_flag=True, help="Mark the moment in every chart, with the title of the fault.")
@json_option
@state_dir_option
def on(
    name: str,
    settings: tuple[str, ...],
    wait: bool,
    seconds: int | None,
    annotate: bool,
    as_json: bool,
    state_dir: StateDirectory,
) -> None:
    """Switch the fault NAME on; several may be on at once.

    With --wait the telemetry is looked at before and after, until every piece of evidence shows. If that does not
    happen, if something goes wrong or with Ctrl-C, the fault is switched off again.
    """
    with _messages():
        catalogue = read_catalogue()
        switches = Switches(state_dir, catalogue)
        wish = switches.wish(name, settings)
        fault, values = wish.fault, wish.values
        state = running_lab(state_dir)
        flags = switches.flags()
        _require_system(fault, state)
        if wait and fault.flag in flags.switched_on():
            raise click.ClickException(
                f"{name} is on already, and with it on there is nothing to compare with. "
                f"Switch it off first: python3 lab fault off {name} --wait"
            )
        with TelemetryClient.from_backends(state.backends) as client, ends_by_interrupt():
            injection = Injection(fault, flags, client, values, known_flags=flags_of(catalogue))
            with _shown(injection, wait and not as_json), _failure_as_json(as_json), ExitStack() as undo:
                if wait:
                    injection.await_baseline()
                # No context manager made of a generator: one that is given up runs to its end all the same.
                undo.callback(injection.switch_off_surely)
                injection.switch_on()
                if annotate:
                    where = fault.truth_with(values).service
                    service = None if where == VISITORS else where
                    record(state.backends["loki"], Event(fault.title, "fault", service))
                findings = injection.await_effect() if wait else ()
                if seconds is None:
                    undo.pop_all()
                else:
                    time.sleep(seconds)
            after = []
            if seconds is not None and wait:
                with _shown(injection, not as_json), _failure_as_json(as_json):
                    after = list(injection.await_recovery())
    if as_json:
        click.echo(json.dumps(_told(fault, values, seconds is None, findings, after), ensure_ascii=False, indent=2))
        return
    if findings:
        click.echo("\n".join(findings_table(findings)))
    if seconds is None:
        click.echo(f"{name} is on{_in_words(values)}. Switch it off: python3 lab fault off {name}")
    else:
        click.echo(f"{name} was on for {seconds} s{_in_words(values)}{', and nothing of it is left' if wait else ''}.")


@command.command()
@click.argument("name")
@wait_option
@json_option
@state_dir_option
def off(name: str, wait: bool, as_json: bool, state_dir: StateDirectory) -> None:
    """Switch the fault NAME off.

    With --wait the telemetry is looked at until everything is as it was before the fault.
    """
    with _messages():
        catalogue = read_catalogue()
        fault = catalogue[name]
        state = running_lab(state_dir)
        switches = Switches(state_dir, catalogue)
        flags = switches.flags()
        _require_system(fault, state)
        was = flags.switched_on().get(fault.flag)
        findings: Sequence[Finding] = ()
        if wait and was:
            if was.since is None:
                raise click.ClickException(
                    f"it was not `lab fault` that switched {name} on, so nobody knows since when, and what was normal "
                    f"before. Without looking: python3 lab fault off {name}"
                )
            with TelemetryClient.from_backends(state.backends) as client:
                injection = Injection.resumed(fault, flags, client, was)
                injection.switch_off()
                with _shown(injection, not as_json), _failure_as_json(as_json):
                    findings = injection.await_recovery()
        else:
            switches.switch_off(name)
    if as_json:
        click.echo(json.dumps(_told(fault, {}, False, (), findings), ensure_ascii=False, indent=2))
        return
    if findings:
        click.echo("\n".join(findings_table(findings)))
    click.echo(f"{name} is off{'' if was else ' already'}.")


@command.command()
@json_option
@state_dir_option
def clear(as_json: bool, state_dir: StateDirectory) -> None:
    """Switch everything off. Also mends a flag file that cannot be read."""
    with _messages():
        running_lab(state_dir)
        names = [fault.name for fault in Switches(state_dir, read_catalogue()).clear()]
    if as_json:
        click.echo(json.dumps({"switched_off": names}))
    else:
        click.echo(f"Switched off: {', '.join(names)}." if names else "No fault is on.")


def _tell_unreadable(catalogue: Catalogue) -> None:
    for name, reason in catalogue.unreadable.items():
        click.echo(f"{name} cannot be used: {reason}", err=True)


def _require_system(fault: Fault, state: RunState) -> None:
    if fault.system not in state.systems:
        raise click.ClickException(
            f"{fault.name} is a fault of {fault.system}, which does not run in this lab. "
            f"Start one with it: python3 lab down; python3 lab up --system {fault.system}"
        )


@contextmanager
def _messages() -> Iterator[None]:
    """What can go wrong becomes a message: wrong usage is 2 to whoever called, everything else 1."""
    try:
        yield
    except (UnknownFault, ParameterError) as error:
        raise click.UsageError(str(error)) from None
    except (CatalogueError, SwitchingRefused, FlagFileError, TelemetryError, EventError, InjectionFailed) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _shown(injection: Injection, visible: bool) -> Iterator[None]:
    """Says how much of the evidence shows while it is waited for."""
    console = make_console(stderr=True)
    with console.status("") if visible and console.is_terminal else nullcontext() as status:

        def say(findings: Sequence[Finding]) -> None:
            if status is not None:
                done = sum(finding.holds for finding in findings)
                status.update(f"{injection.fault.name}: {done} of {len(findings)}")

        injection.on_look = say
        yield


@contextmanager
def _failure_as_json(as_json: bool) -> Iterator[None]:
    try:
        yield
    except InjectionFailed as error:
        if as_json:
            problem = str(error).partition("\n")[0]
            content = {"name": error.fault.name, "problem": problem, "evidence": _findings_as_json(error.findings)}
            click.echo(json.dumps(content, ensure_ascii=False, indent=2))
            raise SystemExit(1) from None
        raise


def _told(
    fault: Fault,
    values: Mapping[str, ParameterValue],
    is_on: bool,
    effect: Sequence[Finding],
    recovery: Sequence[Finding],
) -> dict[str, Any]:
    return {
        "name": fault.name,
        "on": is_on,
        "parameters": dict(values),
        "evidence": _findings_as_json(effect),
        "recovery": _findings_as_json(recovery),
    }


def _findings_as_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "says": finding.evidence.says,
            "expected": finding.evidence.expectation,
            "baseline": finding.baseline,
            "now": finding.now,
            "holds": finding.holds,
        }
        for finding in findings
    ]


def _state_in_words(fault: Fault, states: Mapping[str, SwitchedOn] | None) -> str:
    if states is None:
        return "?"
    state = states.get(fault.flag)
    if state is None:
        return "off"
    return "on" + (f" since {time.strftime('%H:%M:%S', time.localtime(state.since))}" if state.since else "")


def _in_words(values: Mapping[str, ParameterValue]) -> str:
    return f" ({', '.join(f'{name}={value}' for name, value in values.items())})" if values else ""


def _description(fault: Fault, states: Mapping[str, SwitchedOn] | None) -> Iterator[str]:
    state = states.get(fault.flag) if states else None
    truth = fault.truth_with({**fault.defaults, **(state.values if state else {})})
    yield f"{fault.name}: {fault.title} ({_state_in_words(fault, states)})"
    yield ""
    yield textwrap.fill(" ".join(fault.what.split()), 100)
    yield ""
    yield f"  where      {truth.service}, {truth.component}"
    yield f"  what kind  {truth.kind}"
    yield f"  suffering  {', then '.join(truth.victims) or 'nobody else'}"
    if fault.parameters:
        yield ""
        yield "Parameters (--set name=value):"
    for parameter in fault.parameters.values():
        yield f"  {parameter.name}={parameter.default}  {parameter.help}{_limits(fault, parameter.name)}"
    for name in SIGNALS:
        yield ""
        yield f"In {name}:"
        signal_ = fault.signals[name]
        yield from (f"  + {sentence}" for sentence in signal_.shows)
        yield from (f"  - {sentence}" for sentence in signal_.hides)
    yield ""
    yield "Evidence:"
    for evidence in fault.evidence:
        yield f"  {evidence.says}: {evidence.expectation}"
        yield f"    {evidence.language}: {' '.join(evidence.query.split())}"


def _limits(fault: Fault, name: str) -> str:
    parameter = fault.parameters[name]
    if parameter.choices:
        return f" (one of {', '.join(map(str, parameter.choices))})"
    limits = []
    if parameter.minimum is not None:
        limits.append(f"at least {parameter.minimum:g}")
    if parameter.maximum is not None:
        limits.append(f"at most {parameter.maximum:g}")
    return f" ({', '.join(limits)})" if limits else ""
