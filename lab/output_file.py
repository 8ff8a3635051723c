"""The files that hold what supervised processes print: bounded, readable at their end, and followable.

Processes write to their file directly, without the supervisor in between: it costs nothing under
load, and goes on should the supervisor die.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

#: A file is cut when it has grown beyond this.
LARGEST_BYTES = 8 * 1024 * 1024
#: Older pieces kept beside it, as NAME.log.1, NAME.log.2.
OLDER_PIECES = 2

_BLOCK_BYTES = 64 * 1024


def open_for_process(path: Path) -> int:
    """A descriptor to hand to a child. Appending matters: after a cut, writing goes on at the new end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)


def rotate_if_large(path: Path, largest_bytes: int = LARGEST_BYTES, older_pieces: int = OLDER_PIECES) -> bool:
    """Copies a large file away and empties it. Its writer keeps its descriptor and notices nothing.

    Lines written between the copy and the cut (microseconds to a few milliseconds) are lost; they
    are in Loki all the same."""
    try:
        if path.stat().st_size <= largest_bytes:
            return False
    except FileNotFoundError:
        return False
    pieces = [path.with_name(f"{path.name}.{number}") for number in range(1, older_pieces + 1)]
    for older, newer in zip(reversed(pieces), reversed(pieces[:-1]), strict=False):
        if newer.exists():
            os.replace(newer, older)
    try:
        shutil.copyfile(path, pieces[0])
    except OSError:
        # A full disk: staying bounded matters more than the older lines.
        pieces[0].unlink(missing_ok=True)
    os.truncate(path, 0)
    return True


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def last_lines(path: Path, count: int, since_byte: int = 0) -> list[str]:
    """Up to `count` lines from the end, none from before `since_byte`; reads backwards, no more than needed."""
    if count <= 0:
        return []
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return []
    with file:
        end = file.seek(0, os.SEEK_END)
        start = min(since_byte, end)
        tail = b""
        position = end
        while position > start and tail.count(b"\n") <= count:
            step = min(_BLOCK_BYTES, position - start)
            position -= step
            file.seek(position)
            tail = file.read(step) + tail
    # Not str.splitlines: to that a line ends at characters, too, that any request can bring into it.
    lines = tail.removesuffix(b"\n").split(b"\n") if tail else []
    return [line.decode("utf-8", errors="replace") for line in lines[-count:]]


class Follower:
    """What is appended to a file from now on, whole lines only; the file may be cut, or not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = size(path)
        self._partial = b""

    def new_lines(self) -> Iterator[str]:
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._position:
                    self._position, self._partial = 0, b""
                file.seek(self._position)
                content = self._partial + file.read()
                self._position = file.tell()
        except FileNotFoundError:
            return
        *lines, self._partial = content.split(b"\n")
        for line in lines:
            yield line.decode("utf-8", errors="replace")


def follow(paths: dict[str, Path], poll_seconds: float = 0.2) -> Iterator[tuple[str, str]]:
    """Endless (name, line) pairs of everything appended to these files from this call on."""
    followers = {name: Follower(path) for name, path in paths.items()}
    return _new_lines_for_ever(followers, poll_seconds)


def _new_lines_for_ever(followers: dict[str, Follower], poll_seconds: float) -> Iterator[tuple[str, str]]:
    while True:
        for name, follower in followers.items():
            for line in follower.new_lines():
                yield name, line
        time.sleep(poll_seconds)
