"""Files of what processes print: bounded, and read from their end."""

import os

from lab.output_file import Follower, last_lines, open_for_process, rotate_if_large


def test_the_last_lines_are_the_last_lines(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("".join(f"line {number}\n" for number in range(30_000)), encoding="utf-8")

    assert last_lines(path, 3) == ["line 29997", "line 29998", "line 29999"]
    assert len(last_lines(path, 20_000)) == 20_000
    assert last_lines(path, 0) == []
    assert last_lines(tmp_path / "absent.log", 3) == []


def test_a_line_ends_where_it_was_ended_and_nowhere_else(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("a\u2028b\x85c\x0c\n\nd", encoding="utf-8")

    assert last_lines(path, 3) == ["a\u2028b\x85c\x0c", "", "d"]
    assert last_lines(path, 1) == ["d"]
    path.write_text("")
    assert last_lines(path, 3) == []


def test_lines_from_before_a_start_are_left_out(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("from the last run\nfrom this run\n", encoding="utf-8")

    assert last_lines(path, 10, since_byte=len("from the last run\n")) == ["from this run"]
    assert last_lines(path, 10, since_byte=10_000) == []


def test_a_large_file_is_cut_and_its_writer_goes_on(tmp_path):
    path = tmp_path / "web.log"
    descriptor = open_for_process(path)
    try:
        for generation in ("first", "second", "third", "fourth"):
            os.write(descriptor, f"{generation} {'x' * 100}\n".encode())
            rotate_if_large(path, largest_bytes=100, older_pieces=2)
        os.write(descriptor, b"after\n")
    finally:
        os.close(descriptor)

    assert path.read_text() == "after\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["web.log", "web.log.1", "web.log.2"]
    assert (tmp_path / "web.log.1").read_text().startswith("fourth")
    assert (tmp_path / "web.log.2").read_text().startswith("third")


def test_a_small_or_absent_file_is_left_alone(tmp_path):
    path = tmp_path / "web.log"
    assert not rotate_if_large(path)
    path.write_text("small\n")
    assert not rotate_if_large(path)
    assert path.read_text() == "small\n"


def test_following_gives_whole_new_lines_only_also_after_a_cut(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("old\n")
    follower = Follower(path)

    with path.open("a") as file:
        file.write("new\nhal")
    assert list(follower.new_lines()) == ["new"]
    with path.open("a") as file:
        file.write("f\n")
    assert list(follower.new_lines()) == ["half"]
    path.write_text("cut\n")
    assert list(follower.new_lines()) == ["cut"]


def test_a_file_that_appears_later_is_followed_from_its_beginning(tmp_path):
    follower = Follower(tmp_path / "web.log")
    assert list(follower.new_lines()) == []
    (tmp_path / "web.log").write_text("first\n")
    assert list(follower.new_lines()) == ["first"]
