"""A manifest says what a system consists of, or says clearly what is wrong with itself."""

import pytest

from lab.manifest import Backing, Service, System, Traffic, discover, find, read_manifest, require_distinct, unusable
from lab.manifest_table import ManifestError
from lab.paths import REPOSITORY

GOOD = """
name = "shop"
title = "A shop"
entry_service = "web"
requests_metric = "visits_total"
durations_metric = "visit_seconds"
loadtest = "loadtest/shop.py"
dashboards = ["shop-overview"]
packages = ["shop"]

[[backing]]
name = "shelves"
kind = "postgresql"
port = 7003
url_variable = "SHELVES_URL"
password_variable = "SHELVES_PASSWORD"

[[backing]]
name = "till"
kind = "redis"
port = 7004
url_variable = "TILL_URL"

[[services]]
name = "web"
module = "shop_web"
port = 7001
example = "/basket/1"
colour = "#6CC0F5"
depends_on = ["stock"]
uses = ["till"]
dependency_urls = { STOCK_URL = "stock" }
environment = { GREETING = "hello" }
secrets = ["WEB_KEY"]
traffic = { rps_variable = "WEB_RPS", seed_variable = "WEB_SEED", steady_variable = "WEB_STEADY" }

[[services]]
name = "stock"
module = "shop_stock"
port = 7002
depends_on = ["shelves"]
uses = ["web"]
"""


def read(tmp_path, text, folder="shop"):
    path = tmp_path / folder / "manifest.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_manifest(path)


def test_a_manifest_becomes_a_system(tmp_path):
    assert read(tmp_path, GOOD) == System(
        name="shop",
        title="A shop",
        entry_service="web",
        requests_metric="visits_total",
        durations_metric="visit_seconds",
        loadtest="loadtest/shop.py",
        dashboards=("shop-overview",),
        packages=("shop",),
        backing=(
            Backing("shelves", "postgresql", 7003, "SHELVES_URL", "SHELVES_PASSWORD"),
            Backing("till", "redis", 7004, "TILL_URL", password_variable=None),
        ),
        services=(
            Service(
                name="web",
                module="shop_web",
                port=7001,
                health="/health",
                ready="/ready",
                metrics="/metrics",
                example="/basket/1",
                colour="#6CC0F5",
                depends_on=("stock",),
                uses=("till",),
                dependency_urls={"STOCK_URL": "stock"},
                environment={"GREETING": "hello"},
                secrets=("WEB_KEY",),
                traffic=Traffic("WEB_RPS", "WEB_SEED", "WEB_STEADY"),
            ),
            Service(name="stock", module="shop_stock", port=7002, depends_on=("shelves",), uses=("web",)),
        ),
    )


def test_services_start_after_those_they_depend_on_else_in_the_order_written(tmp_path):
    assert [service.name for service in read(tmp_path, GOOD).in_start_order()] == ["stock", "web"]


def test_a_service_knows_its_backing_services_from_the_services_that_it_calls(tmp_path):
    shop = read(tmp_path, GOOD)

    assert [backing.name for backing in shop.backing_of(shop.service("web"))] == ["till"]
    assert [backing.name for backing in shop.backing_of(shop.service("stock"))] == ["shelves"]
    assert shop.called_by(shop.service("web")) == ("stock",)
    assert shop.called_by(shop.service("stock")) == ("web",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("port = 7001", "prot = 7001"), "service web: unknown key 'prot'; known are: name, module, port, "),
        (("title", "titel"), "the manifest: unknown key 'titel'; known are: name, title, "),
        (("rps_variable", "rps"), "service web, traffic: unknown key 'rps'; known are: rps_variable, seed_variable, "),
        (("port = 7001\n", ""), "service web: port is missing (a whole number)"),
        (("port = 7001", 'port = "7001"'), "service web: port must be a whole number, not '7001'"),
        (("port = 7001", "port = true"), "service web: port must be a whole number, not True"),
        (("port = 7001", "port = 70010"), "service web: port 70010 is not between 1 and 65535"),
        (("port = 7001", "port = 7002"), "port 7002 is claimed twice: by shop/web and by shop/stock"),
        (("port = 7004", "port = 7002"), "port 7002 is claimed twice: by shop/till and by shop/stock"),
        (('name = "stock"', 'name = "web"'), "web is there twice: in shop and in shop"),
        (('name = "till"', 'name = "web"'), "web is there twice: in shop and in shop"),
        (('"redis"', '"kafka"'), "backing till: kind must be one of postgresql, redis, not 'kafka'"),
        (("port = 7004", "port = 0"), "backing till: port 0 is not between 1 and 65535"),
        (('url_variable = "TILL_URL"\n', ""), "backing till: url_variable is missing (a string)"),
        (('"TILL_URL"', '"TILL_URL"\nsize = 3'), "backing till: unknown key 'size'; known are: name, kind, port, "),
        (
            ('uses = ["till"]', 'uses = ["bank"]'),
            "service web uses 'bank', which is none of: web, stock, shelves, till",
        ),
        (('module = "shop_web"', 'module = ""'), "service web: module is empty"),
        (('example = "/basket/1"', 'example = "basket"'), "service web: example must begin with '/', not 'basket'"),
        (('"#6CC0F5"', '"blue"'), "service web: colour must be like #6CC0F5, not 'blue'"),
        (('entry_service = "web"', 'entry_service = "door"'), "entry_service is 'door', which is none of: web, stock"),
        (
            ('depends_on = ["stock"]', 'depends_on = ["shelf"]'),
            "service web depends on 'shelf', which is none of: web, stock, shelves, till",
        ),
        (('depends_on = ["stock"]', "depends_on = [1]"), "service web: depends_on must be a list of strings, not [1]"),
        (
            ('depends_on = ["stock"]', "depends_on = []"),
            "service web: dependency_urls.STOCK_URL names 'stock', which is no service in its depends_on or uses",
        ),
        (
            ('STOCK_URL = "stock"', 'STOCK_URL = "till"'),
            "service web: dependency_urls.STOCK_URL names 'till', which is no service in its depends_on or uses",
        ),
        (('"hello"', "1"), "service web: environment.GREETING must be a string, not 1"),
        (('name = "shop"', 'name = "store"'), "name is 'store', but the folder is called 'shop'"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_file_the_place_and_what_was_expected(tmp_path, change, message):
    old, new = change
    assert old in GOOD

    with pytest.raises(ManifestError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))

    assert str(caught.value).startswith(f"{tmp_path}/shop/manifest.toml: {message}")


