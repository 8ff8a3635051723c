"""`lab doctor`: shows what lab/doctor.py found."""

import json
from dataclasses import asdict

import click
from rich.table import Table

from lab.commands.options import known_system, state_dir_option
from lab.doctor import examine
from lab.manifest import DEFAULT_SYSTEM
from lab.paths import StateDirectory
from lab.stacks.choice import DEFAULT_STACK, STACKS
from lab.terminal import make_console

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(name="doctor")
@click.option(
    "--stack",
    type=click.Choice(STACKS),
    default=DEFAULT_STACK,
    show_default=True,
    help="Look at what `lab up --stack` then needs.",
)
@click.option(
    "--system",
    "systems",
    metavar="SYSTEM",
    multiple=True,
    default=(DEFAULT_SYSTEM,),
    show_default=True,
    help="Look at what `lab up --system` then needs; may be given several times.",
)
@click.option("--port-offset", type=int, default=0, metavar="N", help="Look at the ports that `lab up` would then use.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
@state_dir_option
def command(stack: str, systems: tuple[str, ...], port_offset: int, as_json: bool, state_dir: StateDirectory) -> None:
    """Check that this machine can run the lab, and say what to do where it cannot.

    Exit code 1 when something fails; a warning is no failure.
    """
    findings = examine(state_dir, [known_system(name) for name in systems], port_offset, stack)
    failed = any(finding.verdict == "fail" for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for finding in findings:
            advice = f"\n→ {finding.advice}" if finding.advice else ""
            verdict = f"[{_COLOURS[finding.verdict]}]{finding.verdict}[/]"
            table.add_row(verdict, finding.check, (finding.found + advice).replace("[", "\\["))
        make_console().print(table)
    raise SystemExit(1 if failed else 0)
