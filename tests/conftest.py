"""What tests of any kind share: one browser, and pages of the workbench that must not complain."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import Watch, chromium, watched_page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a session: its start is most of what a short test costs."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def watched(browser: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    """`origin` is a folder's own fixture: which workbench its tests look at."""
    with watched_page(browser, base_url=origin) as pair:
        yield pair


@pytest.fixture
def page(watched: tuple[Page, Watch]) -> Page:
    """A page of 1280 × 800 on the workbench (`page.goto("/explore")`); the test fails if it complains."""
    return watched[0]


@pytest.fixture
def watch(watched: tuple[Page, Watch]) -> Watch:
    """What `page` complains about: `watch.allow("404 .*/api/tempo")` for what the test provokes."""
    return watched[1]
