"""What every container has to have, so that a new one cannot forget it."""

import configparser
import copy
import re
from typing import Any

import pytest

from lab.manifest import discover
from lab.paths import REPOSITORY
from tests.unit.containers.compose_file import services, services_of, text

SERVICES = {name: service for system in discover().values() for name, service in services_of(system).items()}
#: What a system's own file only adds to.
SERVICES |= services()
LOOPBACK = "127.0.0.1:"


def weaknesses(service: dict[str, Any]) -> list[str]:
    """What a container lacks, in words; empty when it is as it should be."""
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    check = service.get("healthcheck", {})
    volumes = service.get("volumes", [])
    found = {
        "its image is not pinned to a version": not re.search(
            # PostgreSQL counts with two numbers.
            r":v?\d+\.\d+\.\d+$|postgres:\d+\.\d+$",
            service.get("image", ""),
        ),
        "it runs as root, or as whoever the image says": not re.match(r"[1-9]\d*:\d+$", str(service.get("user", ""))),
        "its root file system can be written": service.get("read_only") is not True,
        "it keeps capabilities": service.get("cap_drop") != ["ALL"] or "cap_add" in service,
        "it can gain privileges": "no-new-privileges:true" not in service.get("security_opt", []),
        "it has more of the host than its own": bool(
            {"privileged", "network_mode", "pid", "ipc", "devices", "userns_mode"} & service.keys()
        ),
        "its CPU, memory or processes have no limit": not {"cpus", "memory", "pids"} <= limits.keys(),
        "a port is open to the network": any(not str(port).startswith(LOOPBACK) for port in service.get("ports", [])),
        "a folder of the host can be written": any(
            volume.startswith((".", "/")) and not volume.endswith(":ro") for volume in volumes
        ),
        "it holds Docker's socket": any("docker.sock" in volume for volume in volumes),
        "nobody asks whether it is well": not {"test", "interval", "timeout", "retries", "start_period"} <= check.keys()
        or check["test"][0] != "CMD",
        "it is not started again when it dies": service.get("restart") != "unless-stopped",
        "nobody buries its orphans": service.get("init") is not True,
        "what it prints fills the disk": not {"max-size", "max-file"}
        <= service.get("logging", {}).get("options", {}).keys(),
        "it cannot write temporary files": not any(path.startswith("/tmp") for path in service.get("tmpfs", [])),
    }
    return [weakness for weakness, is_there in found.items() if is_there]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_confined_and_watched(name):
    assert weaknesses(SERVICES[name]) == []


FORGOTTEN = {
    "its image is not pinned to a version": {"image": "grafana/grafana:latest"},
    "it runs as root, or as whoever the image says": {"user": "0:0"},
    "its root file system can be written": {"read_only": False},
    "it keeps capabilities": {"cap_add": ["NET_ADMIN"]},
    "it can gain privileges": {"security_opt": []},
    "it has more of the host than its own": {"network_mode": "host"},
    "its CPU, memory or processes have no limit": {"deploy": {"replicas": 2}},
    "a port is open to the network": {"ports": ["3000:3000"]},
    "a folder of the host can be written": {"volumes": ["./grafana/dashboards:/etc/grafana/dashboards"]},
    "it holds Docker's socket": {"volumes": ["/var/run/docker.sock:/var/run/docker.sock:ro"]},
    "nobody asks whether it is well": {"healthcheck": {"test": ["CMD", "true"]}},
    "it is not started again when it dies": {"restart": "no"},
    "nobody buries its orphans": {"init": False},
    "what it prints fills the disk": {"logging": {"driver": "json-file"}},
    "it cannot write temporary files": {"tmpfs": []},
}


@pytest.mark.parametrize("weakness", FORGOTTEN)
def test_what_a_new_container_forgets_is_noticed(weakness):
    service = copy.deepcopy(SERVICES["grafana"]) | FORGOTTEN[weakness]

    assert weaknesses(service) == [weakness]


def test_an_empty_container_has_everything_to_learn():
    assert len(weaknesses({"image": "x"})) >= 10


def test_no_password_stands_in_the_file():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            # What comes from outside is empty here, or nothing but a name.
            assert not re.search(r"PASSWORD|SECRET|TOKEN|_KEYS?$", name) or not value, name


def test_grafana_cannot_be_signed_in_to_and_asks_nobody_on_the_internet():
    settings = configparser.ConfigParser()
    settings.read(REPOSITORY / "grafana/grafana.ini")

    assert "${LAB_CONFIG_DIR:-.}/grafana/grafana.ini:/etc/grafana/grafana.ini:ro" in text()
    assert SERVICES["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ORG_ROLE"] == settings["auth.anonymous"]["org_role"]
    assert settings["auth"].getboolean("disable_login_form")
    assert not settings["auth.basic"].getboolean("enabled")
    assert settings["plugins"].getboolean("preinstall_disabled")
    assert not settings["plugins"].getboolean("preinstall_auto_update")
    assert settings["plugins"].getboolean("public_key_retrieval_disabled")
    assert not settings["analytics"].getboolean("reporting_enabled")


def test_grafana_is_told_each_thing_once():
    settings = configparser.ConfigParser()
    settings.read(REPOSITORY / "grafana/grafana.ini")
    in_file = {
        f"GF_{section}_{key}".upper().replace(".", "_") for section in settings.sections() for key in settings[section]
    }

    # The role has a variable of its own, so that it can be chosen without editing a file.
    assert in_file & SERVICES["grafana"]["environment"].keys() == {"GF_AUTH_ANONYMOUS_ORG_ROLE"}


def test_tempo_has_the_time_that_it_needs_to_end():
    # It needs about 20 s; Docker's default of 10 s loses traces.
    assert SERVICES["tempo"]["stop_grace_period"] == "30s"
