"""Every panel of every committed dashboard renders with data in the browser, on a lab in which everything happens.

Those of another system than the chain are looked at where it runs (tests/e2e/exchange).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from grafana.query_catalogue import dashboard_files
from lab.manifest import discover
from lab.paths import REPOSITORY
from tests.browser import running_workbench, watched_page
from tests.e2e.happenings import WaitFor, everything_happening
from tests.e2e.workbench.conftest import Workbench
from tests.e2e.workbench.dashboards.walking import faults_of

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

ELSEWHERE = {uid for system in discover().values() if system.name != "chain" for uid in system.dashboards}
DOCUMENTS = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in dashboard_files(REPOSITORY / "grafana/dashboards")
    if file.stem not in ELSEWHERE
}


@pytest.fixture(scope="module", autouse=True)
def busy(workbench: Workbench, wait_for: WaitFor) -> Iterator[None]:
    with everything_happening(workbench.lab, wait_for):
        yield


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_every_panel_has_something_to_show(uid: str, page: Page) -> None:
    assert faults_of(page, DOCUMENTS[uid], load_test=True) == []


def _broken(document: dict[str, Any]) -> dict[str, Any]:
    """The overview with everything wrong with it that the walk has to notice."""
    changed = copy.deepcopy(document)
    panels = {panel["title"]: panel for panel in changed["panels"]}
    panels["Requests"]["targets"][0]["expr"] = "service:requests:rate1n"
    panels["Failed requests"]["type"] = "piechart-of-yore"
    panels["Rate"]["targets"][0]["expr"] = "sum(("
    panels["Errors"]["title"] = "NaN errors"
    return {**changed, "uid": "broken"}


def test_the_walk_notices_what_is_wrong(workbench: Workbench, browser: Browser, tmp_path: Path) -> None:
    document = _broken(DOCUMENTS["chain-overview"])
    (tmp_path / "broken.json").write_text(json.dumps(document))
    backends = workbench.lab.state().backends
    addresses = {f"WORKBENCH_{name.upper()}_URL": backends[name] for name in ("prometheus", "loki", "tempo")}
    with (
        running_workbench(addresses | {"WORKBENCH_DASHBOARDS": str(tmp_path)}) as origin,
        watched_page(browser, base_url=origin) as (page, watch),
    ):
        watch.allow(r"400 .*/api/prometheus/.*sum%28%28")
        faults = faults_of(page, document)
    told = ["is empty", "unsupported", "failed", "shows 'NaN'"]
    titles = ["Requests", "Failed requests", "Rate", "NaN errors"]
    assert len(faults) == len(told), faults
    for fault, title, word in zip(faults, titles, told, strict=True):
        assert f'"{title}"' in fault
        assert word in fault
    assert 'does not draw panels of type "piechart-of-yore"' in faults[1]
