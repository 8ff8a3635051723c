"""A system's own docker-compose file says what its manifest says, and adds itself to the main file."""

import pytest

from lab.manifest import discover
from lab.paths import REPOSITORY
from lab.stacks.compose import port_variable
from lab.stacks.compose_files import own_file
from lab.stacks.configuration import CONTAINER_TARGETS
from tests.unit.containers.compose_file import compose_file, demanded, services, services_of
from tests.unit.containers.test_compose_file import check_schema
from workbench.settings import read_settings

OWN = [system for system in discover().values() if own_file(system)]
IMAGES = {"postgresql": "postgres:18.4", "redis": "valkey/valkey:9.0.8"}

pytestmark = pytest.mark.parametrize("system", OWN, ids=[system.name for system in OWN])


def test_what_it_shares_with_the_main_file_is_the_same_there(system):
    shared = {name: part for name, part in compose_file(path=own_file(system)).items() if name.startswith("x-")}

    assert shared
    assert shared.items() <= compose_file().items()


def test_every_container_is_in_the_manifest_or_one_that_the_main_file_has(system):
    named = {service.name for service in system.services} | {backing.name for backing in system.backing}

    assert services_of(system).keys() - services().keys() == named


def test_backing_services_are_those_of_the_manifest(system):
    moved = services_of(system, {port_variable(backing.name): "1234" for backing in system.backing})
    for backing in system.backing:
        container = services_of(system)[backing.name]
        assert container["image"] == IMAGES[backing.kind]
        assert container["ports"] == [f"127.0.0.1:{backing.port}:{backing.port}"]
        assert moved[backing.name]["ports"] == [f"127.0.0.1:1234:{backing.port}"]


def test_services_are_told_where_they_keep_things(system):
    secret = {backing.password_variable: "s3cret" for backing in system.backing if backing.password_variable}
    for service in system.services:
        environment = services_of(system, secret)[service.name]["environment"]
        for backing in system.backing:
            password = f"{system.name}:s3cret@" if backing.password_variable else ""
            database = f"/{system.name}" if backing.kind == "postgresql" else ""
            expected = f"{backing.kind}://{password}{backing.name}:{backing.port}{database}"
            uses = backing in system.backing_of(service)
            assert environment.get(backing.url_variable) == (expected if uses else None), service.name


def test_no_secret_has_a_default_and_none_can_be_forgotten(system):
    secrets = {name for service in system.services for name in service.secrets}
    secrets |= {backing.password_variable for backing in system.backing if backing.password_variable}

    assert demanded(own_file(system)) == secrets


def test_every_published_port_can_be_moved_by_the_variable_of_its_name(system):
    ports = {port_variable(service.name): str(service.port + 1000) for service in system.services}
    moved = services_of(system, ports)

    for service in system.services:
        assert moved[service.name]["ports"] == [f"127.0.0.1:{service.port + 1000}:{service.port}"]


def test_prometheus_gets_its_targets_in_the_place_of_an_empty_list(system):
    name = f"{system.name}.json"

    assert services_of(system)["prometheus"]["volumes"] == [
        f"./systems/{system.name}/targets.json:/etc/prometheus/targets/{name}:ro"
    ]
    assert (REPOSITORY / CONTAINER_TARGETS / name).read_text() == "[]\n"


def test_the_workbench_learns_of_it_beside_the_others(system):
    told = read_settings(services_of(system)["workbench"]["environment"])
    usual = read_settings(services()["workbench"]["environment"])

    assert told.systems == (*usual.systems, system.name)
    own = {service.name: f"http://127.0.0.1:{service.port}" for service in system.services}
    assert told.service_urls == {**usual.service_urls, **own}


def test_every_volume_is_declared_and_used(system):
    file = compose_file(path=own_file(system))
    used = {
        volume.partition(":")[0]
        for name, service in file["services"].items()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "/"))
    }

    assert used - compose_file()["volumes"].keys() == set(file["volumes"])


def test_the_compose_specification_accepts_it(system):
    assert check_schema(own_file(system)).returncode == 0
