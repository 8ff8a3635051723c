"""docker-compose.yml says things that other files say as well: here they are compared."""

import configparser
import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from feature_flags import FLAG_FILE_VARIABLE
from lab import explore
from lab.manifest import discover
from lab.paths import REPOSITORY, StateDirectory
from lab.ports import LabPorts, url
from lab.stacks.compose import port_variable
from lab.stacks.compose_files import own_file
from lab.stacks.stack import DEFAULT_TRAFFIC_RPS, DEFAULT_TRAFFIC_SEED
from observability.telemetry import SETTINGS as TELEMETRY_SETTINGS
from observability.tracing import TRACING_SETTINGS
from tests.unit.containers.compose_file import PATH, compose_file, services, services_of, text, variables
from workbench.settings import SETTINGS as WORKBENCH_SETTINGS
from workbench.settings import read_settings

EVERY = [(system, service) for system in discover().values() for service in system.services]
#: Those that docker-compose.yml itself describes; tests/unit/containers/test_own_compose_files.py has the others.
CHAIN = [(system, service) for system, service in EVERY if own_file(system) is None]
SERVICES = services()
PORTS = LabPorts()

#: Container -> what its published ports are called in lab/ports.py.
PUBLISHED = {
    "prometheus": ["prometheus"],
    "loki": ["loki"],
    "tempo": ["tempo", "otlp_grpc", "otlp_http"],
    "alertmanager": ["alertmanager"],
    "alert-inbox": ["alert_inbox"],
    "grafana": ["grafana"],
    "workbench": ["workbench"],
    "jaeger": ["jaeger"],
    "locust-master": ["locust"],
    "locust-worker": [],
}

#: What the services of a system get from the stack; everything else of a service's settings is the user's.
GIVEN = {"SERVICE_HOST"}


# ── The systems' manifests ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("system", "service"), EVERY, ids=[service.name for _, service in EVERY])
def test_a_service_is_what_its_manifest_says(system, service):
    container = services_of(system)[service.name]
    environment = container["environment"]

    assert container["command"] == [service.module]
    assert container["ports"] == [f"127.0.0.1:{service.port}:{service.port}"]
    assert container["healthcheck"]["test"][-1] == url(service.port, service.health)
    assert environment["SERVICE_PORT"] == str(service.port)
    assert environment["OTEL_SERVICE_NAME"] == service.name
    assert set(service.depends_on) <= container["depends_on"].keys()
    assert not set(service.uses) & container["depends_on"].keys()
    for variable, dependency in service.dependency_urls.items():
        assert environment[variable] == f"http://{dependency}:{system.service(dependency).port}"
    for variable, value in service.environment.items():
        assert environment[variable] == value
    if service.traffic is not None:
        assert environment[service.traffic.rps_variable] == f"{DEFAULT_TRAFFIC_RPS:g}"
        assert environment[service.traffic.seed_variable] == str(DEFAULT_TRAFFIC_SEED)
        assert environment[service.traffic.steady_variable] == "false"


@pytest.mark.parametrize(("system", "service"), EVERY, ids=[service.name for _, service in EVERY])
def test_everything_that_a_service_can_be_told_it_can_be_told_here(system, service):
    settings = {setting.name for setting in importlib.import_module(f"{service.module}.settings").SETTINGS}

    assert settings - GIVEN <= services_of(system)[service.name]["environment"].keys()


@pytest.mark.parametrize(("system", "service"), EVERY, ids=[service.name for _, service in EVERY])
def test_a_service_is_told_nothing_that_it_does_not_know(system, service):
    known = {setting.name for setting in importlib.import_module(f"{service.module}.settings").SETTINGS}
    known |= {setting.name for setting in (*TELEMETRY_SETTINGS, *TRACING_SETTINGS)}
    known.add(FLAG_FILE_VARIABLE)
    # The SDK reads these itself.
    known |= {"OTEL_SERVICE_NAME", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}

    assert services_of(system)[service.name]["environment"].keys() <= known


def test_every_container_of_our_image_is_in_a_manifest_or_the_alert_inbox():
    ours = {name for name, service in SERVICES.items() if service["image"].startswith("glasshouse-service:")}

    assert ours == {service.name for _, service in CHAIN} | {"alert-inbox"}
    assert SERVICES["alert-inbox"]["command"] == ["alert_inbox"]
    assert SERVICES["alert-inbox"]["environment"]["ALERT_INBOX_PORT"] == str(PORTS.alert_inbox)


