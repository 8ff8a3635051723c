"""What the compose stack tells Docker Compose, and what it says when Docker is not as it needs it."""

import json
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lab.commands.down import command as down_command
from lab.commands.up import command as up_command
from lab.manifest import discover
from lab.paths import StateDirectory
from lab.ports import url
from lab.run_state import ProcessIdentity, RunState, write_run_state
from lab.secrets import Secrets, place_of
from lab.stacks.compose import CONTAINERS, ComposeStack, port_variable, project_name
from lab.stacks.compose_files import MAIN_FILE, own_file
from lab.stacks.docker import find_docker
from lab.stacks.stack import StackOptions, StackUnavailable
from tests.unit.containers.compose_file import demanded, services, variables

FAKE_DOCKER = """\
#!/bin/sh
case "$*" in
    "compose version --short") {compose} ;;
    info*) {engine} ;;
    *) {ps} ;;
esac
"""


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """docker(compose=…, engine=…): puts a docker on PATH, alone, that answers with these shell words."""
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    monkeypatch.delenv("SERVICE_CPUS", raising=False)
    monkeypatch.delenv("SERVICE_MEMORY", raising=False)
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))

    def install(compose="echo 2.39.1", engine="echo 28.2.2 4", ps="exit 0") -> None:
        program = directory / "docker"
        program.write_text(FAKE_DOCKER.format(compose=compose, engine=engine, ps=ps))
        program.chmod(0o755)

    return install


def stack(directory: Path, **options) -> ComposeStack:
    return ComposeStack(StackOptions([discover()["chain"]], StateDirectory(directory), **options))


# ── What is started and watched ───────────────────────────────────────────────────────────────────────────────────────


def test_one_process_is_started_and_every_container_is_watched(docker, tmp_path):
    docker()
    runner, *watched = stack(tmp_path).processes()

    assert not runner.is_watched_only
    assert all(spec.is_watched_only and spec.depends_on == ["compose"] for spec in watched)
    assert runner.ready_urls == [url for spec in watched for url in spec.ready_urls]
    # Those of the chain and the telemetry stack, none of a profile.
    assert {spec.name for spec in watched} == {name for name, one in services().items() if "profiles" not in one}


def test_a_container_is_watched_where_compose_publishes_it(docker, tmp_path):
    docker()
    specs = {spec.name: spec for spec in stack(tmp_path, port_offset=500, profiles=("jaeger", "load")).processes()}
    published = {
        name: sorted(int(port.split(":")[1]) + 500 for port in service.get("ports", []))
        for name, service in services().items()
    }

    assert {name: sorted(specs[name].ports) for name in published} == published


def test_the_services_keep_their_role_system_and_example(docker, tmp_path):
    docker()
    [frontend] = [spec for spec in stack(tmp_path, port_offset=500).processes() if spec.name == "frontend"]

    assert (frontend.role, frontend.system) == ("service", "chain")
    assert frontend.example_url == url(8501, "/user/123")
    assert (frontend.health_url, frontend.ready_urls) == (url(8501, "/health"), [url(8501, "/ready")])


def test_containers_of_an_interrupted_lab_hold_their_ports_rightly(docker, tmp_path):
    docker(ps="echo 0123456789ab")

    assert [list(spec.ports) for spec in stack(tmp_path).processes() if spec.ports] == []


def test_compose_is_started_for_this_labs_own_project(docker, tmp_path):
    docker()
    [runner, *watched] = stack(tmp_path).processes()

    assert runner.command[1:] == [
        *["-m", "lab.stacks.compose_runner", str(tmp_path), ",".join(spec.name for spec in watched)],
        *[shutil.which("docker"), "compose", "--file", str(MAIN_FILE)],
        *["--project-name", project_name(StateDirectory(tmp_path))],
    ]


def test_a_system_with_a_file_of_its_own_is_added_to_the_main_one_and_its_databases_are_watched(docker, tmp_path):
    docker()
    exchange = discover()["exchange"]
    options = StackOptions([exchange], StateDirectory(tmp_path), port_offset=500)
    [runner, *watched] = ComposeStack(options).processes()
    told = dict(runner.environment)
    by_name = {spec.name: spec for spec in watched}

    assert [word for before, word in pairwise(runner.command) if before == "--file"] == [
        str(MAIN_FILE),
        str(own_file(exchange)),
    ]
    assert by_name.keys() >= {service.name for service in exchange.services}
    assert "frontend" not in by_name
    for backing in exchange.backing:
        spec = by_name[backing.name]
        assert (spec.role, list(spec.ports)) == ("backing", [backing.port + 500])
        assert list(spec.ready_urls) == [f"{backing.kind}://127.0.0.1:{backing.port + 500}"]
        assert told[port_variable(backing.name)] == str(backing.port + 500)
    assert told["WORKBENCH_SYSTEMS"] == "exchange"
    # A name that neither file asks for would be a choice that is lost.
    assert told.keys() <= variables().keys() | variables(own_file(exchange)).keys()


