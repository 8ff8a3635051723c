"""What tests of any kind share: one browser, pages of the workbench that must not complain, who runs beside whom."""

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_timeout
from playwright.sync_api import Browser, Page
from xdist.scheduler import LoadScopeScheduling

# Before any of them is imported: what fails in a helper is to be told with its values, too.
pytest.register_assert_rewrite("tests.e2e", "tests.integration", "tests.unit")

from tests.browser import Watch, chromium, watched_page  # noqa: E402

#: Folders whose tests share a lab that takes long to start.
_TOGETHER = (
    "tests/e2e/queries/",
    "tests/e2e/workbench/",
    "tests/e2e/faults/",
    "tests/e2e/exchange/",
    "tests/e2e/exchange_faults/",
)
#: Folders whose tests mostly wait for something to show. Every other worker process begins with these, the rest with
#: what keeps the machine busy: all waiting at first and all computing later would take longer, and fail the impatient.
_WAITING = ("tests/e2e/exercises/", "tests/e2e/faults/", "tests/e2e/exchange_faults/", "tests/e2e/incidents/")


class _FilesTogether(LoadScopeScheduling):  # type: ignore[misc]
    """With several worker processes (`pytest -n 3`) the tests of a file stay together, and those of some folders.

    pytest-xdist's own groups get lost with this pytest: they are written into an attribute that it reads no more."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, _ = nodeid.partition("::")
        return next((folder for folder in _TOGETHER if path.startswith(folder)), path)

    def _assign_work_unit(self, node: Any) -> None:
        waits = int(node.gateway.id.removeprefix("gw")) % 2 == 0
        preferred = (scope for scope in self.workqueue if scope.startswith(_WAITING) == waits)
        if scope := next(preferred, None):
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """pytest-timeout's clock starts with the first try of a test and rings once: a second try gets its own."""
    if getattr(item, "execution_count", 1) > 1:
        settings = pytest_timeout._get_item_settings(item)
        item.config.hook.pytest_timeout_set_timer(item=item, settings=settings)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _FilesTogether:
    return _FilesTogether(config, log)


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