# ── Ports and addresses ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("container", PUBLISHED)
def test_published_ports_are_those_of_the_lab(container):
    numbers = [getattr(PORTS, name) for name in PUBLISHED[container]]

    assert SERVICES[container].get("ports", []) == [f"127.0.0.1:{number}:{number}" for number in numbers]


def test_every_published_port_can_be_moved_by_the_variable_of_its_name():
    expected = {name: getattr(PORTS, name) for names in PUBLISHED.values() for name in names}
    expected |= {service.name: service.port for _, service in CHAIN}
    moved = services({f"{name.upper()}_PORT": str(port + 1000) for name, port in expected.items()})
    published = [port for service in moved.values() for port in service.get("ports", [])]

    assert sorted(published) == sorted(f"127.0.0.1:{port + 1000}:{port}" for port in expected.values())


def test_addresses_for_the_browser_move_with_their_ports():
    moved = services({"GRAFANA_PORT": "4000", "PROMETHEUS_PORT": "10090", "ALERTMANAGER_PORT": "10093"})
    links = moved["frontend"]["environment"]

    assert moved["grafana"]["environment"]["GF_SERVER_ROOT_URL"] == url(4000, "/")
    assert links["TRACE_URL_TEMPLATE"] == explore.trace_link_template({"grafana": url(4000)})
    assert links["LOGS_URL_TEMPLATE"] == explore.logs_link_template({"grafana": url(4000)})
    assert moved["workbench"]["environment"]["WORKBENCH_GRAFANA_URL"] == url(4000)
    assert f"--web.external-url={url(10090)}" in moved["prometheus"]["command"]
    assert f"--web.external-url={url(10093)}" in moved["alertmanager"]["command"]


def test_the_workbench_is_told_where_everything_is():
    ports = {port_variable(service.name): str(service.port + 1000) for _, service in CHAIN}
    told = read_settings(services(ports | {"WORKBENCH_PORT": "9000"})["workbench"]["environment"])

    assert told.port == PORTS.workbench
    for api in ("prometheus", "loki", "tempo"):
        assert getattr(told, f"{api}_url") == f"http://{api}:{getattr(PORTS, api)}"
    assert told.alert_inbox_url == f"http://alert-inbox:{PORTS.alert_inbox}"
    assert told.service_urls == {service.name: url(service.port + 1000) for _, service in CHAIN}
    assert set(told.systems) == {system.name for system, _ in CHAIN}
    # Docker's own networks; whoever comes from the internet does not come from there.
    assert all(network.is_private for network in told.writers)


def test_the_workbench_is_told_nothing_that_it_does_not_know():
    assert SERVICES["workbench"]["environment"].keys() <= {setting.name for setting in WORKBENCH_SETTINGS}


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def mounts(service: dict) -> list[tuple[str, str]]:
    """(folder of the repository, folder in the container)"""
    return [
        (volume.split(":")[0], volume.split(":")[1])
        for volume in service.get("volumes", [])
        if volume.startswith((".", "/"))
    ]


def in_repository(service: dict, path: str) -> Path:
    for source, target in mounts(service):
        if Path(path).is_relative_to(target):
            return REPOSITORY / source / Path(path).relative_to(target)
    raise AssertionError(f"nothing is mounted at {path}")


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if mounts(service)])
def test_what_is_mounted_exists(name):
    for source, _ in mounts(SERVICES[name]):
        mounted = REPOSITORY / source
        assert mounted.is_file() or any(path.is_file() for path in mounted.rglob("*")), source


@pytest.mark.parametrize("name", ["prometheus", "loki", "tempo", "alertmanager"])
def test_the_file_that_a_command_names_exists(name):
    [named] = [word.partition("=")[2] for word in SERVICES[name]["command"] if "config.file=" in word]

    assert in_repository(SERVICES[name], named).is_file()


def test_grafana_opens_with_a_dashboard_that_exists():
    settings = configparser.ConfigParser()
    settings.read(REPOSITORY / "grafana/grafana.ini")

    assert in_repository(SERVICES["grafana"], settings["dashboards"]["default_home_dashboard_path"]).is_file()


def test_configuration_can_come_from_elsewhere():
    rendered = services({"LAB_CONFIG_DIR": "/tmp/lab/configuration"})

    for name in ("prometheus", "loki", "tempo", "alertmanager", "grafana"):
        assert mounts(rendered[name])
        assert all(source.startswith("/tmp/lab/configuration/") for source, _ in mounts(rendered[name]))


