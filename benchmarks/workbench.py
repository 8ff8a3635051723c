"""How long each page of the workbench takes to be of use, and what it costs while it stays open.

.venv/bin/python -m benchmarks.workbench [--rounds 5] [--seconds 20]

Needs Chromium. A lab runs with generated traffic; beside what that makes, its store is given an hour of 60 series, a
dashboard of 20 panels that draws them, and a trace of 2,000 spans. "First paint" and "usable" count from the click on
a link to the moment at which something, and everything that was asked for, is on the screen; medians of the rounds.
Beside them stands the ratio to the page that says "no such page", which is the frame alone, in the same rounds, and
the CPU that the page's own process took until then. At rest is an open page that refreshes every 5 s.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.chain import ROOT, memory_of
from benchmarks.running_lab import RunningLab, running_lab
from tests.integration.telemetry_store import remote_write_body
from tests.integration.telemetry_store.remote_write_body import Series

PANELS, LINES, STEP_SECONDS = 20, 3, 5
SPANS = 2_000
TRACE = f"{7:032x}"
REFRESH_SECONDS = 5
TRAFFIC_RPS = 8
#: So long the traffic has run before anything is measured.
WARM_UP_SECONDS = 45

#: The aims: seconds to a usable page, share of a core at rest.
USABLE_SECONDS, CORE_SHARE = 1.0, 0.05

EXPLORE = json.dumps({"source": "prometheus", "query": "bench_value", "view": "graph"}, separators=(",", ":"))

#: What is measured: a name, and the address of the page.
PAGES = {
    "no such page": "/no/such/page",
    "Now": "/",
    "Dashboards": "/dashboards",
    "chain: overview": "/dashboards/chain-overview?from=now-15m&to=now",
    "20 panels, 1 h": "/dashboards/bench?from=now-1h&to=now",
    "Explore, 60 series, 1 h": "/explore?left=" + requests.utils.quote(EXPLORE) + "&from=now-1h&to=now",
    "Logs": "/logs",
    "Traces": "/trace",
    "trace of 2,000 spans": f"/trace/{TRACE}",
    "Map": "/map",
}

#: Counts the questions that are not answered yet; a page is usable once there were some or none, nothing of it says
#: that it is busy, and that has not changed for a while.
_WATCH = """
(() => {
  const watch = { pending: 0, changed: 0, usable: null };
  window.benchmark = watch;
  const ask = window.fetch;
  window.fetch = (...words) => {
    watch.pending += 1;
    const ended = () => { watch.pending -= 1; };
    const answer = ask(...words);
    answer.then(ended, ended);
    return answer;
  };
  const quietFor = 250;
  const busy = () => {
    const page = document.getElementById("page");
    const marked = "[aria-busy=true], [data-loading]";
    return !page || page.childElementCount === 0 || page.matches(marked) || page.querySelector(marked);
  };
  const step = () => {
    const now = performance.now();
    if (watch.pending > 0 || document.readyState !== "complete" || busy()) watch.changed = now;
    else if (watch.usable === null && now - watch.changed > quietFor) watch.usable = watch.changed;
    if (watch.usable === null) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})();
"""

_RESULT = """
() => ({
  usable: window.benchmark?.usable ?? null,
  paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
  elements: document.querySelectorAll("*").length,
})
"""


@dataclass
class Figures:
    """Of one page: milliseconds of each round, and what it costs at rest."""

    paint: list[float] = field(default_factory=list)
    #: Of the page's own process until it is usable; it hardly depends on what else the machine does.
    cpu: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    kilobytes: float = 0.0
    elements: int = 0
    #: Share of a core, of the page's own process, and of the workbench with the store.
    renderer: float = 0.0
    servers: float = 0.0


def fill(lab: RunningLab) -> None:
    """An hour of series, and a trace."""
    now = int(time.time())
    times = range((now - 3600) * 1000, now * 1000, STEP_SECONDS * 1000)
    series = [
        Series(
            {"__name__": "bench_value", "panel": str(panel), "line": f"line-{line}"},
            [(at, round(5 + 3 * math.sin(at / 3e5 + panel) + line + math.sin(at * 7.0), 3)) for at in times],
        )
        for panel in range(PANELS)
        for line in range(LINES)
    ]
    backends = lab.status["backends"]
    answer = requests.post(
        backends["prometheus"] + "/api/v1/write",
        data=remote_write_body.body(series),
        headers=remote_write_body.HEADERS,
        timeout=60,
    )
    answer.raise_for_status()
    requests.post(backends["otlp_http"] + "/v1/traces", json=large_trace(now - 20), timeout=60).raise_for_status()


def large_trace(start_seconds: int) -> dict[str, object]:
    """A tree of SPANS spans of five services, seven below each, OTLP/JSON."""
    start, services = start_seconds * 10**9, 5
    spans: list[list[dict[str, object]]] = [[] for _ in range(services)]
    for number in range(SPANS):
        parent = (number - 1) // 7
        begin = start + number * 400_000
        spans[number % services].append(
            {
                "traceId": TRACE,
                "spanId": f"{number + 1:016x}",
                "parentSpanId": f"{parent + 1:016x}" if number else "",
                "name": f"operation {number % 40}",
                "kind": 1 + number % 5,
                "startTimeUnixNano": str(begin),
                "endTimeUnixNano": str(begin + (10**9 if number == 0 else 40_000_000 // (1 + number % 9))),
                "attributes": [
                    {"key": "http.route", "value": {"stringValue": f"/route/{number % 12}"}},
                    {"key": "db.rows", "value": {"intValue": str(number)}},
                ],
                "status": {"code": 2 if number % 97 == 5 else 0},
            }
        )
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": f"bench-{number}"}}]},
                "scopeSpans": [{"scope": {"name": "benchmark"}, "spans": own}],
            }
            for number, own in enumerate(spans)
        ]
    }


def dashboards(directory: Path) -> None:
    """The committed ones, and one of PANELS panels, eight of which a screen shows."""
    for file in (ROOT / "grafana/dashboards").glob("*.json"):
        (directory / file.name).write_bytes(file.read_bytes())
    panels = [
        {
            "id": number + 1,
            "type": "timeseries",
            "title": f"Panel {number}",
            "datasource": {"type": "prometheus", "uid": "prometheus"},
            "gridPos": {"x": 6 * (number % 4), "y": 7 * (number // 4), "w": 6, "h": 7},
            "fieldConfig": {"defaults": {"unit": "short", "custom": {"fillOpacity": 10}}, "overrides": []},
            "options": {"legend": {"showLegend": True, "displayMode": "list"}},
            "targets": [{"refId": "A", "expr": f'bench_value{{panel="{number}"}}', "legendFormat": "{{line}}"}],
        }
        for number in range(PANELS)
    ]
    content = {
        "uid": "bench",
        "title": "Benchmark",
        "tags": [],
        "schemaVersion": 42,
        "panels": panels,
        "templating": {"list": []},
        "annotations": {"list": []},
        "time": {"from": "now-1h", "to": "now"},
    }
    (directory / "bench.json").write_text(json.dumps(content))


def measure(page: Page, address: str) -> tuple[float, float, int]:
    """Milliseconds to the first paint and to a usable page, and how many elements it then has."""
    page.goto(address, wait_until="commit")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        result = page.evaluate(_RESULT)
        if result["usable"] is not None and result["paint"] is not None:
            return result["paint"], result["usable"], result["elements"]
        time.sleep(0.05)
    raise RuntimeError(f"{address} is not usable after 30 s")


def rounds_of(browser: Browser, origin: str, figures: dict[str, Figures], rounds: int) -> None:
    """Every page in every round: once with nothing kept in the browser, once with its files kept."""
    for _ in range(rounds):
        for name, path in PAGES.items():
            context = fresh(browser)
            page = context.new_page()
            received = [0.0]
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            session.on(
                "Network.loadingFinished",
                lambda event, received=received: received.__setitem__(0, received[0] + event["encodedDataLength"]),
            )
            own = figures[name]
            before = cpu(renderers())
            paint, cold, own.elements = measure(page, origin + path)
            own.cpu.append(1000 * (cpu(renderers()) - before))
            own.kilobytes = received[0] / 1e3
            page.close()
            page = context.new_page()
            _, warm, _ = measure(page, origin + path)
            own.paint.append(paint)
            own.cold.append(cold)
            own.warm.append(warm)
            context.close()


def fresh(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(_WATCH)
    return context


def at_rest(browser: Browser, lab: RunningLab, origin: str, figures: dict[str, Figures], seconds: float) -> None:
    """What each page costs while it is open and refreshes."""
    servers = [psutil.Process(lab.pid(name)) for name in ("workbench", "telemetry_store")]
    alone = share_of(servers, [], seconds)[0]
    for name, path in PAGES.items():
        context = fresh(browser)
        page = context.new_page()
        separator = "&" if "?" in path else "?"
        measure(page, f"{origin}{path}{separator}refresh={REFRESH_SECONDS}")
        time.sleep(2)
        used, figures[name].renderer = share_of(servers, renderers(), seconds)
        # What the store does anyway, because telemetry arrives, is not the page's doing.
        figures[name].servers = max(used - alone, 0.0)
        context.close()


def share_of(servers: list[psutil.Process], pages: list[psutil.Process], seconds: float) -> tuple[float, float]:
    """Shares of a core that these processes use in the seconds to come."""
    before, began = (cpu(servers), cpu(pages)), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return (cpu(servers) - before[0]) / took, (cpu(pages) - before[1]) / took


def cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def renderers() -> list[psutil.Process]:
    """Chromium's processes that run pages."""
    return [child for child in psutil.Process().children(recursive=True) if "--type=renderer" in child.cmdline()]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        # A page is drawn as often as one that is looked at, and root may not use the sandbox.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def table(figures: dict[str, Figures]) -> str:
    frame = figures["no such page"]
    heads = ["page", "first paint", "usable, cold", "usable, warm", "against the frame", "CPU until then", "fetched"]
    heads += ["elements", "at rest: page", "servers"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for name, own in figures.items():
        ratio = statistics.median(one / other for one, other in zip(own.cold, frame.cold, strict=True))
        lines.append(
            f"| {name} | {statistics.median(own.paint) / 1000:.2f} s | {_aimed(own.cold)} | {_aimed(own.warm)} "
            f"| {ratio:.1f} | {statistics.median(own.cpu) / 1000:.2f} s | {own.kilobytes:.0f} kB | {own.elements} "
            f"| {_share(own.renderer)} | {own.servers:.1%} |"
        )
    return "\n".join(lines)


def _aimed(milliseconds: list[float]) -> str:
    seconds = statistics.median(milliseconds) / 1000
    return f"{seconds:.2f} s" if seconds < USABLE_SECONDS else f"**{seconds:.2f} s**"


def _share(share: float) -> str:
    return f"{share:.1%}" if share < CORE_SHARE else f"**{share:.1%}**"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="loads of each page, with and without kept files (5)")
    parser.add_argument("--seconds", type=float, default=20.0, help="for which an open page is watched (20; 0: not)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        dashboards(Path(directory))
        os.environ["WORKBENCH_DASHBOARDS"] = directory
        with running_lab(ROOT, "--rps", str(TRAFFIC_RPS), traffic=True) as lab:
            workbench = psutil.Process(lab.pid("workbench"))
            started = memory_of(workbench)
            fill(lab)
            time.sleep(WARM_UP_SECONDS)
            origin = lab.url("workbench")
            figures = {name: Figures() for name in PAGES}
            with chromium() as browser:
                version = browser.version
                rounds_of(browser, origin, figures, arguments.rounds)
                if arguments.seconds:
                    at_rest(browser, lab, origin, figures, arguments.seconds)
            print(f"Chromium {version}, load {os.getloadavg()[0]:.1f}; bold misses the aim.\n")
            print(table(figures))
            print(f"\nthe whole lab: {lab.memory_megabytes():.0f} MB")
            print(f"workbench: {started:.0f} MB at the start, {memory_of(workbench):.0f} MB at the end")
            print(f"the shell: {shell_bytes(origin) / 1e3:.0f} kB, {modules(origin)} modules named in it")


def shell_bytes(origin: str) -> int:
    with urllib.request.urlopen(origin) as answer:
        return len(answer.read())


def modules(origin: str) -> int:
    with urllib.request.urlopen(origin) as answer:
        return len(re.findall(r'rel="modulepreload"', answer.read().decode()))


if __name__ == "__main__":
    sys.exit(main())
