"""What the guides and the README tell people to type, typed: each guide's `sh` blocks as one script on a real lab.

A guide that starts its lab with changed settings gets one of its own, with these settings; the others share one.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.paths import REPOSITORY
from tests.e2e.conftest import boot

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

#: `NAME=value … python3 lab up …`: the lab is up already, on other ports; and it stays up for the other tests.
UP_OR_DOWN = re.compile(r"((?:[A-Z_]+=\S+ +)*)python3 lab (?:up|down)\b")
#: A reader needs time to look around, a test does not.
READERS_LOAD, TESTS_LOAD = "--duration 15m &", "--duration 2m &"


def commands(guide: Path) -> list[str]:
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", guide.read_text(), re.DOTALL | re.MULTILINE)).splitlines()


def settings(guide: Path) -> dict[str, str]:
    """What the guide's first `python3 lab up` changes in the environment."""
    starts = (UP_OR_DOWN.match(line) for line in commands(guide))
    assignments = next((start[1] for start in starts if start), "").split()
    return dict(assignment.split("=", 1) for assignment in assignments)


ALL_GUIDES = sorted((REPOSITORY / "docs" / "guide").glob("*.md"))
GUIDES = [guide for guide in ALL_GUIDES if not settings(guide)]
GUIDES_WITH_SETTINGS = [guide for guide in ALL_GUIDES if settings(guide)]


def shift_ports(lab, text: str) -> str:
    """The same commands for this lab's ports."""
    return re.sub(r"(127\.0\.0\.1:)(\d+)", lambda match: match[1] + str(int(match[2]) + lab.port_offset), text)


def run(lab, script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=REPOSITORY,
        env=lab.environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def type_commands(lab, guide: Path) -> None:
    lines = [line.replace(READERS_LOAD, TESTS_LOAD) for line in commands(guide) if not UP_OR_DOWN.match(line)]
    script = shift_ports(lab, "\n".join(lines)).replace("python3 lab", f"{sys.executable} lab")
    result = run(lab, script)
    assert result.returncode == 0, result.stdout + result.stderr
    # How an API begins an error; a series may have a label status="error".
    assert '"status":"error","error' not in result.stdout
    # No query of a guide comes back empty: a reader would not know whether that is right.
    for nothing in ('"result":[]', '"traces":[]', '"series":[]', '"alerts":[]'):
        assert nothing not in result.stdout, result.stdout


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guides_commands_work_in_their_order(lab, guide):
    type_commands(lab, guide)


@pytest.mark.parametrize("guide", GUIDES_WITH_SETTINGS, ids=lambda path: path.stem)
def test_a_guides_commands_work_on_a_lab_with_its_settings(guide, tmp_path, monkeypatch):
    for name, value in settings(guide).items():
        monkeypatch.setenv(name, value)
    for lab in boot(tmp_path / "lab"):
        type_commands(lab, guide)


def test_the_readmes_queries_are_answered(lab):
    block = re.search(r"^```\n(curl .*?)^```", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert block is not None
    for line in shift_ports(lab, block[1]).splitlines():
        result = run(lab, line.replace("curl", "curl -sf", 1))
        assert result.returncode == 0, line + result.stderr
