"""The gallery of charts, for tests that look at pixels or use a chart as a person does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser import open_blank
from tests.unit.workbench.charts.showing import Gallery


@pytest.fixture
def gallery(page: Page, origin: str) -> Callable[..., Gallery]:
    """gallery("lines", "gaps") shows these scenes."""

    def shown(*names: str) -> Gallery:
        found = Gallery(page, open_blank(page, origin))
        found.show(*names)
        return found

    return shown
