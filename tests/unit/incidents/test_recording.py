"""Recordings on disk, and their export; nothing here needs a lab."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lab.faults.catalogue import Catalogue
from lab.incidents import remote_write
from lab.incidents.export import ParquetUnavailable, case_name, export_case, next_case, require_parquet
from lab.incidents.recording import Recording, RecordingError, read_recording, record
from lab.incidents.scenario import Scenario, draw
from lab.telemetry_client import TelemetryClient, TelemetryError
from tests.unit.incidents.fakes import BACKENDS
from tests.unit.incidents.systems import CHAIN

START = 1_000.0


def write(folder: Path) -> Recording:
    folder.mkdir()
    calls = {"__name__": "traces_spanmetrics_calls_total", "service": "backend", "span_kind": "SPAN_KIND_SERVER"}
    memory = {"__name__": "process_resident_memory_bytes", "service": "backend", "job": "chain", "instance": "x"}
    series = [
        {"labels": calls, "samples": [[START + at, str(at * 2)] for at in range(0, 61, 5)]},
        {"labels": memory, "samples": [[START + at, "1e8"] for at in range(0, 61, 5)]},
    ]
    line = {"labels": {"service": "backend", "level": "info"}, "time_unix_nano": 10**12, "line": '{"message": "hello"}'}
    span = {
        "traceId": "0" * 31 + "1",
        "spanId": "0" * 15 + "2",
        "name": "backend_get_user",
        "startTimeUnixNano": "1000000000000",
        "endTimeUnixNano": "1000002000000",
        "status": {"code": 2},
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "backend"}}]}
    trace = {"trace_id": "1", "resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    truth = {"faults": [{"onset": START + 30.4}]}
    for name, lines in (("metrics.jsonl", series), ("logs.jsonl", [line]), ("traces.jsonl", [trace])):
        (folder / name).write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    (folder / "truth.json").write_text(json.dumps(truth), "utf-8")
    (folder / "recording.json").write_text(json.dumps({"format": 1, "start": START, "end": START + 60}), "utf-8")
    return read_recording(folder)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def scenario(catalogue: Catalogue) -> Scenario:
    return next(one for seed in range(1, 9) if (one := draw(seed, "easy", "analyse", catalogue, CHAIN)).faults)


def test_a_case_has_every_file_of_the_layout(scenario: Scenario, tmp_path: Path) -> None:
    folder = tmp_path / "out" / case_name(scenario) / "1"
    export_case(write(tmp_path / "recording"), scenario, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "inject_time.txt",
        "logs.csv",
        "metrics.csv",
        "simple_metrics.csv",
        "timeline.json",
        "traces.csv",
        "truth.json",
    ]
    assert (folder / "inject_time.txt").read_text("utf-8") == "1030\n"
    assert (folder / "truth.json").read_bytes() == scenario.as_bytes()
    metrics = rows(folder / "metrics.csv")
    assert [int(row["time"]) for row in metrics] == list(range(1000, 1061))
    assert metrics[7]["backend_process-resident-memory-bytes"] == "100000000.0"
    simple = rows(folder / "simple_metrics.csv")
    assert float(simple[30]["backend_workload"]) == 2.0
    assert simple[0]["backend_workload"] == ""
    [log] = rows(folder / "logs.csv")
    assert (log["container_name"], log["message"], log["timestamp"]) == ("backend", "hello", "1000000000000")
    [span] = rows(folder / "traces.csv")
    assert (span["serviceName"], span["duration"], span["statusCode"]) == ("backend", "2000", "2")


def test_the_folder_of_a_case_is_parted_at_one_underscore(catalogue: Catalogue) -> None:
    names = {case_name(draw(seed, "easy", "analyse", catalogue, CHAIN)) for seed in range(1, 51)}
    assert all(name.count("_") == 1 for name in names)
    assert "none_none" in names


def test_cases_of_one_cause_are_numbered(scenario: Scenario, tmp_path: Path) -> None:
    assert next_case(tmp_path, scenario).name == "1"
    next_case(tmp_path, scenario).mkdir(parents=True)
    assert next_case(tmp_path, scenario).name == "2"


def test_the_same_seed_gives_the_same_bytes_of_truth(scenario: Scenario, tmp_path: Path) -> None:
    recording = write(tmp_path / "recording")
    for number in ("1", "2"):
        export_case(recording, scenario, tmp_path / number)
    assert (tmp_path / "1" / "truth.json").read_bytes() == (tmp_path / "2" / "truth.json").read_bytes()


def test_without_pyarrow_parquet_is_refused_before_anything_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ParquetUnavailable, match="pip install pyarrow"):
        require_parquet()


@pytest.mark.parametrize("missing", ["recording.json", "truth.json"])
def test_half_a_recording_is_none(missing: str, tmp_path: Path) -> None:
    write(tmp_path / "recording")
    (tmp_path / "recording" / missing).unlink()
    with pytest.raises(RecordingError, match=f"there is no {missing}"):
        read_recording(tmp_path / "recording")


def test_what_cannot_be_recorded_leaves_nothing_in_the_way_of_the_next_attempt(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    with TelemetryClient.from_backends(BACKENDS) as client, pytest.raises(TelemetryError):
        record(client, folder, 0, 60, {})
    assert not folder.exists()


def test_a_folder_that_was_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep", "utf-8")
    with TelemetryClient.from_backends(BACKENDS) as client, pytest.raises(RecordingError, match="exists already"):
        record(client, tmp_path, 0, 60, {})
    assert (tmp_path / "mine").read_text("utf-8") == "keep"


def test_remote_write_is_what_the_store_reads() -> None:
    # The telemetry store's own decoder, because it is what takes it.
    from telemetry_store.metrics.remote_write import decode_v1

    body = remote_write.encode(
        [({"service": "b", "__name__": "up"}, [(1_700_000_000_000, 1.5), (1_700_000_005_000, 2.0)])]
    )
    decoded = str(decode_v1(body))
    assert "up" in decoded
    assert "1.5" in decoded
