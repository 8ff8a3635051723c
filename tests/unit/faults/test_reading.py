"""A file of the catalogue that is not as it must be is refused with the file, the place and what was expected."""

import re
from shutil import copytree, ignore_patterns

import pytest
import yaml
from click.testing import CliRunner

from lab.commands import fault
from lab.faults.catalogue import CatalogueError, UnknownFault, read_catalogue, read_whole_catalogue
from lab.paths import SYSTEMS

ENTRY = {
    "name": "cold-start",
    "title": "The first request is slow",
    "system": "chain",
    "what": "Nothing is ready when it comes.",
    "flag": "early-requests",
    "parameters": {
        "share": {"default": 0.5, "minimum": 0.1, "maximum": 1, "help": "of all requests"},
        "tier": {"default": "backend", "choices": ["backend", "database"], "help": "where"},
    },
    "truth": {"service": "{tier}", "component": "start", "kind": "cpu_saturation", "victims": ["frontend"]},
    "signals": {name: {"shows": ["something"], "hides": []} for name in ("metrics", "logs", "traces")},
    "evidence": [
        {"says": "slower", "language": "promql", "query": 'rate(a{b="{tier}"}[{window}])', "expect": {"rises": 3}},
        {"says": "no errors", "language": "traceql", "query": "{ status = error }", "expect": {"absent": True}},
    ],
    "settle_seconds": {"effect": 30},
    "needs": {"rps": 4},
}


def changed(entry, path, value):
    """A copy with one place changed; without a value the place is gone."""
    copy = yaml.safe_load(yaml.safe_dump(entry))
    place = copy
    *ways, last = path
    for way in ways:
        place = place[way]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy


@pytest.fixture
def write(tmp_path):
    def write(entry, name="cold-start"):
        text = entry if isinstance(entry, str) else yaml.safe_dump(entry)
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_an_entry_is_read_as_it_stands(write):
    fault = read_catalogue(write(ENTRY))["cold-start"]

    assert fault.defaults == {"share": 0.5, "tier": "backend"}
    assert (fault.effect_seconds, fault.recovery_seconds, fault.needs_rps) == (30, 20, 4)
    assert fault.truth_with({"tier": "database"}).service == "database"
    first, second = fault.evidence
    assert first.query_with({"tier": "database"}, 10) == 'rate(a{b="database"}[10s])'
    assert (first.change, first.amount, second.change, second.amount) == ("rises", 3, "absent", None)


