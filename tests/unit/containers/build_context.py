"""What `docker build` sees of the repository: everything but what .dockerignore keeps out."""

import shutil
from fnmatch import fnmatch
from pathlib import Path

from lab.paths import REPOSITORY


def let_in(path: str) -> bool:
    """What .dockerignore says of a path: the last pattern that names it, or a folder above it, wins."""
    verdict = True
    for line in (REPOSITORY / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        parts = path.split("/")
        names = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        matched = any(
            fnmatch(name, pattern.lstrip("!")) and name.count("/") == pattern.count("/") for name in names
        ) or (pattern.startswith("**/") and any(fnmatch(part, pattern[3:]) for part in parts))
        if matched:
            verdict = pattern.startswith("!")
    return verdict


def copy_build_context(destination: Path) -> None:
    """What `COPY . .` copies."""
    for path in sorted(REPOSITORY.rglob("*")):
        relative = path.relative_to(REPOSITORY)
        # Never let in, and large.
        if relative.parts[0].startswith(".") or not path.is_file():
            continue
        if let_in(relative.as_posix()):
            (destination / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, destination / relative)