@pytest.mark.parametrize(("system", "service"), EVERY, ids=[service.name for _, service in EVERY])
def test_a_service_finds_its_flags_in_a_folder_that_is_mounted_for_reading(system, service, tmp_path):
    directory = StateDirectory(tmp_path)
    container = services_of(system, {"LAB_FLAGS_DIR": str(directory.flag_file.parent)})[service.name]

    [(source, target)] = mounts(container)
    assert f"{source}:{target}:ro" in container["volumes"]
    assert container["environment"][FLAG_FILE_VARIABLE] == f"{target}/{directory.flag_file.name}"


def test_every_volume_is_declared_and_used():
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }

    assert used == set(compose_file()["volumes"])


@pytest.mark.parametrize(
    ("container", "place", "setting"),
    [("loki", "/var/lib/loki", "common.path_prefix"), ("tempo", "/var/lib/tempo", "storage.trace.wal.path")],
)
def test_a_backend_writes_into_its_volume(container, place, setting):
    value = yaml.safe_load((REPOSITORY / f"observability/{container}/{container}.yml").read_text())
    for key in setting.split("."):
        value = value[key]

    assert Path(value).is_relative_to(place)
    assert f"{container}:{place}" in SERVICES[container]["volumes"]


# ── Order ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_containers_wait_until_those_they_need_are_well_and_nobody_waits_in_a_circle():
    started: set[str] = set()
    waiting = dict(SERVICES)
    while waiting:
        ready = [name for name, service in waiting.items() if service.get("depends_on", {}).keys() <= started]
        assert ready, f"these wait for each other, or for nobody: {sorted(waiting)}"
        started.update(ready)
        for name in ready:
            conditions = waiting.pop(name).get("depends_on", {}).values()
            assert all(condition == {"condition": "service_healthy"} for condition in conditions), name


def test_nothing_waits_for_a_container_that_only_a_profile_starts():
    for name, service in SERVICES.items():
        for dependency in service.get("depends_on", {}):
            assert set(SERVICES[dependency].get("profiles", [])) in (set(), set(service.get("profiles", []))), name


