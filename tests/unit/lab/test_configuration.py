"""Configuration files written for containers, rendered for another place: nothing of a container is left in them."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lab.manifest import discover
from lab.paths import REPOSITORY, StateDirectory
from lab.stacks.configuration import (
    SOURCES,
    ConfigurationError,
    Replacements,
    local_addresses,
    public_addresses,
    render,
    render_file,
)
from lab.stacks.stack import StackOptions

OFFSET = 1000


@pytest.fixture
def options(tmp_path):
    return StackOptions([discover()["chain"]], StateDirectory(tmp_path / "state"), port_offset=OFFSET)


@pytest.fixture
def file(tmp_path):
    """file("a: b\\n"): a configuration file with this text."""

    def write(text, name="some.yml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ("http://tempo:3200", "http://127.0.0.1:4200"),
        ("tempo:4317", "127.0.0.1:5317"),
        ('["alertmanager:9093"]', '["127.0.0.1:10093"]'),
        ("http://alert-inbox:9095/alertmanager", "http://127.0.0.1:10095/alertmanager"),
        ("http://prometheus:9090/api/v1/write", "http://127.0.0.1:10090/api/v1/write"),
        ("database:8003", "127.0.0.1:9003"),
        ("0.0.0.0:4318", "127.0.0.1:5318"),
        ("http_listen_address: 0.0.0.0", "http_listen_address: 127.0.0.1"),
        ("http://127.0.0.1:3000/d/chain-slo?from=now-1h", "http://127.0.0.1:4000/d/chain-slo?from=now-1h"),
        ("http://127.0.0.1:8001/user/123", "http://127.0.0.1:9001/user/123"),
        # Words that only contain what is replaced.
        ("mytempo:3200", "mytempo:3200"),
        ("my-tempo:3200", "my-tempo:3200"),
        ("tempo:32001", "tempo:32001"),
        ("tempo:3200s", "tempo:3200s"),
        ("10.0.0.0:4318", "10.0.0.0:4318"),
        ("0.0.0.0:999", "0.0.0.0:999"),
        ("/api/prometheus", "/api/prometheus"),
        ("/prometheus.d", "/prometheus.d"),
        ("/etc/prometheus-2", "/etc/prometheus-2"),
        # PromQL, LogQL and labels that look a little like it.
        ('{service="tempo"}', '{service="tempo"}'),
        ("service:requests:rate1m", "service:requests:rate1m"),
        ("rate(prometheus_tsdb_head_samples_appended_total[5m:30s])",) * 2,
    ],
)
def test_whole_words_are_replaced_and_nothing_else(options, written, rendered):
    assert local_addresses(options).apply(written) == rendered


def test_paths_lead_into_the_state_directory_the_longest_first(options):
    root = options.directory.root
    apply = local_addresses(options).apply

    assert apply("/etc/prometheus/rules/*.yml") == f"{root}/configuration/observability/prometheus/rules/*.yml"
    assert apply("/prometheus") == f"{root}/data/prometheus"
    assert apply("/var/lib/lab/targets/*.json") == f"{root}/targets/*.json"
    assert apply("path: /var/lib/tempo/wal") == f"path: {root}/data/tempo/wal"
    assert apply("/etc/grafana/dashboards") == f"{root}/configuration/grafana/dashboards"


words = st.text(st.sampled_from("abc.-/:12 "), max_size=12)


@given(before=words, after=words)
def test_what_touches_a_word_on_either_side_protects_it(before, after):
    text = f"{before}tempo:3200{after}"
    stands_alone = not re.search(r"[\w.-]$", before) and not re.match(r"[\w-]|\.\w|:\d", after)

    replaced = Replacements({"tempo:3200": "there"}).apply(text)

    assert replaced == (f"{before}there{after}" if stands_alone else text)


@given(st.lists(st.sampled_from(["a:1", "b:2", "c:3", " ", ",", "/x", "//"]), max_size=12))
def test_a_replacement_is_not_replaced_again(parts):
    text = "".join(parts)
    swap, back = Replacements({"a:1": "b:2", "b:2": "a:1"}), Replacements({"a:1": "b:2", "b:2": "a:1"})

    assert back.apply(swap.apply(text)) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("url: http://prometheus:9091\n", "prometheus:9091"),
        ("url: http://loki/loki/api/v1/push\n", "loki"),
        ("path: /etc/loki2/x\nother: /var/lib/grafana2\n", None),
        ("path: /etc/tempo.d/x\n", "/etc/tempo.d/x"),
        ("path: file:///etc/loki/x\n", "/etc/loki/x"),
        ("listen: 0.0.0.0:9999\n", "0.0.0.0:9999"),
        ("url: http://localhost:3000/d/x\n", "http://localhost:3000"),
        ("url: http://127.0.0.1:12345/\n", "http://127.0.0.1:12345"),
        ("address: 127.0.0.1:7946\n", "127.0.0.1:7946"),
        ("# http://prometheus:9091 in a comment\nfine: yes\n", None),
        ("'http://tempo:9999': a key\n", "tempo:9999"),
        ("list: [[{deep: 'grafana:80'}]]\n", "grafana:80"),
    ],
)
def test_what_is_left_of_a_container_is_named(options, file, text, left):
    path = file(text)
    if left is None:
        render_file(path, local_addresses(options))
        return
    with pytest.raises(ConfigurationError, match=re.escape(f"{path}: {left!r} in ")):
        render_file(path, local_addresses(options))


def test_for_containers_only_public_addresses_change_and_an_unknown_one_is_named(options, file):
    replacements = public_addresses(options)
    text = "a: http://prometheus:9090\nb: http://127.0.0.1:9090/graph\nc: 0.0.0.0:4318\nd: 127.0.0.1:9096\n"

    rendered = render_file(file(text), replacements)

    assert rendered == text.replace("127.0.0.1:9090", "127.0.0.1:10090")
    with pytest.raises(ConfigurationError, match=re.escape("'http://127.0.0.1:9999'")):
        render_file(file("a: http://127.0.0.1:9999/\n"), replacements)


@pytest.mark.parametrize("name", ["my lab", "lab's", "a#b", "50%", "a,b", "[x]", "a: b"])
def test_a_state_directory_that_no_configuration_file_can_name_is_refused_or_taken_right(tmp_path, file, name):
    options = StackOptions([discover()["chain"]], StateDirectory(tmp_path / name))
    path = file("path: /var/lib/tempo/wal\n")
    if name == "my lab":
        rendered = render_file(path, local_addresses(options))
        assert yaml.safe_load(rendered) == {"path": f"{tmp_path}/my lab/data/tempo/wal"}
    else:
        with pytest.raises(ConfigurationError, match="Choose another place with --state-dir"):
            local_addresses(options)


def test_a_file_that_is_no_yaml_is_named(options, file):
    with pytest.raises(ConfigurationError, match=r"some\.yml: cannot be read"):
        render_file(file("a: [1\n"), local_addresses(options))


def test_the_committed_files_are_rendered_without_a_trace_of_a_container(options):
    render(options.directory, local_addresses(options))

    rendered = [path for path in options.directory.configuration.rglob("*") if path.is_file()]
    assert {path.relative_to(options.directory.configuration).parts[:2] for path in rendered} >= {
        ("observability", name) for name in ("prometheus", "loki", "tempo", "alertmanager")
    }
    hosts = "prometheus|loki|tempo|alertmanager|alert-inbox|grafana|frontend|backend|database"
    for path in rendered:
        text = "\n".join(line.split(" #")[0] for line in path.read_text(encoding="utf-8").splitlines())
        text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE).replace(str(options.directory.root), "<state>")
        assert not re.search(rf"(?<![\w<>/.-])(?:{hosts}):\d{{2,5}}\b", text), path
        assert not re.search(r"/var/lib/|/etc/|\b0\.0\.0\.0", text), path
        for port in re.findall(r"http://127\.0\.0\.1:(\d+)", text):
            assert int(port) - OFFSET in {*vars(StackOptions([], options.directory).ports).values(), 8001, 8002, 8003}


def test_the_committed_files_are_rendered_for_containers_with_other_published_ports(options):
    render(options.directory, public_addresses(options))

    for folder in SOURCES:
        for path in (options.directory.configuration / folder).rglob("*.yml"):
            original = (REPOSITORY / path.relative_to(options.directory.configuration)).read_text(encoding="utf-8")
            shifted = re.sub(
                r"http://127\.0\.0\.1:(\d+)", lambda match: f"http://127.0.0.1:{int(match[1]) + OFFSET}", original
            )
            assert path.read_text(encoding="utf-8") == shifted


def test_rendering_again_leaves_nothing_of_the_earlier_lab(options):
    old = options.directory.configuration / "observability" / "old.yml"
    old.parent.mkdir(parents=True)
    old.touch()

    render(options.directory, local_addresses(options), lambda path: "rules" in path.parts)

    rendered = [path for path in options.directory.configuration.rglob("*") if path.is_file()]
    assert rendered
    assert all(path.parent.name == "rules" for path in rendered)


def test_nothing_is_written_when_one_file_is_wrong(options, tmp_path):
    source = tmp_path / "source"
    for folder, text in (("observability/loki", "a: 1\n"), ("observability/tempo", "url: http://loki:1\n")):
        (source / folder).mkdir(parents=True)
        (source / folder / "x.yml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError):
        render(options.directory, local_addresses(options), source=source)

    assert not options.directory.configuration.exists()
