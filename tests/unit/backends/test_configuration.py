"""The backends' configuration files: the servers' own tools accept them, and copies agree with what they copy."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_inbox.settings import Settings as InboxSettings
from lab.manifest import discover
from lab.paths import StateDirectory
from lab.ports import LabPorts
from lab.stacks import configuration, container_targets
from lab.stacks.stack import SCRAPE_INTERVAL_SECONDS, StackOptions
from lab.stacks.store import RETENTION_HOURS
from observability.asgi_serving import KEPT_SECONDS
from telemetry_store.settings import SERVICE_GRAPH_BUCKETS
from tests.machine import program
from tests.unit.backends.rule_files import REPOSITORY, rules, run

FOLDER = REPOSITORY / "observability"


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as plain processes get it: with paths and addresses that exist here."""
    directory = StateDirectory(tmp_path_factory.mktemp("state"))
    options = StackOptions(systems=list(discover().values()), directory=directory)
    configuration.render(directory, configuration.local_addresses(options), lambda path: path.parts[0] != "grafana")
    return options.directory.configuration / "observability"


def test_promtool_accepts_the_configuration(rendered: Path) -> None:
    outcome = run(
        program("promtool", package="prometheus"), "check", "config", rendered / "prometheus" / "prometheus.yml"
    )
    assert outcome.returncode == 0, outcome.stdout


def test_amtool_accepts_the_configuration(rendered: Path) -> None:
    outcome = run(
        program("amtool", package="prometheus-alertmanager"),
        "check-config",
        rendered / "alertmanager" / "alertmanager.yml",
    )
    assert outcome.returncode == 0, outcome.stdout


def test_loki_accepts_the_configuration(rendered: Path) -> None:
    if shutil.which("loki") is None:
        pytest.skip("loki is not on PATH")
    outcome = run("loki", f"-config.file={rendered / 'loki' / 'loki.yml'}", "-verify-config")
    assert outcome.returncode == 0, outcome.stdout


def test_tempo_accepts_the_configuration_without_a_warning(rendered: Path) -> None:
    if shutil.which("tempo") is None:
        pytest.skip("tempo is not on PATH")
    outcome = run("tempo", f"-config.file={rendered / 'tempo' / 'tempo.yml'}", "-config.verify=true")
    assert outcome.returncode == 0, outcome.stdout
    assert "warn" not in outcome.stdout


def test_containers_are_scraped_as_the_manifests_say() -> None:
    contents = container_targets.contents()
    for path, content in contents.items():
        assert path.read_text(encoding="utf-8") == content, "run `python -m lab.stacks.container_targets`"
    services = {service.name for system in discover().values() for service in system.services}
    targets = [target for content in contents.values() for target in json.loads(content)]
    assert {target["labels"]["service"] for target in targets} == services | {
        "prometheus", "loki", "tempo", "alertmanager", "grafana",
    }  # fmt: skip
    assert all(target["targets"][0].startswith(f"{target['labels']['service']}:") for target in targets)


def test_the_main_compose_file_alone_scrapes_nothing_that_it_does_not_start() -> None:
    folder = FOLDER / "prometheus/targets"
    jobs = {target["labels"]["job"] for path in folder.glob("*.json") for target in json.loads(path.read_text())}

    assert jobs == {"chain", "prometheus", "loki", "tempo", "alertmanager", "grafana"}


def test_everything_is_scraped_and_evaluated_as_often_as_on_the_embedded_stack() -> None:
    settings = read("prometheus/prometheus.yml")["global"]
    assert settings["scrape_interval"] == settings["evaluation_interval"] == f"{SCRAPE_INTERVAL_SECONDS}s"
    assert int(settings["scrape_timeout"].removesuffix("s")) < SCRAPE_INTERVAL_SECONDS
    assert (
        read("tempo/tempo.yml")["metrics_generator"]["registry"]["collection_interval"] == settings["scrape_interval"]
    )
    assert read("jaeger/config.yaml")["connectors"]["spanmetrics"]["metrics_flush_interval"] == "5s"


