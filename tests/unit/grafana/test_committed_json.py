"""The JSON that Grafana is provisioned with is what the code says, and nothing in it is unknown to Grafana's schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.source.__main__ import main
from grafana.source.catalog import DIRECTORY_OF_JSON, rendered
from grafana.source.directory import DIRECTORY

UIDS = sorted(DIRECTORY)


def test_the_committed_dashboards_agree_with_their_code(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--check"])

    assert (code, capsys.readouterr().err) == (0, "")


def test_check_says_which_file_differs_and_which_has_no_code(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in DIRECTORY_OF_JSON.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("grafana.source.__main__.DIRECTORY_OF_JSON", tmp_path)
    monkeypatch.setattr("grafana.source.catalog.DIRECTORY_OF_JSON", tmp_path)
    (tmp_path / "chain-slo.json").write_text("{}\n", encoding="utf-8")
    (tmp_path / "left-over.json").write_text("{}\n", encoding="utf-8")

    assert main(["--check"]) == 1
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == ["chain-slo.json", "left-over.json"]

    assert main([]) == 0
    assert main(["--check"]) == 0
    assert not (tmp_path / "left-over.json").exists()


def test_every_dashboard_of_the_directory_is_built_and_no_other() -> None:
    assert sorted(path.stem for path in rendered()) == UIDS


@pytest.mark.parametrize("uid", UIDS)
def test_the_file_is_named_for_its_uid_and_titled_as_in_the_directory(
    uid: str, dashboards: dict[str, dict[str, Any]]
) -> None:
    board = dashboards[uid]

    assert (board["uid"], board["title"]) == (uid, DIRECTORY[uid].title)
    assert {"glasshouse", DIRECTORY[uid].tag} <= set(board["tags"])
    assert "id" not in board, "an id would be that of one Grafana's database"


@pytest.mark.parametrize("uid", UIDS)
def test_nothing_is_lost_on_the_way_through_grafanas_own_schema(
    uid: str, dashboards: dict[str, dict[str, Any]]
) -> None:
    """foundation-sdk's models are generated from Grafana's schemas: a key they do not know would be gone."""
    board = dashboards[uid]

    read = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))

    assert list(_lost(board, read)) == []


def _lost(ours: Any, read: Any, path: str = "") -> Any:
    """Places at which `read` lacks something of `ours`; what the schema adds as defaults does not matter."""
    if isinstance(ours, dict) and isinstance(read, dict):
        for key, value in ours.items():
            if key not in read:
                yield f"{path}/{key}"
            else:
                yield from _lost(value, read[key], f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(read, list) and len(ours) == len(read):
        for number, (mine, theirs) in enumerate(zip(ours, read, strict=True)):
            yield from _lost(mine, theirs, f"{path}[{number}]")
    elif ours != read:
        yield f"{path}: {ours!r} became {read!r}"
