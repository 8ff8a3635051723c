"""Renders the configuration files of Prometheus, Loki, Tempo, Alertmanager and Grafana for one lab.

The files in `observability/` and `grafana/` are written for containers: servers call each other by name, paths are
those of the images. A stack that runs them elsewhere gets a copy in which a table says what stands for what. An address
or path of a container that the table does not know is an error, so that nothing half rendered is ever started.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.paths import REPOSITORY, StateDirectory
from lab.ports import HOST, LabPorts, url
from lab.stacks.stack import StackOptions, StackUnavailable

#: The folders and files that are rendered, relative to the repository; the copy has the same tree.
SOURCES = (
    "observability/prometheus",
    "observability/loki",
    "observability/tempo",
    "observability/alertmanager",
    "grafana/provisioning",
    "grafana/dashboards",
    "grafana/grafana.ini",
)
RULES = Path("observability/prometheus/rules")
#: Containers scrape what this folder lists; elsewhere the lab itself says what there is (lab/stacks/targets.py).
CONTAINER_TARGETS = Path("observability/prometheus/targets")
#: What promtool reads, and no server.
_TESTS = Path("observability/prometheus/tests")

_PARSED_SUFFIXES = (".yml", ".yaml", ".json")
_RENDERED_SUFFIXES = (*_PARSED_SUFFIXES, ".ini")

#: The containers' name -> the name of its port in LabPorts. Services of systems are called as in their manifests.
_CONTAINERS = {
    "prometheus": ("prometheus",),
    "loki": ("loki",),
    "tempo": ("tempo", "otlp_grpc", "otlp_http"),
    "alertmanager": ("alertmanager",),
    "alert-inbox": ("alert_inbox",),
    "grafana": ("grafana",),
    "jaeger": ("jaeger",),
    "locust-master": ("locust", "loadtest_metrics"),
}

#: Anything that looks like a container's address or path, known or not.
_LOOKS_LIKE_A_CONTAINER = (
    r"/(?:etc|var/lib)/(?:prometheus|loki|tempo|alertmanager|grafana|lab)\b[\w./*-]*",
    r"(?<![\d.])0\.0\.0\.0\b(?::\d+)?",
    r"(?<![\w.])(?:https?://)?(?:127\.0\.0\.1|localhost):\d+",
)
_LOOKS_LIKE_A_PUBLIC_ADDRESS = r"\bhttps?://(?:127\.0\.0\.1|localhost)\b(?::\d+)?"

#: These mean something in YAML, in a glob pattern or to Grafana's provisioning.
_UNUSABLE_IN_PATHS = set("*?[]{}#,:;\"'\\$%&|<>!`\n")


class ConfigurationError(StackUnavailable):
    """A file cannot be rendered; the message names it and what is wrong."""


class Replacements:
    """Texts and what stands for them. Only whole words are replaced: `tempo:3200` is none in `mytempo:3200`.

    >>> Replacements({"tempo:3200": "127.0.0.1:4200"}).apply("http://tempo:3200/ready, mytempo:3200, tempo:32001")
    'http://127.0.0.1:4200/ready, mytempo:3200, tempo:32001'
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self.table = dict(table)
        # The longest first: /etc/grafana/dashboards before a shorter path that it begins with.
        words = sorted(self.table, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_as_whole_word, words))) if words else re.compile(r"(?!)")

    def apply(self, text: str) -> str:
        # Few texts have any, and plain words are found far faster than a pattern of all of them.
        if not any(word in text for word in self.table):
            return text
        return self._pattern.sub(lambda match: self.table[match[0]], text)

    def unreplaced(self, text: str, suspicious: "re.Pattern[str]") -> list[str]:
        """What looks suspicious beside what is replaced."""
        # The blank keeps the pieces before and after a replacement from making a new word.
        return suspicious.findall(self._pattern.sub(" ", text)) if suspicious.search(text) else []


def public_addresses(options: StackOptions) -> Replacements:
    """What a browser opens: the same with the port offset added."""
    ports = LabPorts()
    shifted = options.ports
    table = {url(getattr(ports, name)): url(getattr(shifted, name)) for name in vars(ports)}
    table |= {url(service.port): url(options.service_port(service)) for _, service in options.services()}
    return Replacements(table)


