"""The folder in which a learner instruments a service: a copy that is theirs, and never written over."""

import os
import re
import shutil
from pathlib import Path

from lab.exercises.services.description import Service
from lab.exercises.services.versions import FILE_NAME
from lab.paths import REPOSITORY

#: The environment variable that names the folder with all of them.
SERVICES_VARIABLE = "LAB_SERVICES_DIR"


class WorkspaceError(RuntimeError):
    """A folder is not there or cannot be written; the message says what to do."""


class Workspace:
    """One learner's folders, one for each exercise."""

    def __init__(self, root: Path, learner: str) -> None:
        # A name may have anything in it, and a folder's may not.
        self._root = root / (re.sub(r"[^\w-]", "_", learner) or "_")

    @classmethod
    def of(cls, learner: str) -> "Workspace":
        """Below the folder that LAB_SERVICES_DIR names, else `my-services` in the repository: where editors look."""
        return cls(Path(os.environ.get(SERVICES_VARIABLE) or REPOSITORY / "my-services").absolute(), learner)

    def folder(self, service: Service) -> Path:
        return self._root / service.folder.name

    def existing(self, service: Service) -> Path:
        """Raises WorkspaceError when there is nothing to be looked at."""
        folder = self.folder(service)
        if not (folder / FILE_NAME).is_file():
            raise WorkspaceError(
                f"there is no {folder / FILE_NAME}; put it there with: python3 lab exercise start {service.folder.name}"
            )
        return folder

    def prepare(self, service: Service) -> Path:
        """Copies the service there, unless something is there already."""
        folder = self.folder(service)
        if not (folder / FILE_NAME).exists():
            try:
                shutil.copytree(service.folder / "service", folder, dirs_exist_ok=True)
            except OSError as error:
                raise WorkspaceError(
                    f"{folder} cannot be written: {error}. {SERVICES_VARIABLE} names another place"
                ) from None
        return folder

    def put_aside(self, service: Service) -> Path | None:
        """Where the folder is kept from now on; None when there was none."""
        folder = self.folder(service)
        if not folder.exists():
            return None
        number = 1
        while (kept := folder.with_name(f"{folder.name}.before-{number}")).exists():
            number += 1
        try:
            folder.rename(kept)
        except OSError as error:
            raise WorkspaceError(f"{folder} cannot be put aside: {error}") from None
        return kept
