"""Chains to send requests to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.chain.running_chain import Chain, run_chain


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """One chain for all tests that leave it as it is; no simulated latency, no cache."""
    log = tmp_path_factory.mktemp("chain") / "output.log"
    with run_chain(log, DATABASE_LATENCY_SCALE="0", CACHE_TTL_SECONDS="0") as chain:
        yield chain


@pytest.fixture
def own_chain(tmp_path: Path) -> Iterator[Chain]:
    """A chain to kill and to count in, with the settings a user gets."""
    with run_chain(tmp_path / "output.log") as chain:
        yield chain
