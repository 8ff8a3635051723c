"""The solution of an exercise, and versions of it."""

from pathlib import Path

from lab.exercises.services.description import Service, Version

#: The file that is instrumented.
FILE_NAME = "app.py"


def solution_text(service: Service) -> str:
    return (service.folder / "solution" / FILE_NAME).read_text(encoding="utf-8")


def write_version(service: Service, version: Version, folder: Path) -> None:
    """Writes the solution with the version's changes as a learner would have it."""
    text = solution_text(service)
    for before, after in version.changes:
        text = text.replace(before, after)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