# ── Profiles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("profile", "takes_spans"), [("", "tempo"), ("load", "tempo"), ("jaeger", "jaeger"), ("all", "jaeger")]
)
def test_spans_reach_one_container_that_runs_whichever_profile_is_on(profile, takes_spans):
    chosen = services({"COMPOSE_PROFILES": profile})
    running = {
        name: service for name, service in chosen.items() if "profiles" not in service or profile in service["profiles"]
    }
    endpoint = chosen["frontend"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    host = re.fullmatch(r"http://([a-z]+):4318", endpoint)[1]

    answering = [
        name
        for name, service in running.items()
        if host == name
        or (isinstance(service["networks"], dict) and host in service["networks"]["lab"].get("aliases", []))
    ]

    assert answering == [takes_spans]


def test_the_profiles_are_those_that_spans_know():
    assert {profile for service in SERVICES.values() for profile in service.get("profiles", [])} == {
        "jaeger",
        "load",
        "all",
    }


@pytest.mark.parametrize("profile", SERVICES["jaeger"]["profiles"])
def test_jaeger_finds_its_configuration(profile):
    jaeger = services({"COMPOSE_PROFILES": profile})["jaeger"]
    named = jaeger["command"][0].partition("=")[2]

    assert in_repository(jaeger, named).is_file()


def test_jaeger_without_the_variable_names_the_variable():
    assert "COMPOSE_PROFILES=jaeger" in SERVICES["jaeger"]["command"][0]


# ── Versions ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_our_images_have_the_projects_version():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]

    for image in {service["image"] for service in SERVICES.values() if "build" in service}:
        assert image.endswith(f":{version}")


def test_the_images_are_one_known_good_generation():
    assert {service["image"] for service in SERVICES.values() if "build" not in service} == {
        "grafana/grafana:13.2.0",
        "prom/prometheus:v3.14.0",
        "grafana/loki:3.7.6",
        "grafana/tempo:3.0.3",
        "prom/alertmanager:v0.34.0",
        "jaegertracing/jaeger:2.19.0",
    }


#: What Debian has, and the lab works with as well.
OLDER = {("Prometheus", "2.42"), ("Alertmanager", "0.25")}


def versions_named_in(path: Path) -> set[tuple[str, str]]:
    pattern = r"\b(Grafana|Prometheus|Loki|Tempo|Alertmanager|Jaeger) v?(\d+\.\d+(?:\.\d+)?)\b"
    return set(re.findall(pattern, path.read_text(encoding="utf-8")))


def test_documents_name_the_versions_that_run():
    running = {
        re.split("[/:]", service["image"])[1]: service["image"].rpartition(":")[2].removeprefix("v")
        for service in SERVICES.values()
    }
    named = {
        (name, version)
        for path in [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]
        for name, version in versions_named_in(path)
    }

    assert {name for name, _ in named} >= {"Grafana", "Prometheus", "Loki", "Tempo", "Alertmanager", "Jaeger"}
    wrong = {
        (name, version) for name, version in named - OLDER if not f"{running[name.lower()]}.".startswith(f"{version}.")
    }
    assert wrong == set()


# ── The file itself ───────────────────────────────────────────────────────────────────────────────────────────────────


def check_schema(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "check-jsonschema"
    command = [program, "--builtin-schema", "vendor.compose-spec", path]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_compose_specification_accepts_it():
    assert check_schema(PATH).returncode == 0


def test_the_compose_specification_refuses_a_misspelt_key(tmp_path):
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text().replace("stop_grace_period", "stop_grace_time"))

    assert "stop_grace_time" in check_schema(broken).stdout


def compose_program() -> list[str]:
    """Docker Compose 2 or later, as a program of its own or as Docker's plugin; neither needs an engine for this."""
    for program, *words in (["docker", "compose"], ["docker-compose"]):
        path = shutil.which(program)
        if path:
            command = [path, *words]
            answer = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
            if answer.returncode == 0 and int(answer.stdout.lstrip("v").partition(".")[0]) > 1:
                return command
    pytest.skip("neither docker's compose plugin nor docker-compose 2 is installed")


@pytest.mark.parametrize("profile", ["", "jaeger", "load", "all"])
def test_docker_compose_understands_it_as_this_test_does(profile):
    answer = subprocess.run(
        [*compose_program(), "--file", str(PATH), "config", "--format", "json"],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "COMPOSE_PROFILES": profile},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    understood = json.loads(answer.stdout)["services"]
    expected = services({"COMPOSE_PROFILES": profile})

    assert understood.keys() == {
        name for name, service in expected.items() if "profiles" not in service or profile in service["profiles"]
    }
    for name, service in understood.items():
        environment = {key: value for key, value in expected[name].get("environment", {}).items() if value is not None}
        assert {key: value for key, value in service.get("environment", {}).items() if value is not None} == environment
        assert service.get("command") == expected[name].get("command")
        assert [f"{p['host_ip']}:{p['published']}:{p['target']}" for p in service.get("ports", [])] == expected[
            name
        ].get("ports", [])


def test_what_can_be_set_is_told_at_the_head_of_the_file_and_in_the_guide():
    head = text().partition("\nname:")[0]
    guide = (REPOSITORY / "docs/guide/docker.md").read_text()
    documented_elsewhere = {
        setting.name
        for _, service in CHAIN
        for setting in (*importlib.import_module(f"{service.module}.settings").SETTINGS, *TELEMETRY_SETTINGS)
    }

    for name in variables():
        if name.endswith("_PORT"):
            assert name in guide, name
        elif not name.startswith("OTEL_") and (name not in documented_elsewhere or variables()[name]):
            assert name in head, name
            assert name in guide, name


def limits_add_up_to(profile: str) -> str:
    """In GB, as Docker counts: 1024 times 1024 times 1024 bytes."""
    megabytes = 0
    for service in services({"COMPOSE_PROFILES": profile}).values():
        if "profiles" not in service or profile in service["profiles"]:
            number, unit = re.fullmatch(r"(\d+)([MG])", service["deploy"]["resources"]["limits"]["memory"]).groups()
            megabytes += int(service["deploy"].get("replicas", 1)) * int(number) * (1024 if unit == "G" else 1)
    return f"{megabytes / 1024:.1f} GB"


def test_the_guide_says_what_the_limits_add_up_to():
    guide = (REPOSITORY / "docs/guide/docker.md").read_text()

    assert f"add up to {limits_add_up_to('')} ({limits_add_up_to('all')} with both profiles)" in guide
