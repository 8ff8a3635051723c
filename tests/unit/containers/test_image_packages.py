"""The images hold what their code imports, and nothing that has to be compiled: uv.lock says so."""

import re

import pytest

from lab.manifest import discover
from lab.paths import REPOSITORY
from tests.unit.containers.locked_packages import distributions_imported_from, has_wheel, packages_of_an_image

#: Module -> the groups of packages in its image.
MODULES = {service.module: system.packages for system in discover().values() for service in system.services}
PYTHON = re.search(r"^ARG PYTHON_IMAGE=python:(\d+\.\d+)\.", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)[1]


def not_in_image(module: str, groups: tuple[str, ...] = ()) -> set[str]:
    packages = packages_of_an_image(PYTHON, groups)
    return {name for name, homes in distributions_imported_from(module).items() if not homes & packages.keys()}


@pytest.mark.parametrize("module", [*sorted(MODULES), "alert_inbox"])
def test_the_packages_that_its_manifest_names_are_enough_for_every_service(module):
    assert distributions_imported_from(module)
    assert not_in_image(module, MODULES.get(module, ())) == set()


def test_the_load_test_needs_its_group_and_no_more():
    assert not_in_image("loadtest", ("loadtest",)) == set()
    assert "locust" in not_in_image("loadtest")


def test_a_module_that_needs_more_than_the_base_is_noticed():
    assert {"psutil", "rich.console"} <= not_in_image("lab")


def test_an_image_of_a_service_holds_neither_the_lab_nor_the_store_nor_test_tools():
    assert not packages_of_an_image(PYTHON).keys() & {
        "rich",
        "psutil",
        "starlette",
        "numpy",
        "lark",
        "locust",
        "pytest",
    }


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("groups", [(), ("exchange",), ("loadtest",)], ids=["service", "exchange", "loadtest"])
def test_every_package_of_an_image_has_a_wheel(groups, machine):
    packages = packages_of_an_image(PYTHON, groups)

    assert [name for name, package in packages.items() if not has_wheel(package, PYTHON, machine)] == []


def test_a_package_without_a_wheel_for_that_python_is_noticed():
    orjson = packages_of_an_image(PYTHON)["orjson"]

    assert has_wheel(orjson, PYTHON, "x86_64")
    assert not has_wheel(orjson, "3.4", "x86_64")
    assert not has_wheel({**orjson, "wheels": []}, PYTHON, "x86_64")
