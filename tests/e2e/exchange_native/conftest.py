"""An exchange in front of the real servers, as tests/e2e/exchange has one in front of the store. Two minutes of a whole
machine: not where one of the three would be the store again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import BootedLab, boot
from tests.e2e.exchange.conftest import exchange
from tests.e2e.real_servers import skip_unless_all_are_real

__all__ = ["exchange"]


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    skip_unless_all_are_real()
    yield from boot(tmp_path_factory.mktemp("lab"), "--system", "exchange", "--no-traffic", stack="native")