def test_everything_is_kept_as_long_as_on_the_embedded_stack() -> None:
    loki, tempo = read("loki/loki.yml"), read("tempo/tempo.yml")
    kept = f"{RETENTION_HOURS}h"
    assert loki["limits_config"]["retention_period"] == kept
    assert loki["limits_config"]["reject_old_samples_max_age"] == kept
    assert loki["compactor"]["retention_enabled"] is True
    assert tempo["overrides"]["defaults"]["compaction"]["block_retention"] == kept


def test_ports_are_those_of_the_lab() -> None:
    ports = LabPorts()
    loki, tempo = read("loki/loki.yml"), read("tempo/tempo.yml")
    assert loki["server"]["http_listen_port"] == ports.loki
    assert loki["server"]["grpc_listen_port"] == ports.loki_grpc
    assert loki["frontend_worker"]["frontend_address"] == f"127.0.0.1:{ports.loki_grpc}"
    assert tempo["server"]["http_listen_port"] == ports.tempo
    assert tempo["server"]["grpc_listen_port"] == ports.tempo_grpc
    worker = tempo["querier"]["frontend_worker"]["frontend_address"], tempo["backend_worker"]["backend_scheduler_addr"]
    assert worker == (f"127.0.0.1:{ports.tempo_grpc}",) * 2
    for receivers in (tempo["distributor"]["receivers"], read("jaeger/config.yaml")["receivers"]):
        assert receivers["otlp"]["protocols"]["grpc"]["endpoint"] == f"0.0.0.0:{ports.otlp_grpc}"
        assert receivers["otlp"]["protocols"]["http"]["endpoint"] == f"0.0.0.0:{ports.otlp_http}"
    inbox = {
        webhook["url"]
        for receiver in read("alertmanager/alertmanager.yml")["receivers"]
        for webhook in receiver["webhook_configs"]
    }
    assert inbox == {f"http://alert-inbox:{ports.alert_inbox}/alertmanager"}
    assert InboxSettings.port == ports.alert_inbox


def test_the_service_graph_has_the_same_buckets_on_every_stack() -> None:
    processor = read("tempo/tempo.yml")["metrics_generator"]["processor"]["service_graphs"]
    assert tuple(processor["histogram_buckets"]) == tuple(SERVICE_GRAPH_BUCKETS)


def test_services_keep_an_idle_connection_from_one_scrape_to_the_next() -> None:
    assert 2 * SCRAPE_INTERVAL_SECONDS < KEPT_SECONDS


def test_every_alert_has_a_route_and_every_inhibition_names_alerts_that_exist() -> None:
    alertmanager = read("alertmanager/alertmanager.yml")
    names = {rule["alert"] for rule in rules() if "alert" in rule}
    severities = {rule["labels"]["severity"] for rule in rules() if "alert" in rule}
    routed = {route["receiver"]: route["matchers"] for route in alertmanager["route"]["routes"]}
    assert routed == {severity: [f'severity = "{severity}"'] for severity in severities}
    assert {receiver["name"] for receiver in alertmanager["receivers"]} == severities
    for rule in alertmanager["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            named = re.fullmatch(r"alertname = (\w+)", matcher)
            assert named is None or named[1] in names
            assert named or re.match(r"(service|signal) ", matcher)


def test_every_part_of_jaegers_pipelines_is_configured_and_every_configured_part_is_used() -> None:
    jaeger = read("jaeger/config.yaml")
    used: dict[str, set[str]] = {"extensions": set(jaeger["service"]["extensions"])}
    for pipeline in jaeger["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            used.setdefault(kind, set()).update(names)
    connectors = set(jaeger["connectors"])
    assert connectors == used["receivers"] & used["exporters"]
    for kind, names in used.items():
        assert names - connectors == set(jaeger[kind]), kind
    storages = jaeger["extensions"]["jaeger_storage"]
    wanted = jaeger["extensions"]["jaeger_query"]["storage"]
    assert wanted["traces"] in storages["backends"]
    assert wanted["metrics"] in storages["metric_backends"]
    assert jaeger["exporters"]["jaeger_storage_exporter"]["trace_storage"] == wanted["traces"]
    ports = LabPorts()
    assert jaeger["exporters"]["otlp_http/tempo"]["endpoint"] == f"http://tempo:{ports.otlp_http}"
    assert jaeger["extensions"]["jaeger_query"]["http"]["endpoint"] == f"0.0.0.0:{ports.jaeger}"
