"""An exchange with simulated traders that is broken in one way after the other."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.e2e.conftest import BootedLab, boot
from tests.e2e.faults.conftest import flags_of_the_lab, nothing_is_left_on, scrape_every_second
from tests.e2e.faults.every_fault import WINDOW_SECONDS, faults_of

__all__ = ["flags_of_the_lab", "nothing_is_left_on"]

FAULTS = faults_of("exchange")


@pytest.fixture(scope="package")
def lab_with_traffic(tmp_path_factory: pytest.TempPathFactory, wait_for) -> Iterator[BootedLab]:
    rps = max(fault.needs_rps for fault in FAULTS.values())
    options = ("--system", "exchange", "--rps", f"{rps:g}", "--seed", "7", "--steady")
    for lab in boot(tmp_path_factory.mktemp("lab"), *options):
        scrape_every_second(lab)
        trades = f"sum(increase(exchange_fills_total[{WINDOW_SECONDS:g}s])) > 1"
        wait_for(partial(lab.telemetry.query, trades), "trades in the metrics", 60)
        yield lab
