"""The documentation says what is so: references are made from the code, links lead somewhere, commands exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs.reference import PAGES
from lab.cli import main
from lab.paths import REPOSITORY

DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("page", PAGES)
def test_a_reference_page_is_what_the_code_says(page: str) -> None:
    written = (REPOSITORY / "docs" / page).read_text()
    assert written == PAGES[page](), "run: .venv/bin/python -m docs.reference"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_to_files_that_exist(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


def commands(text: str) -> Iterator[list[str]]:
    """The words after `python3 lab` wherever it is written, up to what ends a command there."""
    for command in re.findall(r"python3 lab ([^`\n|]*)", text):
        words = shlex.split(command.split("#")[0], posix=True) if command.count('"') % 2 == 0 else []
        yield words


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_commands_of_the_lab_exist_with_their_options(document: Path) -> None:
    context = click.Context(main)
    for words in commands(document.read_text()):
        if not words or not words[0].isalpha() or not words[0].islower():
            continue
        command = main.get_command(context, words[0])
        assert command is not None, f"python3 lab {words[0]}"
        if isinstance(command, click.Group) and words[1:] and not words[1].startswith("-"):
            # In one line with others, as `list | show`, or one of them.
            group, command = command, command.get_command(context, words[1])
            assert command is not None, f"python3 lab {words[0]} {words[1]}; there are {', '.join(group.commands)}"
        if command.context_settings.get("ignore_unknown_options"):
            # `lab test` passes pytest's own on.
            continue
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
        for word in words[1:]:
            if re.fullmatch(r"--?[a-z][a-z-]*", word):
                assert word in known, f"python3 lab {words[0]} {word}"
