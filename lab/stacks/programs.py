"""The real servers' programs on this machine: where they are, which version, and whether the configuration fits it."""

import os
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.stacks.asking import ask

_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class ServerProgram:
    """One server of the native stack."""

    name: str
    #: What it is called on PATH, the usual name first.
    commands: tuple[str, ...]
    #: What the lab uses it for.
    purpose: str
    #: The oldest version that takes the configuration files in observability/ and grafana/.
    oldest_version: tuple[int, int]
    #: How it is asked for its version.
    version_words: tuple[str, ...] = ("--version",)


SERVER_PROGRAMS = (
    ServerProgram("prometheus", ("prometheus",), "metrics, rules and alerts", (2, 42)),
    ServerProgram("loki", ("loki",), "log lines", (3, 0), ("-version",)),
    ServerProgram("tempo", ("tempo",), "traces", (3, 0), ("-version",)),
    # Debian calls it prometheus-alertmanager.
    ServerProgram("alertmanager", ("alertmanager", "prometheus-alertmanager"), "who is told of an alert", (0, 25)),
    # Until version 11 packages had a program of its own for the server.
    ServerProgram("grafana", ("grafana", "grafana-server"), "dashboards and Explore", (11, 0)),
)


@dataclass(frozen=True)
class FoundProgram:
    """What a search for one program came to."""

    program: ServerProgram
    #: None when it cannot be used.
    path: Path | None
    #: "3.14.0"; empty when it does not say, or was not found.
    version: str = ""
    #: Why it cannot be used, as what follows its name: "is not on PATH".
    problem: str = ""


def find_server(name: str) -> FoundProgram:
    """The first program of that name on PATH that is what it seems."""
    (program,) = (program for program in SERVER_PROGRAMS if program.name == name)
    return _find(program, os.environ.get("PATH", ""))


@cache
def _find(program: ServerProgram, path_variable: str) -> FoundProgram:
    found = [Path(word) for command in program.commands if (word := shutil.which(command, path=path_variable))]
    if not found:
        return FoundProgram(program, None, problem="is not on PATH")
    path = found[0]
    said = ask([str(path), *program.version_words], _ANSWER_SECONDS)
    answer = said.stdout + said.stderr
    # Others have programs called tempo or loki as well.
    if not re.search(rf"\b{program.name}\b.*\bversion\b", answer, re.IGNORECASE):
        problem = f"is on PATH, but {path} does not answer as it when asked its version"
        return FoundProgram(program, None, problem=problem)
    version = re.search(r"version[ :=]*v?((\d+)\.(\d+)(?:\.\d+)?)", answer, re.IGNORECASE)
    shown = version[1] if version else ""
    if version and (int(version[2]), int(version[3])) < program.oldest_version:
        oldest = ".".join(map(str, program.oldest_version))
        return FoundProgram(program, None, shown, f"at {path} is version {shown}, and its configuration needs {oldest}")
    if program.name == "grafana" and grafana_home(path) is None:
        problem = f"at {path} has no home: no folder beside it with conf/defaults.ini and public/; set GF_PATHS_HOME"
        return FoundProgram(program, None, shown, problem)
    return FoundProgram(program, path, shown)


def grafana_home(program: Path) -> Path | None:
    """Where Grafana keeps its pages and defaults: packages, archives and Homebrew each have a place of their own."""
    resolved = program.resolve()
    candidates = [
        *([Path(os.environ["GF_PATHS_HOME"])] if os.environ.get("GF_PATHS_HOME") else []),
        resolved.parent.parent,
        resolved.parent.parent / "share" / "grafana",
        Path("/usr/share/grafana"),
        Path("/opt/homebrew/share/grafana"),
        Path("/usr/local/share/grafana"),
    ]
    for candidate in candidates:
        if (candidate / "conf" / "defaults.ini").is_file() and (candidate / "public").is_dir():
            return candidate
    return None
