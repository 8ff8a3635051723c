"""The newest notifications: their order, their bounds, and the file that outlives the process."""

from __future__ import annotations

import threading
from pathlib import Path

import orjson
import pytest

from alert_inbox.inbox import Inbox
from tests.unit.alert_inbox.messages import message


def numbers(inbox: Inbox, limit: int = 1000) -> list[int]:
    return [int(notification["groupLabels"]["number"]) for notification in inbox.newest(limit)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a directory that is not there yet" / "inbox.jsonl"


def test_the_newest_comes_first_with_the_time_it_arrived(file: Path) -> None:
    inbox = Inbox(file)
    for number in range(3):
        inbox.add(message(number))
    assert numbers(inbox) == [2, 1, 0]
    assert numbers(inbox, limit=2) == [2, 1]
    [newest, *_] = inbox.newest(1)
    received_at = newest.pop("receivedAt")
    assert newest == message(2)
    assert received_at[10] == "T"
    assert received_at.endswith("Z")


def test_notifications_are_there_after_a_restart(file: Path) -> None:
    before = Inbox(file)
    for number in range(3):
        before.add(message(number))
    after = Inbox(file)
    after.add(message(3))
    assert numbers(after) == [3, 2, 1, 0]
    assert numbers(Inbox(file)) == [3, 2, 1, 0]


@pytest.mark.parametrize("torn", [b'{"version": "4", "gro', b"\xff\x00", b"[]\n", b"\n\n", b"null"])
def test_a_torn_line_costs_itself_and_nothing_that_comes_later(file: Path, torn: bytes) -> None:
    Inbox(file).add(message(0))
    with file.open("ab") as written:
        written.write(torn)
    inbox = Inbox(file)
    assert numbers(inbox) == [0]
    inbox.add(message(1))
    assert numbers(Inbox(file)) == [1, 0]


def test_the_oldest_make_room(file: Path) -> None:
    inbox = Inbox(file, max_notifications=3)
    for number in range(10):
        inbox.add(message(number))
    assert numbers(inbox) == [9, 8, 7]
    assert numbers(Inbox(file, max_notifications=3)) == [9, 8, 7]


def test_bytes_are_bounded_as_well(file: Path) -> None:
    inbox = Inbox(file, max_bytes=20_000)
    for number in range(5):
        inbox.add(message(number, externalURL="x" * 8_000))
    assert numbers(inbox) == [4, 3]


def test_the_file_stays_bounded(file: Path) -> None:
    inbox = Inbox(file, max_notifications=3)
    most = 0
    for number in range(50):
        inbox.add(message(number))
        most = max(most, len(file.read_bytes().splitlines()))
    assert most <= 2 * 3
    assert [orjson.loads(line)["groupLabels"]["number"] for line in file.read_bytes().splitlines()[-1:]] == ["49"]


def test_a_file_with_more_than_there_is_room_for_is_cut_at_the_start(file: Path) -> None:
    inbox = Inbox(file)
    for number in range(10):
        inbox.add(message(number))
    assert numbers(Inbox(file, max_notifications=2)) == [9, 8]
    assert len(file.read_bytes().splitlines()) == 2


def test_a_failing_disk_costs_only_the_copy_until_it_works_again(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = Inbox(file)
    inbox.add(message(0))
    aside = file.rename(file.with_suffix(".aside"))
    file.mkdir()
    inbox.add(message(1))
    assert numbers(inbox) == [1, 0]
    assert inbox.failure == f"{file} cannot be written: Is a directory"
    assert capsys.readouterr().err == inbox.failure + "\n"
    file.rmdir()
    inbox.add(message(2))
    assert inbox.failure is None
    assert numbers(Inbox(file)) == [2, 1, 0]
    assert aside.exists()


def test_a_file_that_cannot_be_used_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OSError, match="taken"):
        Inbox(tmp_path / "taken" / "inbox.jsonl")


def test_nothing_is_lost_when_several_threads_add(file: Path) -> None:
    inbox = Inbox(file, max_notifications=100)
    adding = [
        threading.Thread(target=lambda begin=begin: [inbox.add(message(begin + n)) for n in range(25)])
        for begin in range(0, 100, 25)
    ]
    for thread in adding:
        thread.start()
    for thread in adding:
        thread.join()
    assert sorted(numbers(inbox)) == list(range(100))
    assert numbers(Inbox(file, max_notifications=100)) == numbers(inbox)
