"""What the workbench can be told, and what it says to what it cannot use."""

import dataclasses
from ipaddress import ip_network

import pytest

from lab.manifest import discover
from lab.paths import REPOSITORY
from lab.ports import LabPorts, url
from workbench.settings import SETTINGS, Settings, read_settings


def test_without_anything_set_it_is_the_labs_page_on_this_machine():
    assert read_settings({}) == Settings(
        host="127.0.0.1",
        port=8000,
        prometheus_url="http://127.0.0.1:9090",
        loki_url="http://127.0.0.1:3100",
        tempo_url="http://127.0.0.1:3200",
        alert_inbox_url=None,
        grafana_url=None,
        stack="embedded",
        systems=(),
        service_urls={},
        allowed_hosts=(),
        writers=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        dashboards=REPOSITORY / "grafana/dashboards",
        state_dir=None,
        query_seconds=30.0,
    )


def test_started_by_hand_it_uses_the_labs_ports():
    settings, ports = read_settings({}), LabPorts()

    assert settings.port == ports.workbench
    for name in ("prometheus", "loki", "tempo"):
        assert getattr(settings, f"{name}_url") == url(getattr(ports, name))


def test_a_variable_that_is_empty_counts_as_not_set():
    assert read_settings({setting.name: "" for setting in SETTINGS}) == read_settings({})


def test_every_field_has_one_variable():
    assert [setting.name.removeprefix("WORKBENCH_").lower() for setting in SETTINGS] == [
        field.name for field in dataclasses.fields(Settings)
    ]


def test_services_hosts_and_systems_are_lists():
    settings = read_settings(
        {
            "WORKBENCH_SERVICE_URLS": "frontend=http://127.0.0.1:9001, backend=http://127.0.0.1:9002/",
            "WORKBENCH_ALLOWED_HOSTS": "Workbench, lab.example.org",
            "WORKBENCH_SYSTEMS": ",".join(discover()),
        }
    )

    assert settings.service_urls == {"frontend": "http://127.0.0.1:9001", "backend": "http://127.0.0.1:9002"}
    assert settings.allowed_hosts == ("workbench", "lab.example.org")
    assert settings.systems == tuple(discover())


def test_an_address_loses_only_its_last_slash():
    assert read_settings({"WORKBENCH_LOKI_URL": "http://logs:3100/tenant/"}).loki_url == "http://logs:3100/tenant"
    assert read_settings({"WORKBENCH_GRAFANA_URL": "https://g.example.org/"}).grafana_url == "https://g.example.org"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("WORKBENCH_PORT", "eighty", "a number from 1 to 65535"),
        ("WORKBENCH_PORT", "0", "a number from 1 to 65535"),
        ("WORKBENCH_PORT", "65536", "a number from 1 to 65535"),
        ("WORKBENCH_PORT", "８０００", "a number from 1 to 65535"),
        ("WORKBENCH_PROMETHEUS_URL", "localhost:9090", "an address such as http://127.0.0.1:9090"),
        ("WORKBENCH_LOKI_URL", "file:///etc/passwd", "an address such as http://127.0.0.1:9090"),
        ("WORKBENCH_TEMPO_URL", "http://tempo:port", "Port could not be cast"),
        ("WORKBENCH_TEMPO_URL", "http://tempo:3200?x=1", "an address such as"),
        ("WORKBENCH_TEMPO_URL", "http://me:secret@tempo", "leave it out"),
        ("WORKBENCH_GRAFANA_URL", "javascript:alert(1)", "an address such as"),
        ("WORKBENCH_SERVICE_URLS", "frontend", "is no pair such as frontend=http://127.0.0.1:8001"),
        ("WORKBENCH_SERVICE_URLS", "frontend=nowhere", "an address such as"),
        ("WORKBENCH_SYSTEMS", "chain,../shop", "is no name"),
        ("WORKBENCH_STACK", "a stack", "give one name"),
        ("WORKBENCH_ALLOWED_HOSTS", "http://lab", "is no host name"),
        ("WORKBENCH_WRITERS", "everybody", "does not appear to be an IPv4 or IPv6 network"),
        ("WORKBENCH_QUERY_SECONDS", "0", "above 0"),
        ("WORKBENCH_QUERY_SECONDS", "nan", "above 0"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_was_expected(name, text, expected):
    with pytest.raises(ValueError, match=name) as error:
        read_settings({name: text})
    assert repr(text) in str(error.value)
    assert expected in str(error.value)
