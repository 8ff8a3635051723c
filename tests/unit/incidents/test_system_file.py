"""What incidents need to know of a system: its file is checked, and says only what is true of the system."""

import json
import re
from dataclasses import replace
from pathlib import Path

import promql_parser
import pytest
import yaml
from click.testing import CliRunner

from lab.commands.incident import command
from lab.faults.catalogue import WINDOW, Catalogue
from lab.faults.repairs import ACTIONS
from lab.incidents.labels import component_label, labels_of
from lab.incidents.system_file import NoIncidents, SystemIncidents, has_incidents, read_system_incidents
from lab.manifest import discover
from lab.paths import REPOSITORY, SYSTEMS
from tests.unit.incidents.systems import ABOUT, CHAIN

every_system = pytest.mark.parametrize("about", ABOUT.values(), ids=ABOUT.keys())


def files_of(about: SystemIncidents) -> list[Path]:
    """The source of its services, and of what all services share."""
    folders = {service.module.replace(".", "/") for service in about.system.services}
    # A system may have more than its services in a folder of its own.
    folders |= {folder.rpartition("/")[0] for folder in folders if "/" in folder}
    return [path for folder in (*folders, "observability") for path in (REPOSITORY / folder).rglob("*.py")]


@every_system
def test_every_query_can_be_asked(about: SystemIncidents) -> None:
    for indicator in about.indicators:
        promql_parser.parse(indicator.query.replace(WINDOW, "10s"))


@every_system
def test_what_a_repair_is_judged_by_begins_with_objectives(about: SystemIncidents) -> None:
    assert [one.name for one in about.indicators if one.is_objective] == [
        "requests that fail",
        "requests that take longer than 500 ms",
    ]


@every_system
def test_no_indicator_could_be_taken_for_another(about: SystemIncidents) -> None:
    names = [one.name for one in about.indicators]
    mistaken = [
        (one.name, name) for one in about.indicators if one.label for name in names if name.startswith(f"{one.name} ")
    ]
    assert mistaken == []


@every_system
def test_every_behaviour_it_names_is_one_that_services_follow(about: SystemIncidents) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in files_of(about))
    followed = set(re.findall(r"\b(?:on_change|value)\(\"([a-z-]+)\"", source)) | set(
        re.findall(r"^_?[A-Z_]*FLAG = \"([a-z-]+)\"", source, re.MULTILINE)
    )
    named = {one.flag for one in (*about.harmless, *about.moments.values())}
    assert named - followed == set()


@every_system
def test_what_is_always_suspected_could_be_the_answer(about: SystemIncidents, catalogue: Catalogue) -> None:
    labels, suspect = labels_of(catalogue, about), about.usual_suspect
    assert component_label(suspect.component) in labels.components
    assert suspect.kind in labels.kinds


@every_system
def test_what_mends_a_fault_can_be_done(about: SystemIncidents, catalogue: Catalogue) -> None:
    labels = labels_of(catalogue, about)
    mended = {
        (fault.name, repair.action, repair.target)
        for fault in catalogue.values()
        if fault.system == about.system.name
        for values in (
            [{**fault.defaults, name: choice} for name, one in fault.parameters.items() for choice in one.choices]
            or [fault.defaults]
        )
        for repair in fault.repair_with(values)
    }
    refused = [
        (fault, action, target)
        for fault, action, target in mended
        for targets in [labels.targets(action) if action in labels.actions else []]
        if isinstance(targets, list) and target not in targets
    ]
    assert mended
    assert refused == []


def test_an_action_of_one_system_is_none_of_another() -> None:
    assert {"flush-cache", "rebuild-index"} <= set(CHAIN.actions) == set(ACTIONS)
    assert set(replace(CHAIN, moments={}).actions) == set(ACTIONS) - {"flush-cache", "rebuild-index"}


def test_a_system_without_the_file_has_no_incidents(tmp_path: Path) -> None:
    system = discover()["chain"]
    assert not has_incidents(system, tmp_path)
    with pytest.raises(NoIncidents, match="there are no incidents of chain: it has no "):
        read_system_incidents(system, tmp_path)


VISITS = {"query": "sum(rate(a_total[{window}]))", "factor": 2, "least_rise": 5}
FAILING = {"name": "failing", "query": "sum(b)", "most": 0.01}
SUSPECT = {"service": "backend", "component": "cache", "kind": "cache_unavailable", "victims": ["frontend"]}
SMALL = {"visits": VISITS, "indicators": [FAILING], "usual_suspect": SUSPECT}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"visits": VISITS, "indicators": [FAILING]}, "'usual_suspect' is missing"),
        ({**SMALL, "colour": "red"}, "'colour' is not known here"),
        ({**SMALL, "visits": {**VISITS, "query": "rate(a_total[5m])"}}, "a range of its own: write \\[{window}\\]"),
        ({**SMALL, "indicators": [FAILING, FAILING]}, "there is an indicator 'failing' already"),
        ({**SMALL, "indicators": [{**FAILING, "name": "up of"}]}, "there is an indicator 'up of' already"),
        ({**SMALL, "indicators": [{**FAILING, "factor": 2}]}, "either 'most' or 'factor'"),
        ({**SMALL, "indicators": [{"name": "failing", "query": "b"}]}, "either 'most' or 'factor'"),
        ({**SMALL, "indicators": [{**FAILING, "least_rise": 2}]}, "this belongs to 'factor'"),
        ({**SMALL, "actions": {"restart": {}}}, "there can be: rebuild-index, flush-cache"),
        ({**SMALL, "actions": {"rebuild-index": {"flag": "f", "seconds": 1, "says": "s"}}}, "'targets' is missing"),
        (
            {**SMALL, "harmless": [{"name": name, "says": "s", "flag": "f", "values": {}} for name in "ab"]},
            "the same flag",
        ),
        ({**SMALL, "usual_suspect": {**SUSPECT, "service": "nobody"}}, "expected one of frontend, backend, database"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(content: object, problem: str, tmp_path: Path) -> None:
    (tmp_path / "chain").mkdir()
    (tmp_path / "chain/incidents.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(NoIncidents, match=rf"chain/incidents\.yaml:\d+: .*{problem}"):
        read_system_incidents(discover()["chain"], tmp_path)


def test_the_file_is_where_it_is_looked_for() -> None:
    assert sorted(path.parent.name for path in SYSTEMS.glob("*/incidents.yaml")) == sorted(ABOUT)


def test_labels_are_those_of_the_system_that_is_asked_for(tmp_path: Path) -> None:
    for name, about in ABOUT.items():
        told = CliRunner().invoke(command, ["labels", "--system", name, "--json", "--state-dir", str(tmp_path)])
        labels = json.loads(told.output)
        assert labels["services"] == [*(service.name for service in about.system.services), "visitors"]
        assert list(labels["actions"]) == about.actions
