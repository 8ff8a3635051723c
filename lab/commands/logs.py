"""`lab logs`: what the processes print, from their output files; works also after the lab has ended."""

import click

from lab import output_file
from lab.commands.options import state_dir_option
from lab.log_lines import OutputLine, in_order_of_time, parse
from lab.paths import StateDirectory

_COLOURS = ("cyan", "green", "magenta", "blue", "yellow", "white")
_LEVEL_COLOURS = {"WARNING": "yellow", "WARN": "yellow", "ERROR": "red", "CRITICAL": "red"}


@click.command(name="logs")
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is printed from now on, until Ctrl-C.")
@click.option("--lines", "-n", type=click.IntRange(min=0), default=20, show_default=True, help="Lines of each process.")
@click.option("--raw", is_flag=True, help="Print the lines as they are, without names and colours.")
@state_dir_option
def command(services: tuple[str, ...], follow: bool, lines: int, raw: bool, state_dir: StateDirectory) -> None:
    """Show what the processes print (all of them, or the SERVICEs named)."""
    known = {path.stem: path for path in sorted(state_dir.logs.glob("*.log"))}
    if not known:
        raise click.ClickException(f"nothing has been printed yet: no lab has run with state in {state_dir.root}")
    for name in services:
        if name not in known:
            raise click.BadParameter(f"there is no {name!r}; there are: {', '.join(known)}", param_hint="SERVICE")
    chosen = {name: known[name] for name in services or known}
    widest = max(len(name) for name in chosen)
    colours = {name: _COLOURS[position % len(_COLOURS)] for position, name in enumerate(known)}

    def show(line: OutputLine) -> None:
        if raw:
            click.echo(line.text)
            return
        name = click.style(f"{line.source:<{widest}} │ ", fg=colours[line.source]) if len(chosen) > 1 else ""
        click.echo(name + click.style(line.for_reading(), fg=_LEVEL_COLOURS.get(line.level)))

    # The followers note the end of each file first: nothing falls between the tail and what follows.
    new_lines = output_file.follow(chosen) if follow else None
    for line in in_order_of_time({name: output_file.last_lines(path, lines) for name, path in chosen.items()}):
        show(line)
    for name, text in new_lines or ():
        show(parse(name, text))
