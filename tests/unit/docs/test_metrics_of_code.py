"""The metrics that are read from the code are those that a service registers when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from backend_service.metrics import BackendMetrics
from database_service.metrics import DatabaseMetrics
from docs import metrics_of_code
from docs.metrics_of_code import DeclaredMetric, metrics_of_folder, metrics_of_system
from frontend_service.metrics import FrontendMetrics
from lab.manifest import discover
from systems.exchange.matching_engine.metrics import EngineMetrics
from systems.exchange.wallet_service.metrics import WalletMetrics
from tests.unit.queries.registries import of_registry


@pytest.mark.parametrize(
    ("folder", "register"),
    [
        ("frontend_service", FrontendMetrics),
        ("backend_service", BackendMetrics),
        ("database_service", DatabaseMetrics),
        ("systems/exchange/wallet_service", WalletMetrics),
        ("systems/exchange/matching_engine", lambda registry: EngineMetrics(registry, halted="halted")),
    ],
)
def test_what_is_read_from_the_code_is_what_is_registered(folder: str, register: Any) -> None:
    registry = CollectorRegistry()
    register(registry)

    declared = [metric.series() for metric in metrics_of_folder(Path(folder))]

    assert {name: labels for series in declared for name, labels in series.items()} == dict(of_registry(registry))


def test_a_system_has_what_its_services_share_and_not_what_others_have() -> None:
    exchange = {metric.name for metric in metrics_of_system(discover()["exchange"])}

    assert {"http_requests_total", "exchange_events_waiting", "lab_service_info"} <= exchange
    assert "frontend_requests_total" not in exchange


def test_a_metric_whose_labels_are_not_written_out_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_of_code, "REPOSITORY", tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/metrics.py").write_text('Gauge("shop_open", "Whether the shop is open.", registry=registry)\n')
    assert metrics_of_folder(Path("shop")) == (
        DeclaredMetric("shop_open", "gauge", (), "Whether the shop is open.", Path("shop/metrics.py")),
    )

    (tmp_path / "mall").mkdir()
    (tmp_path / "mall/metrics.py").write_text('Counter("mall_visits_total", "Visits.", LABELS)\n')
    with pytest.raises(ValueError, match=r"mall/metrics.py:1: write out what mall_visits_total says, and its labels"):
        metrics_of_folder(Path("mall"))
