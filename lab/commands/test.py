"""`lab test`: what CI runs, in one command: lint, format, types, import rules, then the tests."""

import os
import subprocess
import sys

import click

from lab import bootstrap
from lab.paths import REPOSITORY

#: Everything but the tests; the name shown, and the command inside the environment.
CHECKS = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy",)),
    ("import rules", ("lint-imports", "--no-logo")),
    ("oxlint", ("oxlint", "workbench/static", "workshop/static", "systems/exchange/page")),
)

_QUICK = ("-m", "not slow")
#: Many tests wait most of their time, for scrapes and for faults to show, so four run at once even on two cores; not
#: more, which is what a small machine has memory for. Long ones are first in the files' order, which pytest-xdist would
#: change.
_WORKERS = 4
# Beside others a test may get too little of the machine in time: it is tried once more, and the summary says so.
_SIDE_BY_SIDE = ("-n", str(_WORKERS), "--no-loadscope-reorder", "--reruns", "1", "--reruns-delay", "2")


@click.command(name="test", context_settings={"ignore_unknown_options": True})
@click.option("--all", "run_all", is_flag=True, help="Also the slow tests, as CI does.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def command(run_all: bool, pytest_arguments: tuple[str, ...]) -> None:
    """Run the project's checks and tests; the exit code is the worst of them.

    With PYTEST_ARGUMENTS (paths, -k, -x …) only pytest runs, with these.
    """
    try:
        bootstrap.ensure(bootstrap.Environment(), groups=(bootstrap.DEV_GROUP, *bootstrap.SYSTEM_GROUPS))
    except bootstrap.InstallFailed as failure:
        raise click.ClickException(str(failure)) from None
    worst = 0
    failed = []
    for name, words in () if pytest_arguments else CHECKS:
        code = _run(name, words)
        worst = max(worst, code)
        if code:
            failed.append(name)
    if failed:
        click.secho(f"failed so far: {', '.join(failed)} (see above); the tests follow", fg="red")
    selection = () if run_all else _QUICK
    manner = () if pytest_arguments else _SIDE_BY_SIDE
    words = ("pytest", *selection, *manner, *(_from_anywhere(word) for word in pytest_arguments))
    raise SystemExit(max(worst, _run("pytest", words)))


def _run(name: str, words: tuple[str, ...]) -> int:
    click.secho(f"── {name}", bold=True)
    program = os.path.join(os.path.dirname(sys.executable), words[0])
    completed = subprocess.run([program, *words[1:]], cwd=REPOSITORY, check=False)
    # Killed by a signal is a negative number, which would lose against zero.
    return completed.returncode if completed.returncode >= 0 else 128 - completed.returncode


def _from_anywhere(word: str) -> str:
    """A path (or path::test) is meant from where the user stands; pytest runs in the repository."""
    path, separator, rest = word.partition("::")
    return os.path.abspath(path) + separator + rest if path and os.path.exists(path) else word
