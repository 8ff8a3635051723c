"""The signals that ask a command to end, heard for as long as it has something to undo. Only in the main thread."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

#: Ctrl-C, `kill`, a terminal that is closed.
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def handled(
    handler: Callable[[int, FrameType | None], object], signals: Sequence[signal.Signals] = END_SIGNALS
) -> Iterator[None]:
    """Inside, `handler` gets these signals; afterwards whoever got them before."""
    before = [signal.signal(one, handler) for one in signals]
    try:
        yield
    finally:
        for one, earlier in zip(signals, before, strict=True):
            signal.signal(one, earlier)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Set by a signal to end, so that whatever is on can be undone in peace."""
    stop = threading.Event()
    with handled(lambda *_: stop.set()):
        yield stop


@contextmanager
def ends_by_interrupt() -> Iterator[None]:
    """Inside, SIGTERM and a terminal that is closed raise KeyboardInterrupt, as Ctrl-C does.

    SIGINT as well where a script has started the command with `&`, which ignores it; but who has said `nohup` means
    that a closed terminal is not to end it."""
    heard = [one for one in END_SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
    with handled(signal.default_int_handler, heard):
        yield