def local_addresses(options: StackOptions) -> Replacements:
    """Everything for servers that run as plain processes of this machine: addresses of either kind, and paths."""
    directory, ports = options.directory, options.ports
    table = public_addresses(options).table
    for container, names in _CONTAINERS.items():
        for name in names:
            table[f"{container}:{getattr(LabPorts(), name)}"] = f"{HOST}:{getattr(ports, name)}"
    for _, service in options.services():
        table[f"{service.name}:{service.port}"] = f"{HOST}:{options.service_port(service)}"
    table |= {
        f"0.0.0.0:{LabPorts().otlp_grpc}": f"{HOST}:{ports.otlp_grpc}",
        f"0.0.0.0:{LabPorts().otlp_http}": f"{HOST}:{ports.otlp_http}",
        "0.0.0.0": HOST,
        # Within their containers Loki and Tempo call themselves over gRPC.
        f"{HOST}:{LabPorts().loki_grpc}": f"{HOST}:{ports.loki_grpc}",
        f"{HOST}:{LabPorts().tempo_grpc}": f"{HOST}:{ports.tempo_grpc}",
    }
    rendered, data = directory.configuration, directory.data
    paths = {
        "/etc/prometheus": rendered / "observability/prometheus",
        "/prometheus": data / "prometheus",
        "/var/lib/lab/targets": directory.targets,
        "/etc/loki": rendered / "observability/loki",
        "/var/lib/loki": data / "loki",
        "/etc/tempo": rendered / "observability/tempo",
        "/var/lib/tempo": data / "tempo",
        "/etc/alertmanager": rendered / "observability/alertmanager",
        "/alertmanager": data / "alertmanager",
        "/etc/grafana/provisioning": rendered / "grafana/provisioning",
        "/etc/grafana/dashboards": rendered / "grafana/dashboards",
        "/var/lib/grafana": data / "grafana",
    }
    _require_usable(directory)
    return Replacements(table | {container: str(local) for container, local in paths.items()})


def render(
    directory: StateDirectory,
    replacements: Replacements,
    wanted: Callable[[Path], bool] = lambda path: True,
    source: Path = REPOSITORY,
) -> None:
    """Writes the copy of `source` into the state directory, in place of the one of an earlier lab.

    `wanted` chooses files by their path relative to the source. Raises ConfigurationError; then nothing is written."""
    rendered = {
        path.relative_to(source): render_file(path, replacements)
        for name in SOURCES
        for path in (source / name, *sorted((source / name).rglob("*")))
        if path.is_file() and path.suffix in _RENDERED_SUFFIXES and _is_for_servers(path.relative_to(source), wanted)
    }
    shutil.rmtree(directory.configuration, ignore_errors=True)
    for path, content in rendered.items():
        destination = directory.configuration / path
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_text(content, encoding="utf-8")


def render_file(path: Path, replacements: Replacements) -> str:
    """One file's text with everything replaced, comments included. Raises ConfigurationError.

    What is looked for afterwards depends on the table: where it has no container names, those are meant to stay."""
    try:
        text = path.read_text(encoding="utf-8")
        rendered = replacements.apply(text)
        before = _parse(path, text)
        after = before if rendered == text else _parse(path, rendered)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    suspicious = _suspicious(replacements)
    for value in _strings(before):
        left = replacements.unreplaced(value, suspicious)
        if left:
            raise ConfigurationError(
                f"{path}: {left[0]!r} in {value!r} is written for containers, and nothing says what stands for it "
                "here. Write it as the table in lab/stacks/configuration.py has it, or add it there"
            )
    if [replacements.apply(value) for value in _strings(before)] != list(_strings(after)):
        raise ConfigurationError(f"{path}: a replaced address or path changes what the file means; quote it there")
    return rendered


def _is_for_servers(path: Path, wanted: Callable[[Path], bool]) -> bool:
    return not path.is_relative_to(_TESTS) and wanted(path)


def _as_whole_word(text: str) -> str:
    # A path is none behind another one's part (/etc/prometheus has no /prometheus) or an address (host/prometheus).
    before = r"(?<![\w./-])" if text.startswith("/") else r"(?<![\w.-])"
    return before + re.escape(text) + r"(?![\w-]|\.\w|:\d)"


def _suspicious(replacements: Replacements) -> "re.Pattern[str]":
    if not any(text.startswith("/") for text in replacements.table):
        return re.compile(_LOOKS_LIKE_A_PUBLIC_ADDRESS)
    hosts = "|".join({text.partition(":")[0] for text in replacements.table if re.match(r"[a-z-]+:\d", text)})
    addresses = rf"(?<![\w.-])(?:{hosts}):\d+|(?<=//)(?:{hosts})\b"
    return re.compile("|".join((*_LOOKS_LIKE_A_CONTAINER, addresses)))


def _parse(path: Path, text: str) -> Any:
    if path.suffix == ".json":
        return json.loads(text)
    if path.suffix in _PARSED_SUFFIXES:
        return yaml.load(text, Loader=_YamlLoader)
    # Of an .ini file every line that is no comment counts.
    return [line for line in text.splitlines() if not line.lstrip().startswith((";", "#"))]


#: The one in C where PyYAML has it: ten times as fast.
_YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _strings(content: Any) -> Iterator[str]:
    """Every string of a parsed file, keys included, in their order."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _strings(key)
            yield from _strings(value)
    elif isinstance(content, list):
        for value in content:
            yield from _strings(value)


def _require_usable(directory: StateDirectory) -> None:
    unusable = sorted(_UNUSABLE_IN_PATHS.intersection(str(directory.root)))
    if unusable:
        raise ConfigurationError(
            f"the state directory {directory.root} has {' '.join(unusable)} in its path, which the servers' "
            "configuration files cannot take. Choose another place with --state-dir"
        )
