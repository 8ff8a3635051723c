"""What became of an answer."""

from dataclasses import dataclass

#: For an answer that cannot be judged yet.
WAIT = "There is too little to compare with yet. Give the lab a minute or two of traffic, and ask again."


@dataclass(frozen=True)
class Verdict:
    """`says` is Markdown, a paragraph each."""

    passed: bool
    says: tuple[str, ...]
    #: Before what hints have cost.
    points: int = 0
    #: False when there is nothing to judge by yet: neither right nor wrong.
    judged: bool = True


def right(*says: str) -> Verdict:
    return Verdict(True, says)


def wrong(*says: str) -> Verdict:
    return Verdict(False, says)


def not_yet(says: str) -> Verdict:
    return Verdict(False, (says,), judged=False)
