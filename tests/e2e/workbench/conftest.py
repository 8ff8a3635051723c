"""The workbench on a lab with traffic, shared by all tests of a session: pages have something to show.

Tests that break something put it back in order, or boot a lab of their own.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.exercises.progress import PROGRESS_FILE_VARIABLE
from lab.exercises.services.workspace import SERVICES_VARIABLE
from tests.e2e.conftest import BootedLab, boot

#: Requests per second: enough for every rate, few enough for two cores that also run a browser.
_RPS = "8"

#: What has to be there before a page is looked at: the slowest things to come, of each of the three APIs.
_FIRST_SIGNS = (
    'sum(rate(traces_service_graph_request_total{client="backend",server="database"}[1m])) > 0',
    "count(service:request_duration_seconds:p95_1m) >= 3",
    'count(service_route:errors:ratio1m{service="frontend"}) > 0',
)


class Workbench:
    """The page, and the lab behind it."""

    def __init__(self, lab: BootedLab) -> None:
        self.lab = lab
        self.origin = lab.url("workbench")

    def url(self, path: str = "/") -> str:
        return self.origin + path


@pytest.fixture(scope="package")
def workbench(tmp_path_factory: pytest.TempPathFactory, wait_for: Callable[..., Any]) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("workbench")
    with pytest.MonkeyPatch.context() as patched:
        # What a test solves is not what whoever runs it has solved.
        patched.setenv(PROGRESS_FILE_VARIABLE, str(folder / "progress.json"))
        patched.setenv(SERVICES_VARIABLE, str(folder / "services"))
        with contextlib.contextmanager(boot)(folder, "--rps", _RPS) as lab:
            for query in _FIRST_SIGNS:
                wait_for(lambda query=query: lab.telemetry.query(query), query, 60)
            wait_for(lambda: lab.telemetry.search_traces(q="{ status = error }"), "a trace with an error", 60)
            yield Workbench(lab)


@pytest.fixture(scope="package")
def origin(workbench: Workbench) -> str:
    """Where the pages of `page` are: see tests/conftest.py."""
    return workbench.origin
