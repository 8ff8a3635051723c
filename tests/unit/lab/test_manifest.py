"""A manifest says what a system consists of, or says clearly what is wrong with itself."""

import pytest

from lab.manifest import ManifestError, Service, System, Traffic, discover, read_manifest, require_distinct_ports
from lab.paths import REPOSITORY

GOOD = """
name = "shop"
title = "A shop"
entry_service = "web"
loadtest = "loadtest/shop.py"
dashboards = ["shop-overview"]

[[services]]
name = "web"
module = "shop_web"
port = 7001
example = "/basket/1"
depends_on = ["stock"]
dependency_urls = { STOCK_URL = "stock" }
environment = { GREETING = "hello" }
traffic = { rps_variable = "WEB_RPS", seed_variable = "WEB_SEED", steady_variable = "WEB_STEADY" }

[[services]]
name = "stock"
module = "shop_stock"
port = 7002
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
        loadtest="loadtest/shop.py",
        dashboards=("shop-overview",),
        services=(
            Service(
                name="web",
                module="shop_web",
                port=7001,
                health="/health",
                ready="/ready",
                metrics="/metrics",
                example="/basket/1",
                depends_on=("stock",),
                dependency_urls={"STOCK_URL": "stock"},
                environment={"GREETING": "hello"},
                traffic=Traffic("WEB_RPS", "WEB_SEED", "WEB_STEADY"),
            ),
            Service(name="stock", module="shop_stock", port=7002),
        ),
    )


def test_services_start_after_those_they_depend_on_else_in_the_order_written(tmp_path):
    assert [service.name for service in read(tmp_path, GOOD).in_start_order()] == ["stock", "web"]


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
        (('name = "stock"', 'name = "web"'), "service web is there twice"),
        (('module = "shop_web"', 'module = ""'), "service web: module is empty"),
        (('example = "/basket/1"', 'example = "basket"'), "service web: example must begin with '/', not 'basket'"),
        (('entry_service = "web"', 'entry_service = "door"'), "entry_service is 'door', which is none of: web, stock"),
        (
            ('depends_on = ["stock"]', 'depends_on = ["shelf"]'),
            "service web depends on 'shelf', which is none of: web, stock",
        ),
        (('depends_on = ["stock"]', "depends_on = [1]"), "service web: depends_on must be a list of strings, not [1]"),
        (
            ('depends_on = ["stock"]', "depends_on = []"),
            "service web: dependency_urls.STOCK_URL names 'stock', which is not in its depends_on",
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
    circle = GOOD + 'depends_on = ["web"]\n'

    with pytest.raises(ManifestError, match="depend on each other in a circle: web -> stock -> web"):
        read(tmp_path, circle)


def test_what_is_no_toml_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="not valid TOML"):
        read(tmp_path, "name = shop")


def test_a_manifest_without_services_is_refused(tmp_path):
    with pytest.raises(ManifestError, match=r"no services: write at least one \[\[services\]\] table"):
        read(tmp_path, 'name = "shop"\ntitle = "A shop"\nentry_service = "web"\n')


def test_two_systems_cannot_have_the_same_port(tmp_path):
    first = read(tmp_path, GOOD)
    second = read(tmp_path, GOOD.replace('"shop"', '"mall"').replace("7002", "7003"), folder="mall")

    with pytest.raises(ManifestError, match="port 7001 is claimed twice: by shop/web and by mall/web"):
        require_distinct_ports([first, second])


def test_the_chain_is_found_and_starts_from_its_end():
    chain = discover()["chain"]

    assert [(service.name, service.port) for service in chain.in_start_order()] == [
        ("database", 8003),
        ("backend", 8002),
        ("frontend", 8001),
    ]
    assert chain.entry.example == "/user/123"


def test_the_dashboards_of_each_system_exist_and_none_of_the_chains_is_left_out():
    existing = {path.stem for path in (REPOSITORY / "grafana" / "dashboards").glob("*.json")}
    for system in discover().values():
        assert set(system.dashboards) <= existing
    assert set(discover()["chain"].dashboards) == {name for name in existing if name.startswith("chain-")}
