"""One workshop for the tests of a file, and learners' labs that leave it at the end of a test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.paths import StateDirectory
from tests.integration.workshop.workshop_processes import LearnersLab, Workshop, poll, served_workshop
from tests.machine import free_port


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with served_workshop(tmp_path_factory.mktemp("instructor"), free_port()) as workshop:
        yield workshop


@pytest.fixture
def labs(tmp_path: Path) -> Iterator[Callable[[str], LearnersLab]]:
    """labs("ada"): a lab that runs; afterwards no process of it does."""
    made = []
    with ExitStack() as running:

        def make(name: str) -> LearnersLab:
            lab = LearnersLab(StateDirectory(tmp_path / name))
            running.enter_context(lab.running())
            made.append(lab)
            return lab

        yield make
        for lab in made:
            if lab.files.membership() is not None:
                lab.run("leave")
            poll(lambda lab=lab: not lab.files.is_running(), "the process in the background has ended")
