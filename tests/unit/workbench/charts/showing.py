"""The gallery of charts on a page."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

_SCRIPT = Path(__file__).with_name("gallery.js").read_text().split("*/", 1)[1].strip().rstrip(";")

#: Longer than chart/surface.js waits for more.
_GATHERED_MILLISECONDS = 150


class Gallery:
    """Scenes of gallery.js on a page; each is addressed by its name."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        #: Of the static files.
        self.address = address

    def show(self, *names: str) -> None:
        self.page.evaluate(
            f"([address, options]) => ({_SCRIPT})(address, options)", [self.address, {"only": list(names) or None}]
        )

    def scene(self, name: str) -> Locator:
        return self.page.locator(f'[data-scene="{name}"]')

    def plot(self, name: str) -> Locator:
        return self.scene(name).locator(".chart-plot")

    def says(self, name: str) -> Locator:
        """Where the chart speaks to screen readers."""
        return self.scene(name).locator("[aria-live]")

    def calls(self, name: str) -> list[Any]:
        """What the chart has called back, as [event, …arguments]."""
        found: list[Any] = self.page.evaluate("name => window.gallery.get(name).calls", name)
        return found

    def update(self, name: str, data: dict[str, Any]) -> None:
        # Charts gather what comes for a moment, and draw it together in the next frame. What waits here for both on
        # the page's own clock comes after them, however busy the machine is.
        self.page.evaluate(
            """async ([name, data, wait]) => {
              window.gallery.get(name).chart.update(data);
              await new Promise((done) => setTimeout(done, wait));
              for (const _ of [1, 2]) await new Promise((done) => requestAnimationFrame(done));
            }""",
            [name, data, _GATHERED_MILLISECONDS],
        )

    def options(self, name: str, options: dict[str, Any]) -> None:
        self.page.evaluate("([name, options]) => window.gallery.get(name).chart.setOptions(options)", [name, options])

    def colours(self, name: str, layer: int = 0) -> Any:
        """Of each column of the canvas' pixels how many are of a bright colour (lines, not text or grid)."""
        return self.page.evaluate(
            """([name, layer]) => {
              const canvas = document.querySelectorAll(`[data-scene="${name}"] canvas`)[layer];
              if (!canvas) return [];
              const { width, height } = canvas;
              // Read from a copy: a canvas that is read often is drawn differently.
              const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
              copy.drawImage(canvas, 0, 0);
              const { data } = copy.getImageData(0, 0, width, height);
              const rows = [];
              for (let x = 0; x < width; x += 1) {
                const found = [];
                for (let y = 0; y < height; y += 1) {
                  const [r, g, b, a] = data.slice(4 * (y * width + x), 4 * (y * width + x) + 4);
                  if (a > 100 && Math.max(r, g, b) - Math.min(r, g, b) > 60) found.push(y);
                }
                rows.push(found);
              }
              return rows;
            }""",
            [name, layer],
        )
