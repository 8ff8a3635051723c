"""What the guides and the README tell people to type, typed: each guide's `sh` blocks as one script on a real lab.

A guide that starts its lab with changed settings gets one of its own, with these settings; the others share one. Guides
to other systems are typed where these run.
"""

import re

import pytest

from lab.paths import REPOSITORY
from tests.e2e.conftest import boot
from tests.e2e.guides import ALL_GUIDES, run, settings, shift_ports, system, type_commands

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

GUIDES_OF_THE_CHAIN = [guide for guide in ALL_GUIDES if system(guide) == "chain"]
GUIDES = [guide for guide in GUIDES_OF_THE_CHAIN if not settings(guide)]
GUIDES_WITH_SETTINGS = [guide for guide in GUIDES_OF_THE_CHAIN if settings(guide)]


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
