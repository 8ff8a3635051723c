"""What the native stack starts, with every choice of real servers: ports, places, who sends to whom."""

import itertools
import json
from pathlib import Path

import pytest

from lab.manifest import discover
from lab.paths import StateDirectory
from lab.ports import LabPorts
from lab.process_spec import in_start_order
from lab.stacks import native
from lab.stacks.programs import SERVER_PROGRAMS, FoundProgram
from lab.stacks.stack import StackOptions
from workbench.settings import SETTINGS, read_settings

ALL = ("prometheus", "loki", "tempo", "alertmanager", "grafana")


@pytest.fixture
def make(tmp_path, monkeypatch):
    """make({"prometheus"}, port_offset=10): the stack of a machine that has these servers."""
    home = tmp_path / "grafana"
    (home / "conf").mkdir(parents=True)
    (home / "public").mkdir()
    (home / "conf" / "defaults.ini").touch()

    def build(servers, **options):
        by_name = {program.name: program for program in SERVER_PROGRAMS}
        monkeypatch.setattr(
            native,
            "find_server",
            lambda name: (
                FoundProgram(by_name[name], home / "bin" / name)
                if name in servers
                else FoundProgram(by_name[name], None, problem="is not on PATH")
            ),
        )
        directory = StateDirectory(tmp_path / "state")
        return native.NativeStack(StackOptions([discover()["chain"]], directory, **options))

    return build


def choices():
    return [set(chosen) for count in range(len(ALL) + 1) for chosen in itertools.combinations(ALL, count)]


def flags(spec):
    """`--name=value` and `--name value` alike."""
    words = list(spec.command)
    given = dict(word.split("=", 1) for word in words if word.startswith("-") and "=" in word)
    return given | {
        word: words[at + 1] for at, word in enumerate(words[:-1]) if word.startswith("--") and "=" not in word
    }


@pytest.mark.parametrize("servers", choices(), ids=lambda servers: "+".join(sorted(servers)) or "none")
def test_every_api_is_answered_by_one_process_whatever_there_is(make, servers):
    stack = make(servers)
    specs = {spec.name: spec for spec in in_start_order(stack.processes())}

    expected = servers | {"frontend", "backend", "database", "workbench"}
    expected |= {"telemetry_store"} if not servers >= {"prometheus", "loki", "tempo"} else set()
    expected |= {"alert_inbox"} if "alertmanager" in servers else set()
    assert set(specs) == expected
    ports = [port for spec in specs.values() for port in spec.ports]
    assert len(ports) == len(set(ports))
    wanted = LabPorts()
    assert {wanted.prometheus, wanted.loki, wanted.tempo, wanted.otlp_http} <= set(ports)
    for name, address in stack.backends.items():
        assert int(address.rpartition(":")[2]) in ports, name
    # Who is missing is named, each once, with what that means.
    assert [note.split()[0] for note in stack.notes()] == [name for name in ALL if name not in servers]


@pytest.mark.parametrize("servers", choices(), ids=lambda servers: "+".join(sorted(servers)) or "none")
def test_telemetry_finds_who_takes_it_at_the_start_and_at_the_end(make, servers):
    specs = {spec.name: spec for spec in make(servers).processes()}

    def after(name):
        """What is ready before it starts, and ends after it has ended."""
        direct = set(specs[name].depends_on)
        return direct.union(*map(after, direct)) if direct else set()

    takers = {name if name in servers else "telemetry_store" for name in ("prometheus", "loki", "tempo")}
    for service in ("frontend", "backend", "database"):
        assert takers <= after(service)
    metrics = "prometheus" if "prometheus" in servers else "telemetry_store"
    if "tempo" in servers:
        assert metrics in after("tempo")
    if "alertmanager" in servers:
        assert {"alertmanager", "alert_inbox"} <= after(metrics)
    if "telemetry_store" in specs:
        given = flags(specs["telemetry_store"])
        apis = given["--apis"].split(",")
        assert set(apis) == {"prometheus", "loki", "tempo"} - servers
        assert ("--rule-files" in given) == ("prometheus" in apis)
        assert ("--alertmanager-url" in given) == ("prometheus" in apis and "alertmanager" in servers)
        # Metrics made from spans have to reach a Prometheus that is another process.
        assert ("--generated-metrics-remote-write" in given) == ("tempo" in apis and "prometheus" in servers)


