"""The store's command line: lists, addresses and labels as values, and what is wrong said before anything starts."""

from __future__ import annotations

import pytest

from telemetry_store.settings import parse_arguments


def test_lists_addresses_and_labels_are_read() -> None:
    rules = ["--rule-files", "a.yml, b/*.yml,", "--alertmanager-url", "http://a:9093/,https://b/x"]
    outside = ["--external-labels", "cluster=lab,zone=a=b", "--external-url", "http://lab:9090/store/"]
    settings = parse_arguments([*rules, *outside])
    assert settings.rule_files == ("a.yml", "b/*.yml")
    assert settings.alertmanager_url == ("http://a:9093", "https://b/x")
    assert settings.external_labels == {"cluster": "lab", "zone": "a=b"}
    assert settings.external_url == "http://lab:9090/store"


def test_apis_and_buckets_are_read_in_their_order() -> None:
    settings = parse_arguments(["--apis", "tempo, prometheus", "--service-graph-buckets", "0.01,0.1,1"])
    assert settings.apis == ("prometheus", "tempo")
    assert settings.service_graph_buckets == (0.01, 0.1, 1.0)


def test_help_shows_defaults_as_one_would_type_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for default in ("prometheus,loki,tempo", "0.002,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5", "true", "none", "24"):
        assert f"(default: {default})" in told


def test_without_a_word_there_are_no_rules_and_nobody_to_tell() -> None:
    settings = parse_arguments([])
    assert (settings.rule_files, settings.alertmanager_url, settings.external_labels) == ((), (), {})
    assert settings.external_url is None


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--alertmanager-url", "localhost:9093", "localhost:9093 is not an address such as http://localhost:9093"),
        ("--external-url", "ftp://x", "ftp://x is not an address"),
        ("--external-labels", "cluster", "cluster is not a label such as cluster=lab"),
        ("--external-labels", "a-b=c", "a-b=c is not a label such as cluster=lab"),
        ("--evaluation-interval", "0", "0 is not a positive number"),
        ("--apis", "loki,mimir", "'loki,mimir' is not a choice of prometheus, loki, tempo"),
        ("--service-graph-buckets", "1,0.1", "'1,0.1' is not a list of rising numbers such as 0.01,0.1,1"),
        ("--generated-metrics-remote-write", "prometheus:9090", "prometheus:9090 is not an address"),
    ],
)
def test_a_wrong_value_is_told_with_the_option(
    option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments([option, value])
    assert ended.value.code == 2
    assert f"argument {option}: {words}" in capsys.readouterr().err
