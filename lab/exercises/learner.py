"""Who learns here, unless told otherwise."""

import getpass
import os

#: The environment variable that names the learner.
LEARNER_VARIABLE = "LAB_LEARNER"


def user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container's user may have no name.
        return str(os.getuid())