def test_secrets_of_a_system_are_made_for_its_containers_and_stand_in_no_specification(docker, tmp_path):
    docker()
    exchange = discover()["exchange"]
    stack_of_it = ComposeStack(StackOptions([exchange], StateDirectory(tmp_path)))
    stack_of_it.prepare()
    [runner, *_] = stack_of_it.processes()
    told = Secrets(StateDirectory(tmp_path)).put_into(runner.environment)

    for name in demanded(own_file(exchange)):
        assert runner.environment[name] == place_of(name)
        assert len(told[name]) >= 32
    # Only what is started is scraped.
    targets = json.loads((tmp_path / "configuration/observability/prometheus/targets/compose.json").read_text())
    assert "chain" not in {target["labels"]["job"] for target in targets}


def test_two_state_directories_are_two_projects():
    one, other = (project_name(StateDirectory(Path(path))) for path in ("/a/.lab", "/b/.lab"))

    assert one != other
    assert one == project_name(StateDirectory(Path("/a/.lab")))
    assert one.startswith("glasshouse-")


# ── What it is told ───────────────────────────────────────────────────────────────────────────────────────────────────


def environment(directory: Path, **options) -> dict[str, str]:
    return dict(stack(directory, **options).processes()[0].environment)


def test_everything_that_was_chosen_reaches_docker_compose(docker, tmp_path):
    docker()
    told = environment(tmp_path, port_offset=1000, traffic_rps=7.5, traffic_seed=3, steady_traffic=True, workers=2)
    chosen = services(told)

    assert (told["TRAFFIC_RPS"], told["TRAFFIC_SEED"], told["TRAFFIC_STEADY"]) == ("7.5", "3", "true")
    assert chosen["frontend"]["environment"]["SERVICE_WORKERS"] == "2"
    assert chosen["frontend"]["deploy"]["resources"]["limits"]["cpus"] == "2"
    assert chosen["grafana"]["ports"] == ["127.0.0.1:4000:3000"]
    assert chosen["loki"]["volumes"][0] == f"{tmp_path}/configuration/observability/loki:/etc/loki:ro"
    # A name that docker-compose.yml does not ask for would be a choice that is lost.
    assert told.keys() <= variables().keys()


def test_every_published_port_is_moved(docker, tmp_path):
    docker()
    moved = services(environment(tmp_path, port_offset=1000))

    for name, service in services().items():
        for usual, port in zip(service.get("ports", []), moved[name].get("ports", []), strict=True):
            assert int(port.split(":")[1]) == int(usual.split(":")[1]) + 1000


def limits(told: dict[str, str]) -> tuple[str | None, str | None]:
    return told.get("SERVICE_CPUS"), told.get("SERVICE_MEMORY")


def test_workers_get_room_but_no_more_cpus_than_there_are_and_the_users_own_choice_counts(
    docker, tmp_path, monkeypatch
):
    docker(engine="echo 28.2.2 4")

    assert limits(environment(tmp_path)) == (None, None)
    assert limits(environment(tmp_path, workers=2)) == ("2", "512M")
    assert limits(environment(tmp_path, workers=8)) == ("4", "880M")
    monkeypatch.setenv("SERVICE_CPUS", "3")
    monkeypatch.setenv("SERVICE_MEMORY", "2G")
    assert limits(environment(tmp_path, workers=8)) == ("3", "2G")


@pytest.mark.parametrize(
    ("chosen", "variable", "expected", "more"),
    [
        ((), None, "", set()),
        (("jaeger",), None, "jaeger", {"jaeger"}),
        (("load", "jaeger"), None, "all", {"jaeger", "locust-master", "locust-worker"}),
        ((), "jaeger", "jaeger", {"jaeger"}),
        ((), "all", "all", {"jaeger", "locust-master", "locust-worker"}),
        ((), "jaeger,load", "all", {"jaeger", "locust-master", "locust-worker"}),
        (("load",), "jaeger", "load", {"locust-master", "locust-worker"}),
    ],
)
def test_profiles_come_from_the_command_line_or_composes_own_variable(
    docker, tmp_path, monkeypatch, chosen, variable, expected, more
):
    docker()
    if variable is not None:
        monkeypatch.setenv("COMPOSE_PROFILES", variable)
    made = stack(tmp_path, profiles=chosen)
    always = {one.name for one in CONTAINERS if one.profile is None} | {"frontend", "backend", "database"}

    assert made.processes()[0].environment["COMPOSE_PROFILES"] == expected
    assert {spec.name for spec in made.processes()} - always == {"compose", *more}


