"""Files that name what to scrape: their content, and what happens when they change, come, go or break."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from telemetry_store.metrics.targets import TargetFiles, format_prometheus_duration, parse_targets
from telemetry_store.refusals import BadRequest


def write(file: Path, *addresses: str, **labels: str) -> None:
    """Replaces a file as a program should: at once."""
    other = file.with_suffix(".new")
    other.write_text(json.dumps([{"targets": list(addresses), "labels": labels}]))
    other.replace(file)


def addresses(files: TargetFiles) -> list[str]:
    return [target.address for target in files.read()]


def test_files_of_all_patterns_may_come_and_go(tmp_path: Path) -> None:
    files = TargetFiles([str(tmp_path / "fixed.json"), str(tmp_path / "more" / "*.json")])
    assert addresses(files) == []
    write(tmp_path / "fixed.json", "a:1")
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "loadtest.json", "b:2", "c:3")
    assert addresses(files) == ["a:1", "b:2", "c:3"]
    paths = {target.address: dict(target.discovered)["__meta_filepath"] for target in files.read()}
    assert paths["a:1"] == str(tmp_path / "fixed.json")
    assert paths["b:2"] == str(tmp_path / "more" / "loadtest.json")
    write(tmp_path / "more" / "loadtest.json", "b:2", "d:4")
    assert addresses(files) == ["a:1", "b:2", "d:4"]
    (tmp_path / "more" / "loadtest.json").unlink()
    assert addresses(files) == ["a:1"]
    assert list(files.modified()) == [str(tmp_path / "fixed.json")]


def test_a_broken_file_keeps_its_own_targets_and_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = TargetFiles([str(tmp_path / "*.json")])
    write(tmp_path / "a.json", "a:1")
    write(tmp_path / "b.json", "b:2")
    assert addresses(files) == ["a:1", "b:2"]
    (tmp_path / "b.json").write_text('[{"targets": ["b:2"')
    write(tmp_path / "a.json", "a:9")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert addresses(files) == ["a:9", "b:2"]
    (message,) = caplog.messages
    assert str(tmp_path / "b.json") in message
    assert message.endswith("its targets stay as they were")
    assert files.read_errors == 1
    write(tmp_path / "b.json", "b:3")
    assert addresses(files) == ["a:9", "b:3"]
    (tmp_path / "b.json").write_text("broken again")
    (tmp_path / "b.json").unlink()
    assert addresses(files) == ["a:9"]


def test_a_target_that_a_second_file_names_as_well_is_one(tmp_path: Path) -> None:
    files = TargetFiles([str(tmp_path / "*.json")])
    write(tmp_path / "a.json", "a:1", job="chain")
    write(tmp_path / "b.json", "a:1", job="chain")
    (before,) = files.read()
    (tmp_path / "b.json").unlink()
    (after,) = files.read()
    assert before == after
    assert dict(after.discovered)["__meta_filepath"] == str(tmp_path / "a.json")


def test_a_targets_file_gives_its_targets_once_each(tmp_path: Path) -> None:
    content = (
        b'[{"targets": ["127.0.0.1:1", "127.0.0.1:2"], "labels": {"job": "chain", "service": "a"}},'
        b' {"targets": ["127.0.0.1:1"], "labels": {"job": "chain", "service": "a"}},'
        b' {"targets": ["h:3"], "labels": {"__metrics_path__": "/m", "__scheme__": "https"}}]'
    )
    (tmp_path / "targets.json").write_bytes(content)
    first, second, third = TargetFiles([str(tmp_path / "targets.json")]).read()
    assert first.url == "http://127.0.0.1:1/metrics"
    assert first.labels == (("instance", "127.0.0.1:1"), ("job", "chain"), ("service", "a"))
    assert second.address == "127.0.0.1:2"
    assert (third.url, third.labels) == ("https://h:3/m", (("instance", "h:3"), ("job", "file_sd")))


def test_a_target_can_have_a_scheme_parameters_and_an_interval_of_its_own() -> None:
    content = (
        b'[{"targets": ["h"], "labels": {"__scheme__": "https", "__param_b": "x y", "__param_a": "1",'
        b' "__scrape_interval__": "1m30s", "__scrape_timeout__": "500ms", "empty": ""}}]'
    )
    (target,) = parse_targets(content, "targets.json")
    assert target.url == "https://h:443/metrics?a=1&b=x+y"
    assert target.labels == (("instance", "h:443"), ("job", "file_sd"))
    assert (target.interval_seconds, target.timeout_seconds) == (90.0, 0.5)
    assert dict(target.discovered)["__address__"] == "h"
    assert [format_prometheus_duration(seconds) for seconds in (90, 0.5, 5, 3600)] == ["1m30s", "500ms", "5s", "1h"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'[{"targets": 5}]',
        b'[{"targets": ["http://x/metrics"]}]',
        b'[{"targets": ["h:1"], "labels": {"__scrape_interval__": "soon"}}]',
        b"\xff",
    ],
)
def test_a_targets_file_that_is_broken_is_named(content: bytes) -> None:
    with pytest.raises(BadRequest, match=r"targets\.json"):
        parse_targets(content, "targets.json")
