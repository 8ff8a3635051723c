"""Keeps the groups that the rule files say, evaluates each at its time, and reads the files again when they change."""

from __future__ import annotations

import asyncio
import glob
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...refusals import Refusal
from ...times import NANOSECONDS
from ..storage import MetricStorage
from .alerting import Alert
from .expressions import evaluate_expression
from .groups import FOR_GRACE_SECONDS, Group
from .rule_files import GroupSpec, RuleFileError, duplicate_rules, parse_rule_file
from .templates import Outside

logger = logging.getLogger(__name__)

#: Groups evaluated at the same time.
_THREADS = 2

#: Seconds between two looks at whether the files have changed.
_LOOK_SECONDS = 2.0

#: What is known of a file: (modified, bytes, inode).
_Seen = tuple[int, int, int]


class RuleManager:
    """All groups. Files are given as patterns; one that matches nothing is no error, as in Prometheus."""

    def __init__(
        self,
        storage: MetricStorage,
        patterns: Sequence[str] = (),
        interval_seconds: float = 15.0,
        external_labels: Mapping[str, str] | None = None,
        external_url: str = "",
        send: Callable[[str, list[Alert]], None] = lambda expression, alerts: None,
        grace_seconds: float = FOR_GRACE_SECONDS,
    ) -> None:
        self.patterns = tuple(patterns)
        self.interval_seconds = interval_seconds
        self.outside = Outside(
            lambda tree, milliseconds: evaluate_expression(storage, tree, milliseconds),
            dict(external_labels or {}),
            external_url,
        )
        #: What was wrong at the last reading of the files; the last good rules stay in force. Empty when all is well.
        self.error = ""
        #: Unix seconds of the last reading that went well.
        self.loaded_at = 0.0
        self._storage = storage
        self._send = send
        self._grace_seconds = grace_seconds
        self._groups: dict[tuple[str, str], Group] = {}
        self._seen: dict[str, _Seen] | None = None
        self._restored = False
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="rules")

    @property
    def groups(self) -> list[Group]:
        """All groups by file and name."""
        return [group for _, group in sorted(self._groups.items())]

    # -- reading

    def load_if_changed(self) -> bool:
        """Reads the files if any has changed, come or gone since the last time; returns whether they were read."""
        seen: dict[str, _Seen] = {}
        for pattern in self.patterns:
            for file in sorted(glob.glob(pattern)):
                try:
                    status = Path(file).stat()
                    seen[file] = (status.st_mtime_ns, status.st_size, status.st_ino)
                except OSError:
                    # Gone since a moment, or out of reach: reading it will say so.
                    seen[file] = (0, 0, 0)
        if seen == self._seen:
            return False
        self._seen = seen
        self.load(list(seen))
        return True

    def reload(self) -> None:
        """Reads the files whether they have changed or not; `error` says what is wrong with them."""
        self._seen = None
        self.load_if_changed()

    def load(self, files: Sequence[str]) -> None:
        """Puts the rules of the files into force, all of them or, if anything is wrong, none."""
        specs: list[GroupSpec] = []
        messages: list[str] = []
        for file in files:
            try:
                specs += parse_rule_file(Path(file).read_bytes(), file)
            except OSError as error:
                messages.append(f"{file}: {error.strerror or error}")
            except RuleFileError as error:
                messages += error.messages
        if messages:
            self.error = "\n".join(messages)
            logger.error("the rules stay as they were:\n%s", self.error)
            return
        for message in duplicate_rules(specs):
            logger.warning("%s", message)
        self.error, self.loaded_at = "", time.time()
        before = dict(self._groups)
        after: dict[tuple[str, str], Group] = {}
        for spec in specs:
            key = (spec.file, spec.name)
            old = before.pop(key, None)
            after[key] = old if old is not None and old.spec == spec else self._replace(old, spec)
        self._groups, self._restored = after, True
        for gone in before.values():
            gone.end(time.time_ns())
        logger.info("%d rules in %d groups are in force", sum(len(g.rules) for g in self.groups), len(after))

    def _replace(self, old: Group | None, spec: GroupSpec) -> Group:
        group = Group(
            spec,
            self.interval_seconds,
            self._storage,
            self.outside,
            self._send,
            self._restored,
            self._grace_seconds,
        )
        if old is not None:
            group.take_over(old)
        return group

    # -- evaluating

    async def run(self) -> None:
        """Reads and evaluates until cancelled."""
        try:
            while True:
                await asyncio.get_running_loop().run_in_executor(self._threads, self._look)
                self._follow()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            for task in self._tasks.values():
                task.cancel()

    def _look(self) -> None:
        try:
            self.load_if_changed()
        except Refusal as refusal:
            logger.warning("rule files: %s", refusal)
        except Exception:
            logger.exception("reading the rule files failed")

    def _follow(self) -> None:
        """Starts the clocks of new groups; those of groups that are gone stop by themselves."""
        for key, task in list(self._tasks.items()):
            if key not in self._groups or task.done():
                del self._tasks[key]
                task.cancel()
        for key in self._groups:
            if key not in self._tasks:
                self._tasks[key] = asyncio.create_task(self._evaluate_for_ever(key))

    async def _evaluate_for_ever(self, key: tuple[str, str]) -> None:
        loop = asyncio.get_running_loop()
        due = self._groups[key].next_instant(time.time_ns())
        while True:
            await asyncio.sleep(max(due - time.time_ns(), 0) / NANOSECONDS)
            group = self._groups.get(key)
            if group is None:
                return
            try:
                await loop.run_in_executor(self._threads, group.evaluate, due)
            except Exception:
                logger.exception("evaluating %s failed", group.key)
            # Evaluations that were missed are not made up for.
            late = max((time.time_ns() - due) // group.interval, 0)
            group.missed += late
            interval = group.interval
            due = due + (late + 1) * interval
            if (group := self._groups.get(key)) is not None and group.interval != interval:
                due = group.next_instant(time.time_ns())

    def close(self) -> None:
        """Waits for running evaluations."""
        self._threads.shutdown(wait=True, cancel_futures=True)
