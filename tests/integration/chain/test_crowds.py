"""Who comes besides the usual users, on a real frontend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.faults.flag_file import FlagFile
from tests.integration.chain.running_chain import Chain, Span, run_chain, until

_USUAL_RPS = 8


@pytest.fixture
def flags(tmp_path: Path) -> FlagFile:
    flags = FlagFile(tmp_path / "flags" / "flags.json")
    flags.prepare()
    return flags


@pytest.fixture(params=["1", "2"], ids=["one worker", "two workers"])
def busy_chain(request: pytest.FixtureRequest, tmp_path: Path, flags: FlagFile) -> Iterator[Chain]:
    settings = {
        "FLAGD_OFFLINE_FLAG_SOURCE_PATH": str(flags.path),
        "DATABASE_LATENCY_SCALE": "0",
        "TRAFFIC_RPS": str(_USUAL_RPS),
        "TRAFFIC_SEED": "7",
        "SERVICE_WORKERS": request.param,
    }
    with run_chain(tmp_path / "output.log", **settings) as chain:
        until(lambda: requests_of(chain))
        yield chain


def requests_of(chain: Chain, agent: str = "simulated-user") -> list[Span]:
    """The frontend's spans of the requests that came with this user agent."""
    return [
        span
        for span in list(chain.receiver.spans)
        if span.service == "frontend" and agent in span.attributes.get("user_agent.original", "")
    ]


def test_several_times_as_many_come_while_it_is_asked_for(busy_chain: Chain, flags: FlagFile) -> None:
    flags.switch_on("visitor-arrivals", {"factor": 12.0})
    seen = len(requests_of(busy_chain))
    # The usual ones alone would take a minute.
    until(lambda: len(requests_of(busy_chain)) >= seen + 60 * _USUAL_RPS, seconds=30)
    flags.switch_off("visitor-arrivals")
    assert busy_chain.get("/user/1").status_code == 200


def test_a_reader_asks_for_one_unknown_user_after_the_other(busy_chain: Chain, flags: FlagFile) -> None:
    flags.switch_on("catalogue-reader", {"requests_per_second": 20.0, "first_user_id": 20_000_000})
    until(lambda: len(requests_of(busy_chain, "ShopIndex")) >= 30)
    flags.switch_off("catalogue-reader")
    spans = requests_of(busy_chain, "ShopIndex")
    ids = _ids_of(spans)
    assert len(set(ids)) == len(ids), "each is asked for once, however many workers there are"
    # Some are left out where the machine is too busy to answer the last two in time.
    assert min(ids) >= 20_000_000
    assert max(ids) - 20_000_000 < 10 * len(ids)
    assert {span.attributes["http.response.status_code"] for span in spans} == {"404"}
    assert {span.status for span in spans} == {0}


def _ids_of(spans):
    return [int(re.fullmatch(r"/user/(\d+)", span.attributes["url.path"])[1]) for span in spans]
