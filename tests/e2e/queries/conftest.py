"""A lab in which something has happened, on each stack, so that an empty answer means a wrong query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.conftest import BootedLab, boot
from tests.e2e.happenings import WaitFor, everything_happening
from tests.e2e.queries.asking import Backends
from tests.machine import program


@pytest.fixture(scope="package")
def busy_lab(tmp_path_factory: pytest.TempPathFactory, wait_for: WaitFor) -> Iterator[Backends]:
    """On the embedded stack."""
    for lab in boot(tmp_path_factory.mktemp("busy"), "--rps", "5"):
        with _busy(lab, wait_for) as backends:
            yield backends


@pytest.fixture(scope="package")
def busy_native_lab(tmp_path_factory: pytest.TempPathFactory, wait_for: WaitFor) -> Iterator[Backends]:
    """With the real servers that are on PATH. Prometheus has to be."""
    program("prometheus", package="prometheus")
    for lab in boot(tmp_path_factory.mktemp("busy-native"), "--rps", "5", stack="native"):
        with _busy(lab, wait_for) as backends:
            yield backends


@contextmanager
def _busy(lab: BootedLab, wait_for: WaitFor) -> Iterator[Backends]:
    with everything_happening(lab, wait_for) as trace_id:
        yield Backends.of(lab.state(), trace_id)
