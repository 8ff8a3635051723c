"""Flags that are switched while the chain runs: what they change, in every worker process, and that services end well
with them on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.faults.flag_file import FlagFile
from tests.integration.chain.running_chain import Chain, run_chain, until

_VARIABLE = "FLAGD_OFFLINE_FLAG_SOURCE_PATH"

#: What the services can be told to do otherwise, all of it at once, with values that leave them able to answer.
_EVERYTHING: dict[str, dict[str, Any]] = {
    "inventory-index": {"table": "inventory"},
    "inventory-pages": {"rows": 1},
    "session-review": {"share": 0.01},
    "maintenance-job": {"orders": 400, "pause_seconds": 0.2},
    "storage-tier": {"factor": 20, "timeout_seconds": 0.9, "attempts": 2},
    "cache-rounds": {"round_seconds": 5},
    "compact-records": {"product": 42},
    "bundle-prices": {"category": "garden"},
    "membership-terms": {"membership": "gold"},
    "answer-journal": {"page_kilobytes": 64},
    "demand-plan": {"share": 0.2},
    "backend-release": {"version": "1.1.0", "largest_quantity": 60},
    "clock-offset": {"service": "database", "seconds": 15},
    "trace-sampling": {"service": "backend", "share": 0.05},
    "log-correlation": {"service": "backend"},
    "status-lines": {"service": "backend", "lines_per_second": 100},
    "endpoint-labels": {"service": "frontend", "paths": 150},
    "trace-context": {"service": "frontend"},
    "metrics-endpoint": {"service": "backend"},
    "visitor-arrivals": {"factor": 5},
    "catalogue-reader": {"requests_per_second": 4, "first_user_id": 20_000_000},
}


@pytest.fixture
def flags(tmp_path: Path) -> FlagFile:
    flags = FlagFile(tmp_path / "flags" / "flags.json")
    flags.prepare()
    return flags


@pytest.fixture
def switched_chain(tmp_path: Path, flags: FlagFile) -> Iterator[Chain]:
    """A chain that follows `flags`; its cache keeps nothing, so that every answer comes from the database."""
    settings = {_VARIABLE: str(flags.path), "CACHE_TTL_SECONDS": "0", "DATABASE_LATENCY_SCALE": "0"}
    with run_chain(tmp_path / "output.log", **settings) as chain:
        yield chain


def queries_on_inventory(chain: Chain, product_id: int) -> int:
    """How many queries one product page takes."""
    trace_id = chain.get(f"/product/{product_id}").headers["X-Trace-Id"]
    # The frontend's span ends last: then the others are there, or are about to be.
    until(lambda: "frontend_get_product" in {span.name for span in chain.receiver.trace(trace_id, 1)})
    until(lambda: "transaction_commit" in {span.name for span in chain.receiver.trace(trace_id, 1)})
    return sum(
        span.name == "query_execution" and span.attributes["db.collection.name"] == "inventory"
        for span in chain.receiver.trace(trace_id, 1)
    )


def test_a_flag_is_in_effect_at_once_and_undone_at_once(switched_chain: Chain, flags: FlagFile) -> None:
    product_id = next(id for id in range(1, 50) if len(_stock(switched_chain, id)) == 4)
    assert queries_on_inventory(switched_chain, product_id) == 1
    # The first time flagd's provider has to be loaded.
    flags.switch_on("inventory-pages", {"rows": 1})
    until(lambda: queries_on_inventory(switched_chain, product_id) == 5)
    flags.switch_off("inventory-pages")
    until(lambda: queries_on_inventory(switched_chain, product_id) == 1)
    for _ in range(2):
        flags.switch_on("inventory-pages", {"rows": 1})
        until(lambda: queries_on_inventory(switched_chain, product_id) == 5, seconds=5)
        flags.switch_off("inventory-pages")
        until(lambda: queries_on_inventory(switched_chain, product_id) == 1, seconds=5)


def _stock(chain: Chain, product_id: int) -> list[Any]:
    stock: list[Any] = chain.get(f"/db/product/{product_id}", tier="database").json()["product"]["inventory"]
    return stock


def test_services_end_as_ever_while_everything_is_on_and_begin_again_with_it(
    switched_chain: Chain, flags: FlagFile
) -> None:
    for name, value in _EVERYTHING.items():
        flags.switch_on(name, value)
    until(lambda: _fails(switched_chain, "/user/" + _user_with(switched_chain, "gold")), seconds=60)
    for tier in ("frontend", "backend", "database"):
        # Fails when it has not ended in time.
        switched_chain.stop(tier)
    for tier in ("database", "backend", "frontend"):
        switched_chain.start(tier)
    for tier in ("database", "backend", "frontend"):
        switched_chain.wait_until_ready(tier)
    # The provider reads the file in a thread of its own, which a busy machine may keep waiting.
    until(lambda: _fails(switched_chain, "/user/" + _user_with(switched_chain, "gold")), seconds=20)
    flags.clear()
    until(lambda: not _fails(switched_chain, "/user/" + _user_with(switched_chain, "gold")), seconds=60)
    assert switched_chain.get("/product/42").status_code == 200


def _fails(chain: Chain, path: str) -> bool:
    return chain.get(path).status_code >= 500


def _user_with(chain: Chain, membership: str) -> str:
    query = f"/db/query?table=users&filter=membership:eq:{membership}&limit=1"
    return str(until(lambda: chain.get(query, tier="database").json().get("rows"))[0]["id"])


def test_each_worker_process_follows_the_flags(tmp_path: Path, flags: FlagFile) -> None:
    settings = {
        _VARIABLE: str(flags.path),
        "CACHE_TTL_SECONDS": "0",
        "DATABASE_LATENCY_SCALE": "0",
        "SERVICE_WORKERS": "2",
    }
    with run_chain(tmp_path / "output.log", **settings) as chain:
        path = "/user/" + _user_with(chain, "silver")
        flags.switch_on("membership-terms", {"membership": "silver"})
        # Calls of one connection go to one worker; each of these has its own.
        until(lambda: {chain.get(path).status_code for _ in range(10)} == {502}, seconds=60)
        flags.clear()
        until(lambda: {chain.get(path).status_code for _ in range(10)} == {200}, seconds=60)
