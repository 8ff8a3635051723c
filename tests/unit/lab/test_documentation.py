"""docs/lab-command.md tells of every verb and option that there is, and of no other."""

import re

import click
import pytest

from lab.cli import VERBS, main
from lab.paths import REPOSITORY

PAGE = (REPOSITORY / "docs" / "lab-command.md").read_text(encoding="utf-8")


def section(verb):
    return PAGE.split(f"\n## {verb}\n", 1)[1].split("\n## ", 1)[0]


def options(verb):
    command = main.get_command(click.Context(main), verb)
    commands = [command, *command.commands.values()] if isinstance(command, click.Group) else [command]
    parameters = [parameter for one in commands for parameter in one.params]
    return {option for parameter in parameters for option in parameter.opts if option.startswith("--")}


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_is_in_its_section_and_none_that_is_not(verb):
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", section(verb)))
    others = set().union(*(options(other) for other in VERBS))

    # --state-dir belongs to nearly every verb and has a section of its own.
    assert options(verb) - {"--state-dir"} <= told
    assert told <= others


def test_the_page_lists_the_verbs():
    assert re.findall(r"^\| \[`(\w+)`\]\(#\1\)", PAGE, re.MULTILINE) == list(VERBS)


def test_the_page_names_the_ports_and_places_as_they_are():
    from lab.ports import LabPorts
    from lab.supervisor import READY_TIMEOUT_SECONDS

    ports = LabPorts()
    for name, port in (("prometheus", ports.prometheus), ("loki", ports.loki), ("tempo", ports.tempo)):
        assert re.search(rf"{name} +http://127\.0\.0\.1:{port}\n", PAGE)
    assert f"port {ports.locust} instead" in PAGE
    assert f"within {READY_TIMEOUT_SECONDS:g} s" in PAGE
