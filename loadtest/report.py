"""A Locust plugin: leaves the results of a run as JSON, percentiles and reasons of failures included.

Loaded beside a load test (`locust -f loadtest/chain.py,loadtest/report.py`); where to write stands in LOADTEST_REPORT.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from locust import events
from locust.env import Environment
from locust.stats import StatsEntry

#: Names the file to write.
REPORT_VARIABLE = "LOADTEST_REPORT"


@events.init.add_listener
def write_report_at_the_end(environment: Environment, **_: Any) -> None:
    destination = os.environ.get(REPORT_VARIABLE)
    if not destination:
        return

    @environment.events.quit.add_listener
    def write_report(**_: Any) -> None:
        Path(destination).write_text(json.dumps(report(environment)), encoding="utf-8")


def report(environment: Environment) -> dict[str, Any]:
    """Times in seconds; `requests` by name, `total` over all of them, `failures` by reason."""
    stats = environment.stats
    return {
        "requests": [entry_report(entry) for _, entry in sorted(stats.entries.items())],
        "total": entry_report(stats.total),
        "failures": [
            {"name": error.name, "method": error.method, "reason": str(error.error), "count": error.occurrences}
            for error in stats.errors.values()
        ],
    }


def entry_report(entry: StatsEntry) -> dict[str, Any]:
    milliseconds = {
        "p50_seconds": entry.get_response_time_percentile(0.50),
        "p95_seconds": entry.get_response_time_percentile(0.95),
        "p99_seconds": entry.get_response_time_percentile(0.99),
        "max_seconds": entry.max_response_time,
    }
    return {
        "name": entry.name,
        "method": entry.method or "",
        "requests": entry.num_requests,
        "failures": entry.num_failures,
        "requests_per_second": entry.total_rps,
        **{name: value / 1000 for name, value in milliseconds.items()},
    }
