"""What a guide tells people to type, as one script for a real lab."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from lab.paths import REPOSITORY
from tests.e2e.conftest import BootedLab

#: `NAME=value … python3 lab up …`: the lab is up already, on other ports; and it stays up for the other tests.
UP_OR_DOWN = re.compile(r"((?:[A-Z_]+=\S+ +)*)python3 lab (?:up|down)\b")
_SYSTEM = re.compile(r"python3 lab up .*--system (\S+)")
#: A reader needs time to look around, a test does not.
READERS_LOAD, TESTS_LOAD = "--duration 15m &", "--duration 2m &"

ALL_GUIDES = sorted((REPOSITORY / "docs" / "guide").glob("*.md"))


def commands(guide: Path) -> list[str]:
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", guide.read_text(), re.DOTALL | re.MULTILINE)).splitlines()


def settings(guide: Path) -> dict[str, str]:
    """What the guide's first `python3 lab up` changes in the environment."""
    starts = (UP_OR_DOWN.match(line) for line in commands(guide))
    assignments = next((start[1] for start in starts if start), "").split()
    return dict(assignment.split("=", 1) for assignment in assignments)


def system(guide: Path) -> str:
    """What the guide starts."""
    started = (_SYSTEM.match(line) for line in commands(guide))
    return next((start[1] for start in started if start), "chain")


def shift_ports(lab: BootedLab, text: str) -> str:
    """The same commands for this lab's ports."""
    return re.sub(r"(127\.0\.0\.1:)(\d+)", lambda match: match[1] + str(int(match[2]) + lab.port_offset), text)


def run(lab: BootedLab, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=REPOSITORY,
        env=lab.environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def type_commands(lab: BootedLab, guide: Path) -> None:
    lines = [line.replace(READERS_LOAD, TESTS_LOAD) for line in commands(guide) if not UP_OR_DOWN.match(line)]
    script = shift_ports(lab, "\n".join(lines)).replace("python3 lab", f"{sys.executable} lab")
    result = run(lab, script)
    assert result.returncode == 0, result.stdout + result.stderr
    # How an API begins an error; a series may have a label status="error".
    assert '"status":"error","error' not in result.stdout
    # No query of a guide comes back empty: a reader would not know whether that is right.
    for nothing in ('"result":[]', '"traces":[]', '"series":[]', '"alerts":[]'):
        assert nothing not in result.stdout, result.stdout
