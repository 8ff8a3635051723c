"""A learner's folder: made once, never written over, kept when something is begun anew."""

import dataclasses

import pytest

from lab.exercises.services.workspace import Workspace, WorkspaceError


@pytest.fixture
def shop(service, tmp_path):
    folder = tmp_path / "exercises" / "90-shop"
    (folder / "service").mkdir(parents=True)
    (folder / "service" / "app.py").write_text("# as it is\n")
    return dataclasses.replace(service, folder=folder)


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "mine", "ada")


def test_the_service_is_copied_once_and_what_was_written_stays(workspace, shop, tmp_path):
    file = workspace.prepare(shop) / "app.py"
    assert file == tmp_path / "mine" / "ada" / "90-shop" / "app.py"
    assert file.read_text() == "# as it is\n"

    file.write_text("# mine\n")
    (file.parent / "notes.txt").write_text("mine as well\n")

    assert workspace.prepare(shop) == workspace.existing(shop) == file.parent
    assert file.read_text() == "# mine\n"


def test_a_folder_without_the_file_gets_it_and_keeps_the_rest(workspace, shop):
    folder = workspace.folder(shop)
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine\n")

    workspace.prepare(shop)

    assert {file.name for file in folder.iterdir()} == {"app.py", "notes.txt"}


def test_what_is_put_aside_is_kept_each_time(workspace, shop):
    for text in ("# first\n", "# second\n"):
        (workspace.prepare(shop) / "app.py").write_text(text)
        workspace.put_aside(shop)

    kept = sorted(workspace.folder(shop).parent.iterdir())
    assert [folder.name for folder in kept] == ["90-shop.before-1", "90-shop.before-2"]
    assert [(folder / "app.py").read_text() for folder in kept] == ["# first\n", "# second\n"]
    assert workspace.put_aside(shop) is None


def test_before_a_start_it_says_how_to_begin(workspace, shop):
    with pytest.raises(
        WorkspaceError, match=r"there is no .*app\.py; put it there with: python3 lab exercise start 90"
    ):
        workspace.existing(shop)


def test_a_place_that_cannot_be_written_is_told_with_another(shop, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkspaceError, match="LAB_SERVICES_DIR names another place"):
        Workspace(tmp_path / "file", "ada").prepare(shop)


@pytest.mark.parametrize("learner", ["../../etc", "a/b", "", "..", "Ada Lovelace"])
def test_whatever_a_learner_is_called_the_folder_is_below_the_others(shop, tmp_path, learner):
    folder = Workspace(tmp_path / "mine", learner).folder(shop)

    assert folder.resolve().parent.parent == (tmp_path / "mine").resolve()


def test_the_environment_says_where(monkeypatch, shop, tmp_path):
    monkeypatch.setenv("LAB_SERVICES_DIR", str(tmp_path / "elsewhere"))

    assert Workspace.of("ada").folder(shop) == tmp_path / "elsewhere" / "ada" / "90-shop"
