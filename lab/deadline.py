"""Questions asked at the same time, with an end: who has not answered by then counts as not answering."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def ask_all(questions: Sequence[Callable[[], T]], seconds: float) -> list[T | None]:
    """Each question's answer, in their order; None for one that takes longer than `seconds`.

    Questions must not raise. A server that sends a byte a second keeps every time-out of a socket waiting; a question
    to such a one is left alone: its thread ends with the program."""
    answers: list[T | None] = [None] * len(questions)

    def ask(position: int) -> None:
        answers[position] = questions[position]()

    threads = [threading.Thread(target=ask, args=(position,), daemon=True) for position in range(len(questions))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    # What answers from here on is too late.
    return list(answers)
