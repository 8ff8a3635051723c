"""Pictures of pages for README and docs: `UPDATE_SCREENSHOTS=1 .venv/bin/pytest <test>` makes them anew."""

from __future__ import annotations

import os

from playwright.sync_api import Page, expect

from lab.paths import REPOSITORY

#: Without it the pages are looked at all the same, and nothing is written.
UPDATE_SCREENSHOTS = "UPDATE_SCREENSHOTS" in os.environ
SCREENSHOTS = REPOSITORY / "docs" / "images"

#: Everybody who reads the README loads its picture.
MOST_BYTES = 160_000


def picture(page: Page, name: str) -> None:
    """Whatever the page shows has come, and nothing of it is an error; the picture is a small one."""
    expect(page.locator(".state-loading, .spinner")).to_have_count(0)
    expect(page.locator(".state-error")).to_have_count(0)
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    image = page.screenshot(type="jpeg", quality=80)
    assert len(image) < MOST_BYTES
    if UPDATE_SCREENSHOTS:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (SCREENSHOTS / f"{name}.jpeg").write_bytes(image)
