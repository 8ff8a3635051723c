"""What a learner and a team may be called: short, on one line, and nothing that looks like something else."""

import re
import unicodedata

LONGEST_NAME = 30

#: Letters of any script, digits, and what stands within names.
_MARKS = frozenset(" ._-'’")


def clean_name(text: object, what: str) -> str:
    """The name in one of the ways to write it; `what` is the field that it stands in.

    Raises ValueError that says what is wrong."""
    if not isinstance(text, str):
        raise ValueError(f"'{what}' is a text")
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()
    if not name:
        raise ValueError(f"'{what}' is empty: choose one of up to {LONGEST_NAME} letters")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"'{what}' is longer than {LONGEST_NAME} letters: choose a shorter one")
    if not all(letter in _MARKS or unicodedata.category(letter)[0] in "LNM" for letter in name):
        raise ValueError(f"'{what}' has letters, digits, spaces and . _ - ' only")
    if not any(unicodedata.category(letter)[0] in "LN" for letter in name):
        raise ValueError(f"'{what}' needs a letter or a digit")
    return name


def same_name(name: str) -> str:
    """Equal for names that people would take for the same."""
    return name.casefold()
