"""What serves every system names none of them, and the chain knows of no other: what is a system's own stands in its
folder, and in data that is named after it (rules, dashboards, faults, exercises, a load test)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.manifest import DEFAULT_SYSTEM, System, discover
from lab.paths import REPOSITORY

OTHERS = [system for system in discover().values() if system.name != DEFAULT_SYSTEM]
CHAIN = discover()[DEFAULT_SYSTEM]

SHARED = (
    *("lab", "observability", "feature_flags", "telemetry_store", "workbench", "workshop", "alert_inbox"),
    *("loadtest/asking.py", "loadtest/metrics.py", "loadtest/report.py"),
)
OF_THE_CHAIN = (*(service.module for service in CHAIN.services), "loadtest/chain.py", "systems/chain")
SOURCE = frozenset((".py", ".js", ".html", ".css", ".toml"))

#: Where a system is named all the same, and why nothing else would do.
KNOWN = {
    "lab/bootstrap.py": "which groups of packages are a system's, before anything that reads a manifest is there",
    "lab/commands/test.py": "the folders that linters are given",
    "lab/exercises/personal.py": "where the systems are entered, as texts of exercises name it",
    "lab/exercises/exercise.py": "the title of the part of the path that leads through it",
}


def sources(*places: str) -> Iterator[Path]:
    for place in places:
        path = REPOSITORY / place
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (one for one in found if one.suffix in SOURCE and one.is_file())


def names_of(system: System) -> re.Pattern[str]:
    """The system, its services, and whatever begins with its name, such as its metrics; but no function that happens to
    be called so."""
    names = [system.name, *(service.name for service in system.services)]
    both = {form for name in names for form in (name, name.replace("-", "_"))}
    return re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(both))})(?![a-z(-])", re.IGNORECASE)


def named_in(pattern: re.Pattern[str], *places: str) -> dict[str, list[str]]:
    found = {}
    for path in sources(*places):
        if said := pattern.findall(path.read_text(encoding="utf-8")):
            found[str(path.relative_to(REPOSITORY))] = said
    return found


@pytest.mark.parametrize("system", OTHERS, ids=lambda system: system.name)
def test_what_serves_every_system_names_none(system: System) -> None:
    assert named_in(names_of(system), *SHARED).keys() == KNOWN.keys()


@pytest.mark.parametrize("system", OTHERS, ids=lambda system: system.name)
def test_the_chain_knows_of_no_other_system(system: System) -> None:
    assert named_in(names_of(system), *OF_THE_CHAIN) == {}


@pytest.mark.parametrize("system", OTHERS, ids=lambda system: system.name)
def test_a_system_finds_itself_by_these_names(system: System) -> None:
    # Who looks for nothing finds nothing.
    found = named_in(names_of(system), f"systems/{system.name}")
    assert len(found) > len(system.services)
