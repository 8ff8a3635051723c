"""The workshop's pages: every command line is one that the lab accepts, every query parses and names what exists, and
the plans have room for the exercises that they name."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from itertools import pairwise
from pathlib import Path

import click
import pytest

from grafana.query_catalogue import TRACE_ID, Query
from lab.cli import main
from lab.exercises.loader import read_exercises
from lab.incidents.recording import FORMAT, read_recording
from lab.paths import REPOSITORY
from telemetry_store.logs.query_language.parser import parse as parse_logql
from telemetry_store.metrics.query_language.parser import parse as parse_promql
from telemetry_store.traces.query_language.parser import parse as parse_traceql
from tests.unit.docs.cheat_sheet import cheat_sheet_queries
from tests.unit.queries.promql_names import PromqlNames
from tests.unit.queries.sources import emitted, metrics
from tests.unit.queries.trace_and_log_names import logql_problems, traceql_problems

WORKSHOP = REPOSITORY / "docs/workshop"
PAGES = sorted(WORKSHOP.glob("*.md"))

QUERIES = cheat_sheet_queries()
PARSERS = {"promql": parse_promql, "logql": parse_logql, "traceql": parse_traceql}

#: What a learner's machine has besides the lab.
OTHER_PROGRAMS = {"curl", "grep", "mv", "echo"}


def command_lines(page: Path) -> list[str]:
    """Every line of the page's `sh` blocks, and every `python3 lab …` within a sentence."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    sentences = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [*lines, *re.findall(r"`(python3(?:\.\d+)? lab [^`]+)`", sentences)]


LINES = [pytest.param(line, id=f"{page.stem}: {line}") for page in PAGES for line in dict.fromkeys(command_lines(page))]


def accept(arguments: list[str]) -> click.Command:
    """The command that these arguments mean, after click has read and checked all of them."""
    group, context = main, click.Context(main, info_name="lab")
    while True:
        name, command, arguments = group.resolve_command(context, arguments)
        assert command is not None
        context = command.make_context(name, list(arguments), parent=context)
        if not isinstance(command, click.Group):
            return command
        group, arguments = command, [*context._protected_args, *context.args]


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_is_accepted(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the repository were here: a folder that an earlier line of the page makes is beside it.
    (tmp_path / "for-the-class").mkdir()
    (tmp_path / "glasshouse").mkdir()
    monkeypatch.chdir(tmp_path / "glasshouse")
    words = shlex.split(line)
    if re.fullmatch(r"python3(\.\d+)?", words[0]):
        assert words[1] == "lab"
        accept(words[2:])
    else:
        assert words[0] in OTHER_PROGRAMS


def test_a_command_with_an_unknown_option_or_value_is_not_accepted() -> None:
    for arguments in (["up", "--detached"], ["incident", "start", "--seed", "1", "--task", "guess"], ["exercises"]):
        with pytest.raises(click.UsageError):
            accept(arguments)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_of_the_cheat_sheet_parses(query: Query) -> None:
    if query.kind != "trace":
        PARSERS[query.language](query.text.replace(TRACE_ID, "0" * 32))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_of_the_cheat_sheet_names_what_the_lab_emits(query: Query) -> None:
    if query.language == "promql":
        names = PromqlNames(metrics())
        names.labels_of(query.text)
        assert names.problems == []
    elif query.language == "logql":
        assert logql_problems(query.text, emitted()) == []
    elif query.kind != "trace":
        assert traceql_problems(query.text, emitted()) == []


def test_every_job_of_the_cheat_sheet_is_there_in_each_language() -> None:
    jobs = ("Select", "Filter", "How many", "Quantile", "Group", "Compare", "Top", "Join")
    found = Counter((query.where.split(",")[0], query.language) for query in QUERIES)
    assert [(job, language) for job in jobs for language in PARSERS if not found[job, language]] == []


def plans() -> dict[str, list[tuple[int, int, str]]]:
    """By heading: start, minutes, and what, of every row of a plan."""
    text = (WORKSHOP / "instructor.md").read_text(encoding="utf-8")
    found: dict[str, list[tuple[int, int, str]]] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        rows = re.findall(r"^\| (\d+):(\d\d) \| (\d+) \| ([^|]+) \|", section, re.MULTILINE)
        if rows:
            heading = section.splitlines()[0]
            found[heading] = [(int(h) * 60 + int(m), int(minutes), what) for h, m, minutes, what in rows]
    return found


@pytest.mark.parametrize(("heading", "hours"), [("Half a day: four hours", 4), ("One day: eight hours with lunch", 8)])
def test_a_plan_has_no_gaps_and_ends_in_time(heading: str, hours: int) -> None:
    plan = plans()[heading]
    assert plan[0][0] == 0
    for (start, minutes, what), (following, _, _) in pairwise(plan):
        assert start + minutes == following, what
    assert plan[-1][0] + plan[-1][1] == hours * 60


def test_a_plan_gives_exercises_the_minutes_that_they_take() -> None:
    takes = {exercise.number: exercise.minutes for exercise in read_exercises().values()}
    rows = [row for plan in plans().values() for row in plan if row[2].startswith("Exercise")]
    assert len(rows) >= 10
    for _, minutes, what in rows:
        numbers = [int(number) for number in re.findall(r"\d+", what.split(":")[0])]
        assert sum(takes[number] for number in numbers) <= minutes, what


def test_a_recording_without_its_truth_can_still_be_read(tmp_path: Path) -> None:
    """As the instructor's page hands it out."""
    folder = tmp_path / "for-the-class"
    folder.mkdir()
    (folder / "recording.json").write_text(json.dumps({"format": FORMAT, "start": 100, "end": 200}))
    (folder / "truth.json").write_text("{}\n")
    assert read_recording(folder).truth == {}