def test_an_unknown_name_is_refused_with_names_like_it(write):
    catalogue = read_catalogue(write(ENTRY))

    with pytest.raises(UnknownFault) as near:
        catalogue["cold-stat"]
    assert str(near.value) == "there is no fault 'cold-stat'; did you mean cold-start?"
    with pytest.raises(UnknownFault) as far:
        catalogue["xyz"]
    assert str(far.value) == "there is no fault 'xyz'; all of them: python3 lab fault list"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["title"], None, "the file: 'title' is missing"),
        (["title"], " ", "title: expected text, not ' '"),
        (["title"], 5, "title: expected text, not '5'"),
        (["colour"], "red", "colour: 'colour' is not known here; there can be: name, title, system, "),
        (["name"], "other-name", "name: it is 'other-name', but the file is called cold-start.yaml"),
        (["flag"], "Early_Requests", "flag: expected lower-case words with dashes between them, not 'Early_Requests'"),
        (["system"], "bakery", "system: expected one of chain, exchange, not 'bakery'"),
        (["truth", "service"], "cache", "truth.service: expected one of frontend, backend, database, visitors, {tier}"),
        (["truth", "service"], "{share}", "truth.service: expected one of frontend, backend, database, visitors, {tie"),
        (["truth", "service"], "frontend", "truth.victims: frontend is where it happens, and no victim of it"),
        (["truth", "kind"], "odd", "truth.kind: expected one of missing_index, "),
        (
            ["truth", "victims"],
            ["frontend", "cache"],
            "truth.victims[1]: expected one of frontend, backend, database, ",
        ),
        (["truth", "victims"], "frontend", "truth.victims: expected a list, not 'frontend'"),
        (["parameters", "share", "default"], 2, "parameters.share.default: must be at most 1, not 2"),
        (["parameters", "share", "default"], [2], "parameters.share.default: expected text, a number, true or false"),
        (["parameters", "share", "help"], None, "parameters.share: 'help' is missing"),
        (["parameters", "share", "least"], 1, "parameters.share.least: 'least' is not known here"),
        (["parameters", "share", "maximum"], float("inf"), "parameters.share.maximum: expected a number, not '.inf'"),
        (["parameters", "share", "weak"], 0.2, "parameters.share: 'weak' and 'strong' belong together"),
        (["parameters", "tier", "minimum"], 1, "parameters.tier.minimum: only a number has this, and the default is "),
        (
            ["parameters", "tier", "choices"],
            ["backend", 3],
            "parameters.tier.choices[1]: expected the same type as",
        ),
        (["parameters", "tier", "choices"], ["database"], "parameters.tier.default: must be one of database, not back"),
        (["signals", "logs"], None, "signals: 'logs' is missing"),
        (["signals", "logs", "shows"], "x", "signals.logs.shows: expected a list, not 'x'"),
        (["evidence"], [], "evidence: the list is empty"),
        (["evidence", 0, "language"], "sql", "evidence[0].language: expected one of promql, logql, traceql, not 'sql'"),
        (
            ["evidence", 0, "query"],
            "rate(a[1m])",
            "evidence[0].query: it looks over a range of its own: write [{",
        ),
        (
            ["evidence", 0, "expect"],
            {"grows": 3},
            "evidence[0].expect.grows: 'grows' is not known here; there can be: ",
        ),
        (["evidence", 0, "expect"], {"rises": 3, "stays": 2}, "evidence[0].expect: expected exactly one of rises, "),
        (["evidence", 0, "expect"], {"rises": 1}, "evidence[0].expect.rises: expected a number above 1, not '1'"),
        (["evidence", 0, "expect"], {"rises": "3"}, "evidence[0].expect.rises: expected a number above 1, not '3'"),
        (["evidence", 1, "expect"], {"absent": 3}, "evidence[1].expect.absent: expected true"),
        (
            ["evidence", 1, "expect"],
            {"appears": True},
            "evidence: nothing says what does not happen: one must be",
        ),
        (["evidence", 0, "expect"], {"absent": True}, "evidence: nothing says what happens: one must be another than "),
        (["settle_seconds", "effect"], 0, "settle_seconds.effect: expected a number above 0, not '0'"),
        (["needs", "users"], 3, "needs.users: 'users' is not known here; there can be: rps"),
        (["repair"], [{"target": "backend"}], "repair[0]: 'action' is missing"),
        (["repair"], [{"action": "hope"}], "repair[0].action: expected one of restart, "),
        (["repair"], [{"action": "restart"}], "repair[0]: 'target' is missing"),
        (["repair"], [{"action": "flush-cache", "target": "x"}], "repair[0].target: 'target' is not known here"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_place(write, path, value, message):
    directory = write(changed(ENTRY, path, value))

    with pytest.raises(CatalogueError) as refused:
        read_whole_catalogue(directory)
    assert re.match(rf"{directory / 'cold-start.yaml'}:\d+: {re.escape(message)}", str(refused.value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", ":1: this is no YAML: "),
        ("name: a\nname: b\n", ":2: name: stands here twice"),
        ("- a\n- b\n", ":1: the file: expected keys with values, not a list"),
        ("", ": the file is empty"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(write, text, message):
    directory = write(text)

    with pytest.raises(CatalogueError) as refused:
        read_whole_catalogue(directory)
    assert str(refused.value).startswith(f"{directory / 'cold-start.yaml'}{message}")


def test_two_faults_cannot_share_a_flag(write):
    write(ENTRY)

    with pytest.raises(CatalogueError, match="warm-start and cold-start have the same flag, early-requests"):
        read_whole_catalogue(write(changed(ENTRY, ["name"], "warm-start"), "warm-start"))


def test_one_that_is_half_written_keeps_nobody_from_the_others_and_is_named_with_the_reason(write):
    write(ENTRY)
    catalogue = read_catalogue(write("name: warm-start\ntitle: [", "warm-start"))

    assert list(catalogue) == ["cold-start"]
    assert list(catalogue.unreadable) == ["warm-start"]
    assert "warm-start.yaml" in catalogue.unreadable["warm-start"]
    with pytest.raises(UnknownFault) as asked_for:
        catalogue["warm-start"]
    assert str(asked_for.value) == catalogue.unreadable["warm-start"]


def test_faults_of_a_system_whose_manifest_is_half_written_are_named_and_the_others_go_on(write, tmp_path_factory):
    systems = tmp_path_factory.mktemp("systems")
    copytree(SYSTEMS / "chain", systems / "chain", ignore=ignore_patterns("__pycache__"))
    (systems / "shop").mkdir()
    (systems / "shop" / "manifest.toml").write_text("name = ", encoding="utf-8")
    write(ENTRY)
    of_shop = changed(changed(ENTRY, ["name"], "warm-start"), ["system"], "shop")

    catalogue = read_catalogue(write(of_shop, "warm-start"), systems)

    assert list(catalogue) == ["cold-start"]
    assert "it cannot be used" in catalogue.unreadable["warm-start"]
    assert "manifest.toml: not valid TOML" in catalogue.unreadable["warm-start"]


def test_the_list_names_what_cannot_be_used(write, monkeypatch, tmp_path):
    write(ENTRY)
    directory = write("name: [", "warm-start")
    monkeypatch.setattr(fault, "read_catalogue", lambda: read_catalogue(directory))

    shown = CliRunner().invoke(fault.command, ["list", "--state-dir", str(tmp_path / "state")])

    assert shown.exit_code == 0
    assert "The first request is slow" in shown.output
    assert "warm-start cannot be used: " in shown.output
