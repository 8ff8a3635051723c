"""Which backing services a lab starts, and what services are told of them."""

import signal

import pytest

from lab.backing.processes import make_secrets, packages
from lab.manifest import Backing, Service, System, discover
from lab.paths import StateDirectory
from lab.secrets import Secrets
from lab.stacks.embedded import EmbeddedStack
from lab.stacks.stack import StackOptions

SHOP = System(
    name="shop",
    title="A shop",
    entry_service="web",
    packages=("shop",),
    backing=(
        Backing("shelves", "postgresql", 7003, "SHELVES_URL", "SHELVES_PASSWORD"),
        Backing("till", "redis", 7004, "TILL_URL"),
    ),
    services=(
        Service(
            "web", "shop_web", 7001, uses=("till", "stock"), dependency_urls={"STOCK_URL": "stock"}, secrets=("KEY",)
        ),
        Service("stock", "shop_stock", 7002, depends_on=("shelves",)),
    ),
)


@pytest.fixture
def options(tmp_path, monkeypatch):
    for variable in ("SHELVES_URL", "SHELVES_PASSWORD", "TILL_URL", "KEY"):
        monkeypatch.delenv(variable, raising=False)

    def choose(*systems, **more):
        return StackOptions(systems or [SHOP], StateDirectory(tmp_path), **more)

    return choose


def specs_of(options):
    return {spec.name: spec for spec in EmbeddedStack(options).processes()}


def test_backing_services_are_processes_of_their_system_with_ports_of_their_own(options):
    specs = specs_of(options(port_offset=500))
    shelves, till = specs["shelves"], specs["till"]

    assert (shelves.role, shelves.system, shelves.url) == ("backing", "shop", "postgresql://127.0.0.1:7503")
    assert (till.role, till.system, till.url) == ("backing", "shop", "redis://127.0.0.1:7504")
    assert (list(shelves.ports), list(till.ports)) == ([7503], [7504])
    assert (list(shelves.ready_urls), list(till.ready_urls)) == ([shelves.url], [till.url])


def test_postgresql_is_asked_to_end_without_waiting_for_its_clients(options):
    specs = specs_of(options())

    assert (specs["shelves"].stop_signal, specs["till"].stop_signal) == (signal.SIGINT, signal.SIGTERM)


def test_a_service_waits_for_what_it_depends_on_and_ends_before_what_it_uses(options):
    specs = specs_of(options())

    assert list(specs["stock"].depends_on) == ["telemetry_store", "shelves"]
    assert list(specs["web"].depends_on) == ["telemetry_store"]
    assert list(specs["web"].ends_before) == ["till"]


def test_services_are_told_addresses_and_secrets_and_only_their_own(options):
    chosen = options(port_offset=500)
    make_secrets(chosen)
    specs = specs_of(chosen)
    web, stock, shelves = (
        Secrets(chosen.directory).put_into(specs[name].environment) for name in ("web", "stock", "shelves")
    )

    assert web["TILL_URL"] == "redis://127.0.0.1:7504"
    assert stock["SHELVES_URL"] == f"postgresql://shop:{shelves['POSTGRESQL_PASSWORD']}@127.0.0.1:7503/shop"
    assert len(web["KEY"]) >= 32
    assert not {"SHELVES_URL", "SHELVES_PASSWORD"} & web.keys()
    assert not {"KEY", "TILL_URL", "SHELVES_PASSWORD"} & stock.keys()


def test_no_secret_stands_in_what_is_started(options):
    chosen = options()
    make_secrets(chosen)
    made = list(Secrets(chosen.directory).put_into({"A": "${KEY}", "B": "${SHELVES_PASSWORD}"}).values())
    shown = "\n".join(map(str, specs_of(chosen).values()))

    assert made[0] not in shown
    assert made[1] not in shown


def test_a_server_that_exists_already_is_used_and_none_is_started(options, monkeypatch):
    monkeypatch.setenv("SHELVES_URL", "postgresql://me:mine@database.example/shop")
    monkeypatch.setenv("TILL_URL", "redis://cache.example")
    specs = specs_of(options())

    assert not {"shelves", "till"} & specs.keys()
    assert list(specs["stock"].depends_on) == ["telemetry_store"]
    assert list(specs["web"].ends_before) == []
    # They have it from the user's environment, which every process inherits.
    assert "SHELVES_URL" not in specs["stock"].environment


def test_only_what_a_system_needs_is_installed(options, monkeypatch):
    assert packages(options()) == ["backing", "shop"]
    assert packages(options(discover()["chain"])) == []

    monkeypatch.setenv("SHELVES_URL", "postgresql://database.example/shop")
    monkeypatch.setenv("TILL_URL", "redis://cache.example")
    assert packages(options()) == ["shop"]


def test_the_chain_needs_no_secret_and_makes_no_folder_for_them(options):
    chosen = options(discover()["chain"])
    make_secrets(chosen)

    assert list(chosen.directory.root.iterdir()) == []
