"""The secret that makes somebody the instructor: made once, in a file that only its owner can read."""

import json
import secrets
from pathlib import Path

from lab.run_state import write_json_atomically

FILE = "instructor.json"


def instructor_token(folder: Path) -> str:
    """The one that is kept, or a new one. Raises OSError, and ValueError for a file that is something else."""
    file = folder / FILE
    try:
        token = json.loads(file.read_text(encoding="utf-8"))["token"]
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
        write_json_atomically(file, {"token": token}, mode=0o600)
        return token
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not what the lab has written ({error}): delete it to get a new secret") from None
    if not isinstance(token, str) or len(token) < 20:
        raise ValueError(f"{file} has no secret in it: delete it to get a new one")
    return token