def test_a_circle_of_dependencies_is_refused_and_shown(tmp_path):
    circle = GOOD.replace('uses = ["web"]', "").replace('["shelves"]', '["web"]')

    with pytest.raises(ManifestError, match="depend on each other in a circle: web -> stock -> web"):
        read(tmp_path, circle)


def test_what_is_no_toml_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="not valid TOML"):
        read(tmp_path, "name = shop")


def test_a_manifest_without_services_is_refused(tmp_path):
    with pytest.raises(ManifestError, match=r"no services: write at least one \[\[services\]\] table"):
        read(tmp_path, 'name = "shop"\ntitle = "A shop"\nentry_service = "web"\n')


@pytest.mark.parametrize(
    ("name", "port", "message"),
    [
        ("door", 7001, "port 7001 is claimed twice: by shop/web and by mall/door"),
        ("till", 7005, "till is there twice: in shop and in mall"),
    ],
)
def test_two_systems_have_neither_a_port_nor_a_name_in_common(tmp_path, name, port, message):
    shop = read(tmp_path, GOOD)
    mall = System("mall", "A mall", entry_service=name, services=(Service(name, "mall", port),))

    with pytest.raises(ManifestError, match=message):
        require_distinct([shop, mall])


def test_the_chain_is_found_and_starts_from_its_end():
    chain = discover()["chain"]

    assert [(service.name, service.port) for service in chain.in_start_order()] == [
        ("database", 8003),
        ("backend", 8002),
        ("frontend", 8001),
    ]
    assert chain.entry.example == "/user/123"


def test_the_dashboards_of_each_system_exist_and_none_of_its_own_is_left_out():
    existing = {path.stem for path in (REPOSITORY / "grafana" / "dashboards").glob("*.json")}
    for system in discover().values():
        assert set(system.dashboards) == {name for name in existing if name.startswith(f"{system.name}-")}


def test_every_manifest_of_the_repository_can_be_used():
    assert unusable() == {}


def test_a_manifest_that_is_half_written_keeps_nobody_from_the_others(tmp_path):
    read(tmp_path, GOOD)
    with pytest.raises(ManifestError):
        read(tmp_path, "name = ", folder="mall")

    assert list(discover(tmp_path)) == ["shop"]
    assert list(unusable(tmp_path)) == ["mall"]
    assert find("shop", tmp_path).title == "A shop"
    with pytest.raises(ManifestError, match=r"mall/manifest.toml: not valid TOML"):
        find("mall", tmp_path)
    with pytest.raises(ManifestError, match="there is no system 'market'; known are: shop"):
        find("market", tmp_path)


def test_a_system_that_takes_the_ports_of_another_is_the_one_that_cannot_be_used(tmp_path):
    read(tmp_path, GOOD)
    read(tmp_path, GOOD.replace('name = "shop"', 'name = "zoo"'), folder="zoo")

    assert list(discover(tmp_path)) == ["shop"]
    assert "is claimed twice" in unusable(tmp_path)["zoo"]
