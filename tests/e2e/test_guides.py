"""What the guides and the README tell people to type, typed: each guide's `sh` blocks as one script on a real lab."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.paths import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

GUIDES = sorted((REPOSITORY / "docs" / "guide").glob("*.md"))


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


def scripts(guide: Path) -> str:
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", guide.read_text(), re.DOTALL | re.MULTILINE)).splitlines()
    # The lab is up already, on other ports; and it stays up for the other tests.
    return "\n".join(line for line in lines if not re.match(r"python3 lab (up|down)\b", line))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guides_commands_work_in_their_order(lab, guide):
    script = shift_ports(lab, scripts(guide)).replace("python3 lab", f"{sys.executable} lab")
    result = run(lab, script)
    assert result.returncode == 0, result.stdout + result.stderr
    assert '"status":"error"' not in result.stdout
    # No query of a guide comes back empty: a reader would not know whether that is right.
    assert '"result":[]' not in result.stdout
    assert '"traces":[]' not in result.stdout


def test_the_readmes_queries_are_answered(lab):
    block = re.search(r"^```\n(curl .*?)^```", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert block is not None
    for line in shift_ports(lab, block[1]).splitlines():
        result = run(lab, line.replace("curl", "curl -sf", 1))
        assert result.returncode == 0, line + result.stderr
