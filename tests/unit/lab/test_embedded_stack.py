"""What the embedded stack starts: ports, environment and scrape targets, with and without an offset."""

import importlib
import json
import sys

import pytest

from feature_flags import FLAG_FILE_VARIABLE
from lab.manifest import discover
from lab.paths import StateDirectory
from lab.ports import LabPorts
from lab.stacks.embedded import EmbeddedStack
from lab.stacks.stack import StackOptions


@pytest.fixture
def directory(tmp_path):
    return StateDirectory(tmp_path)


def stack(directory, **options):
    return EmbeddedStack(StackOptions([discover()["chain"]], directory, **options))


def test_the_store_comes_first_and_every_service_waits_for_it(directory):
    processes = stack(directory).processes()

    assert [(spec.name, list(spec.depends_on)) for spec in processes] == [
        ("telemetry_store", []),
        ("workbench", []),
        ("database", ["telemetry_store"]),
        ("backend", ["telemetry_store", "database"]),
        ("frontend", ["telemetry_store", "backend"]),
    ]


def test_the_store_gets_its_ports_places_and_limits(directory):
    store = stack(directory).processes()[0]

    assert store.command == [
        *[sys.executable, "-m", "telemetry_store", "--host", "127.0.0.1", "--apis", "prometheus,loki,tempo"],
        *["--prometheus-port", "9090", "--loki-port", "3100", "--tempo-port", "3200", "--otlp-port", "4318"],
        *["--data-dir", str(directory.data), "--targets-file", str(directory.targets / "*.json")],
        *["--scrape-interval", "5", "--retention-hours", "24", "--retention-megabytes", "1024"],
        *["--rule-files", str(directory.configuration / "observability/prometheus/rules/*.yml")],
        *["--evaluation-interval", "5"],
    ]
    assert store.ports == [9090, 3100, 3200, 4318]


def test_an_offset_shifts_every_port_and_every_address(directory):
    shifted = stack(directory, port_offset=1000).processes()

    assert [list(spec.ports) for spec in shifted] == [[10090, 4100, 4200, 5318], [9000], [9003], [9002], [9001]]
    frontend = shifted[-1]
    assert frontend.example_url == "http://127.0.0.1:9001/user/123"
    assert frontend.health_url == "http://127.0.0.1:9001/health"
    assert frontend.ready_urls == ["http://127.0.0.1:9001/ready"]
    assert dict(frontend.environment) == {
        "SERVICE_HOST": "127.0.0.1",
        "FLAGD_OFFLINE_FLAG_SOURCE_PATH": str(directory.flag_file),
        "SERVICE_PORT": "9001",
        "OTEL_SERVICE_NAME": "frontend",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:5318",
        "LOKI_URL": "http://127.0.0.1:4100",
        "TRACE_URL_TEMPLATE": "http://127.0.0.1:9000/trace/{trace_id}",
        "LOGS_URL_TEMPLATE": (
            "http://127.0.0.1:9000/logs?query=%7Bservice%3D~%22.%2B%22%7D+%7C%3D+%22{trace_id}%22+%7C+json"
            "&from=now-360m&to=now"
        ),
        "BACKEND_SERVICE_URL": "http://127.0.0.1:9002",
        "TRAFFIC_RPS": "2",
        "TRAFFIC_SEED": "1",
        "TRAFFIC_STEADY": "false",
    }


@pytest.mark.parametrize("offset", [-8002, 60000])
def test_an_offset_that_leads_out_of_the_ports_is_refused(directory, offset):
    with pytest.raises(ValueError, match="which is not between 1 and 65535"):
        stack(directory, port_offset=offset).processes()


def test_traffic_and_workers_reach_the_services_that_know_them(directory):
    processes = stack(directory, traffic_rps=0.5, traffic_seed=7, steady_traffic=True, workers=3).processes()

    environments = {spec.name: spec.environment for spec in processes}
    assert environments["frontend"]["TRAFFIC_RPS"] == "0.5"
    assert environments["frontend"]["TRAFFIC_SEED"] == "7"
    assert environments["frontend"]["TRAFFIC_STEADY"] == "true"
    assert [environments[name]["SERVICE_WORKERS"] for name in ("frontend", "backend", "database")] == ["3"] * 3
    assert "TRAFFIC_RPS" not in environments["backend"]


def test_everything_is_scraped_the_store_itself_included(directory):
    embedded = stack(directory, port_offset=10)
    directory.targets.mkdir()
    (directory.targets / "loadtest.json").write_text("[]")
    embedded.prepare()
    # What still starts is not scraped: it would count as gone.
    assert list(directory.targets.iterdir()) == []
    embedded.announce()

    assert json.loads((directory.targets / "services.json").read_text()) == [
        {"targets": ["127.0.0.1:8013"], "labels": {"job": "chain", "service": "database"}},
        {"targets": ["127.0.0.1:8012"], "labels": {"job": "chain", "service": "backend"}},
        {"targets": ["127.0.0.1:8011"], "labels": {"job": "chain", "service": "frontend"}},
        {"targets": ["127.0.0.1:9100"], "labels": {"job": "telemetry_store", "service": "telemetry_store"}},
    ]


def setting_defaults(module):
    """The defaults of a package's settings table, by name."""
    settings = importlib.import_module(f"{module}.settings").SETTINGS
    return {setting.name: setting.default for setting in settings}


@pytest.mark.parametrize("service", discover()["chain"].services, ids=lambda service: service.name)
def test_a_service_started_by_hand_uses_the_manifests_ports(service):
    defaults = setting_defaults(service.module)

    assert int(defaults["SERVICE_PORT"]) == service.port
    for variable, dependency in service.dependency_urls.items():
        assert defaults[variable] == f"http://127.0.0.1:{discover()['chain'].service(dependency).port}"


def test_the_links_on_a_page_lead_to_the_same_place_when_the_frontend_is_started_by_hand(directory):
    frontend = stack(directory).processes()[-1]
    defaults = setting_defaults("frontend_service")

    for variable in ("TRACE_URL_TEMPLATE", "LOGS_URL_TEMPLATE"):
        assert defaults[variable] == frontend.environment[variable]


def test_the_services_know_every_variable_that_they_are_given(directory):
    from_elsewhere = {
        FLAG_FILE_VARIABLE,
        "OTEL_SERVICE_NAME",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "LOKI_URL",
        "PROMETHEUS_MULTIPROC_DIR",
    }
    known = {service.name: service for service in discover()["chain"].services}
    for spec in stack(directory, workers=2).processes():
        if spec.role == "service":
            links = {"TRACE_URL_TEMPLATE", "LOGS_URL_TEMPLATE"} if spec.name != "frontend" else set()
            given = set(spec.environment) - from_elsewhere - links
            assert given <= set(setting_defaults(known[spec.name].module)), spec.name


def test_the_store_started_by_hand_uses_the_labs_ports():
    defaults = setting_defaults("telemetry_store")
    ports = LabPorts()

    assert {name: value for name, value in defaults.items() if name.endswith("-port")} == {
        "prometheus-port": ports.prometheus,
        "loki-port": ports.loki,
        "tempo-port": ports.tempo,
        "otlp-port": ports.otlp_http,
    }
