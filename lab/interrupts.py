"""What ends a command as Ctrl-C does, so that it can undo what it has begun."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ends_by_interrupt() -> Iterator[None]:
    """Inside, SIGTERM and a terminal that is closed raise KeyboardInterrupt, as Ctrl-C does; only in the main thread.

    SIGINT as well where a script has started the command with `&`, which ignores it; but who has said `nohup` means
    that a closed terminal is not to end it."""
    signals = [one for one in _SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
    before = [signal.signal(one, _interrupt) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
