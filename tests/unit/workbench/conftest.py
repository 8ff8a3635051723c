"""The workbench without a lab: its pages and modules in Chromium, with nobody behind the three APIs.

`module` calls a JavaScript module's functions, `page` is a page that must not complain, `origin` the address of it all.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import Modules, Watch, running_workbench, watched_page
from tests.machine import free_port


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """Where a workbench listens whose APIs are not there."""
    nobody = f"http://127.0.0.1:{free_port()}"
    names = ("PROMETHEUS", "LOKI", "TEMPO")
    with running_workbench({f"WORKBENCH_{name}_URL": nobody for name in names}) as address:
        yield address


@pytest.fixture(scope="session")
def _modules(browser: Browser, origin: str) -> Iterator[tuple[Modules, Watch]]:
    with watched_page(browser) as (page, watch):
        yield Modules(page, origin), watch


@pytest.fixture
def module(_modules: tuple[Modules, Watch]) -> Iterator[Modules]:
    """module("format/time.js", "m => m.duration(0.25)") → "250 ms"; see tests/browser.py."""
    modules, watch = _modules
    before = len(watch.complaints)
    yield modules
    complaints = watch.complaints[before:]
    # The next test is not to blame.
    del watch.complaints[before:]
    assert complaints == []


@pytest.fixture
def module_watch(_modules: tuple[Modules, Watch]) -> Watch:
    """What the page of `module` complains about: cleared by a test that provokes it."""
    return _modules[1]
