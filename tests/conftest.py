"""What tests of any kind share: one browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a session: its start is most of what a short test costs."""
    with chromium() as browser:
        yield browser
