"""The command line: which verbs there are. Each verb's own module in lab/commands/ is imported only when it runs."""

import importlib
import sys

import click

from lab.manifest_table import ManifestError

#: Verb -> one line for `lab --help`; the module lab/commands/<verb>.py holds `command`.
VERBS = {
    "up": "Start the lab and keep it running.",
    "down": "Stop the lab, and whatever an interrupted one left behind.",
    "status": "Show each service's health and how much telemetry arrives.",
    "logs": "Show what the processes print.",
    "trace": "Show one trace as a waterfall, with its log lines.",
    "load": "Put load on a system with Locust.",
    "fault": "Break something on purpose, and mend it: list, show, on, off, clear.",
    "incident": "Find, explain or mend a hidden fault against the clock, if there is one.",
    "annotate": "Mark this moment in the charts: a deploy, a fault, a note.",
    "exercise": "Learn to read telemetry: tasks on the running lab, checked against it.",
    "workshop": "Learn together: the instructor's page, and joining it.",
    "doctor": "Check that this machine can run the lab.",
    "test": "Run the checks and tests of the project.",
}


class VerbGroup(click.Group):
    """Finds verbs by name without importing them all, so that `lab --help` and `lab status` answer at once."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command = importlib.import_module(f"lab.commands.{name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"lab.commands.{name}.command is not a click command")
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Glasshouse: real distributed systems to look into, break and explain."""


def run() -> None:
    """Runs the verb in sys.argv and exits: 0 fine, 1 something is wrong with the lab, 2 wrong usage, 130 Ctrl-C."""
    try:
        sys.exit(main.main(prog_name="python3 lab", standalone_mode=False))
    except ManifestError as error:
        _fail(str(error), 2)
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # `lab logs | head`: the reader has gone, and there is nobody to tell.
        sys.stderr.close()
        sys.exit(0)


def _fail(message: str, exit_code: int) -> None:
    click.echo(f"lab: {message}", err=True)
    sys.exit(exit_code)
