"""A lab with traffic that several tests break one after the other, scraped every second so that nobody waits long."""

import json
from collections.abc import Iterator
from functools import partial

import pytest

from lab.faults.flag_file import FlagFile
from lab.paths import StateDirectory
from lab.stacks.targets import FILE_NAME
from tests.e2e.conftest import BootedLab, boot
from tests.e2e.faults.every_fault import WINDOW_SECONDS, faults_of

FAULTS = faults_of("chain")


@pytest.fixture(scope="package")
def lab_with_traffic(tmp_path_factory: pytest.TempPathFactory, wait_for) -> Iterator[BootedLab]:
    rps = max(fault.needs_rps for fault in FAULTS.values())
    for lab in boot(tmp_path_factory.mktemp("lab"), "--rps", f"{rps:g}", "--seed", "7", "--steady"):
        scrape_every_second(lab)
        traffic = f"sum(increase(frontend_requests_total[{WINDOW_SECONDS:g}s])) > {rps}"
        wait_for(partial(lab.telemetry.query, traffic), "traffic in the metrics")
        yield lab


def scrape_every_second(lab: BootedLab) -> None:
    path = StateDirectory(lab.state_dir).targets / FILE_NAME
    targets = json.loads(path.read_text())
    for target in targets:
        target["labels"] |= {"__scrape_interval__": "1s", "__scrape_timeout__": "1s"}
    path.write_text(json.dumps(targets))


@pytest.fixture(scope="package")
def flags_of_the_lab(lab_with_traffic: BootedLab) -> FlagFile:
    """The switches of the lab."""
    return FlagFile(StateDirectory(lab_with_traffic.state_dir).flag_file)


@pytest.fixture(autouse=True)
def nothing_is_left_on(flags_of_the_lab: FlagFile) -> Iterator[None]:
    yield
    left_on = list(flags_of_the_lab.switched_on())
    flags_of_the_lab.clear()
    assert left_on == []