def test_docker_compose_takes_what_it_is_told(docker, tmp_path, monkeypatch):
    docker()
    told = environment(tmp_path, port_offset=1000, workers=2, profiles=("load", "jaeger"))
    monkeypatch.undo()
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    answer = subprocess.run(
        [program, "--file", str(MAIN_FILE), "config", "--format", "json"],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    understood = json.loads(answer.stdout)["services"]
    assert understood["grafana"]["ports"][0]["published"] == "4000"
    assert understood["jaeger"]["command"] == ["--config=/etc/all/config.yaml"]
    assert understood["frontend"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://all:4318"


def test_status_says_what_it_cannot_know_of_containers(docker, tmp_path):
    docker()

    assert [note.partition(":")[0] for note in stack(tmp_path).notes()] == [
        "what containers take is not counted here",
        "containers cannot scrape `lab load`, so what its users see is in no metric; with that",
    ]
    assert len(stack(tmp_path, profiles=("load",)).notes()) == 1


def test_the_backends_are_where_compose_publishes_them(docker, tmp_path):
    docker()

    assert stack(tmp_path, port_offset=1, profiles=("jaeger",)).backends == {
        "workbench": url(8001),
        "grafana": url(3001),
        "prometheus": url(9091),
        "loki": url(3101),
        "tempo": url(3201),
        "otlp_http": url(4319),
        "alertmanager": url(9094),
        "alert_inbox": url(9096),
        "jaeger": url(16687),
    }


# ── What an interrupted lab has left ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cut_off(tmp_path):
    """The state of a lab whose processes are all gone, as after a power failure."""
    directory = StateDirectory(tmp_path / "state")
    directory.create()
    gone = ProcessIdentity(pid=2**22 + 1, create_time=0.0)
    write_run_state(directory, RunState("abc", gone, "compose", ["chain"], 0, {}, started_at=0.0))
    return directory


def down(directory: StateDirectory) -> Result:
    return CliRunner().invoke(down_command, ["--state-dir", str(directory.root)])


def test_down_removes_the_containers_that_docker_has_started_again(docker, tmp_path, cut_off):
    note = tmp_path / "note"
    docker(ps=f'echo "$COMPOSE_PROFILES $*" >> {note}; case "$*" in *ps*) echo 0123; echo 4567 ;; esac')

    answer = down(cut_off)

    assert answer.exit_code == 0
    assert "Ended what had been left behind (2 processes)." in answer.output
    compose = f"all compose --file {MAIN_FILE} --project-name {project_name(cut_off)}"
    assert note.read_text().splitlines() == [f"{compose} ps --quiet", f"{compose} down --remove-orphans"]
    assert not cut_off.run_file.exists()


def test_down_without_docker_says_what_it_left_alone(docker, cut_off):
    answer = down(cut_off)

    assert answer.exit_code == 0
    assert "Containers of this lab, if there are any, were left alone: docker is not on PATH" in answer.output


# ── Docker that is not there, or not as it has to be ──────────────────────────────────────────────────────────────────

NO_ENGINE = "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2; echo ' 0'; exit 1"
NOT_ALLOWED = "echo 'permission denied while trying to connect to the docker API' >&2; exit 1"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"compose": "exit 125"}, "docker has no compose plugin. Install docker-compose-plugin"),
        ({"compose": "echo 1.29.2"}, "is version 1.29, and the lab needs 2.24 or later"),
        ({"compose": "echo v2.20.0"}, "is version 2.20, and the lab needs 2.24 or later"),
        (
            {"engine": NO_ENGINE},
            "does not answer (Cannot connect to the Docker daemon at unix:///var/run/docker.sock.)",
        ),
        ({"engine": NO_ENGINE}, "Start it: sudo systemctl start docker, or open Docker Desktop"),
        ({"engine": NOT_ALLOWED}, "sudo usermod -aG docker $USER, then sign in again"),
        ({"engine": "echo 20.10.24 4"}, "Docker's engine is version 20.10, and the lab needs 25 or later"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(docker, answers, message):
    docker(**answers)

    with pytest.raises(StackUnavailable) as caught:
        find_docker()

    assert message in str(caught.value)


def test_without_docker_it_says_where_to_get_it_and_what_works_without(docker):
    with pytest.raises(StackUnavailable) as caught:
        find_docker()

    assert "docker is not on PATH. Install Docker Engine" in str(caught.value)
    assert "`python3 lab up` needs nothing but Python" in str(caught.value)


def test_a_compose_of_its_own_is_as_good_as_the_plugin(docker, tmp_path):
    docker(compose="exit 125")
    program = tmp_path / "bin" / "docker-compose"
    program.write_text("#!/bin/sh\necho 5.5.0\n")
    program.chmod(0o755)

    assert find_docker().compose == (str(program),)


def test_the_real_client_without_an_engine_is_told_apart(monkeypatch):
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    with pytest.raises(StackUnavailable, match=r"Docker's engine does not answer|docker has no compose plugin"):
        find_docker()


def test_profiles_are_refused_on_other_stacks(tmp_path):
    answer = CliRunner().invoke(up_command, ["--profile", "jaeger", "--state-dir", str(tmp_path)])

    assert answer.exit_code == 2
    assert "only the compose stack has profiles: --stack compose" in answer.output
