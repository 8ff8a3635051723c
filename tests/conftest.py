"""What tests of any kind share: one browser, pages of the workbench that must not complain, who runs beside whom."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import Watch, chromium, watched_page

#: Fixtures of tests/e2e that take long to start and serve many tests.
_SHARED_LABS = ("busy_native_lab", "busy_lab", "workbench", "lab")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several worker processes (`pytest -n 2 --dist loadgroup`) the tests of a file stay together, and those that
    share a lab, wherever they are."""
    for item in items:
        used = getattr(item, "fixturenames", ()) if item.get_closest_marker("e2e") else ()
        group = next((name for name in _SHARED_LABS if name in used), item.path.as_posix())
        item.add_marker(pytest.mark.xdist_group(group))


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
