"""An exchange in front of the real servers that are on PATH, as tests/e2e/exchange has one in front of the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import BootedLab, boot
from tests.e2e.exchange.conftest import exchange
from tests.machine import program

__all__ = ["exchange"]


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    """Prometheus has to be real."""
    program("prometheus", package="prometheus")
    yield from boot(tmp_path_factory.mktemp("lab"), "--system", "exchange", "--no-traffic", stack="native")