def test_two_labs_share_no_port_and_listen_on_loopback_only(make):
    here, there = (
        {port for spec in make(set(ALL), port_offset=offset).processes() for port in spec.ports} for offset in (0, 1000)
    )

    assert {port + 1000 for port in here} == there
    assert not here & there


def test_the_servers_are_told_their_ports_and_places_of_this_lab(make, tmp_path):
    stack = make(set(ALL), port_offset=1000)
    stack.prepare()
    specs = {spec.name: spec for spec in stack.processes()}
    rendered = tmp_path / "state" / "configuration"

    prometheus = flags(specs["prometheus"])
    assert prometheus["--web.listen-address"] == "127.0.0.1:10090"
    assert prometheus["--storage.tsdb.path"] == str(tmp_path / "state/data/prometheus")
    assert "--web.enable-remote-write-receiver" in specs["prometheus"].command
    assert flags(specs["loki"])["-server.http-listen-port"] == "4100"
    assert flags(specs["tempo"])["-server.http-listen-port"] == "4200"
    assert flags(specs["alertmanager"])["--web.listen-address"] == "127.0.0.1:10093"
    for spec in specs.values():
        for name, value in flags(spec).items():
            if name.lstrip("-") in ("config.file", "config"):
                assert Path(value).is_file(), f"{spec.name}: {value}"
    grafana = specs["grafana"].environment
    assert grafana["GF_SERVER_HTTP_PORT"] == "4000"
    assert Path(grafana["GF_PATHS_PROVISIONING"], "datasources").is_dir()
    assert (rendered / "grafana/dashboards").is_dir()


def test_everything_that_runs_is_scraped_and_what_containers_scrape_is_not(make, tmp_path):
    stack = make({"prometheus", "alertmanager"})
    stack.prepare()
    assert list((tmp_path / "state/targets").iterdir()) == []
    stack.announce()

    targets = json.loads((tmp_path / "state/targets/services.json").read_text())
    assert [(target["targets"][0], target["labels"]["job"], target["labels"]["service"]) for target in targets] == [
        ("127.0.0.1:8003", "chain", "database"),
        ("127.0.0.1:8002", "chain", "backend"),
        ("127.0.0.1:8001", "chain", "frontend"),
        ("127.0.0.1:9090", "prometheus", "prometheus"),
        ("127.0.0.1:9093", "alertmanager", "alertmanager"),
        ("127.0.0.1:3100", "telemetry_store", "telemetry_store"),
    ]
    folder = tmp_path / "state/configuration/observability/prometheus/targets"
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "servers", [set(), {"alertmanager"}, {"grafana"}, set(ALL)], ids=lambda servers: "+".join(sorted(servers)) or "none"
)
def test_the_workbench_is_told_what_there_is_waits_for_nobody_and_gives_way(make, servers):
    page = next(spec for spec in make(servers, port_offset=1000).processes() if spec.name == "workbench")

    assert list(page.depends_on) == []
    assert page.niceness > 0
    assert page.url == "http://127.0.0.1:9000"
    environment = page.environment
    assert environment["WORKBENCH_PROMETHEUS_URL"] == "http://127.0.0.1:10090"
    assert environment["WORKBENCH_LOKI_URL"] == "http://127.0.0.1:4100"
    assert environment["WORKBENCH_TEMPO_URL"] == "http://127.0.0.1:4200"
    assert environment["WORKBENCH_GRAFANA_URL"] == ("http://127.0.0.1:4000" if "grafana" in servers else "")
    assert environment["WORKBENCH_ALERT_INBOX_URL"] == ("http://127.0.0.1:10095" if "alertmanager" in servers else "")
    assert environment["WORKBENCH_STACK"] == "native"
    assert environment["WORKBENCH_SYSTEMS"] == "chain"
    # It knows every variable that it is told, and reads it so.
    assert environment.keys() <= {setting.name for setting in SETTINGS}
    services = read_settings(environment).service_urls
    assert services == {
        name: f"http://127.0.0.1:{port}" for name, port in [("database", 9003), ("backend", 9002), ("frontend", 9001)]
    }


def test_links_on_pages_lead_to_grafana_where_it_runs(make):
    def trace_link(servers):
        frontend = next(spec for spec in make(servers).processes() if spec.name == "frontend")
        return frontend.environment["TRACE_URL_TEMPLATE"]

    assert trace_link(set(ALL)).startswith("http://127.0.0.1:3000/explore?")
    assert "{trace_id}" in trace_link(set(ALL))
    assert trace_link({"tempo"}) == "http://127.0.0.1:8000/trace/{trace_id}"
