"""A real Prometheus beside a lab on the embedded stack: it sees the same targets, and has the native stack's own
configuration and rules."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lab.http_probe import probe
from lab.manifest import discover
from lab.paths import StateDirectory
from lab.spawning import spawn
from lab.stacks import configuration, servers
from lab.stacks.stack import StackOptions
from tests.e2e.conftest import BootedLab, free_offset

_OF_PROMETHEUS = configuration.RULES.parent


@contextlib.contextmanager
def beside(lab: BootedLab, program: Path, directory: Path, wait_for: Callable[..., Any]) -> Iterator[str]:
    """Its address. What it stores, and says, is in `directory`."""
    state_directory = StateDirectory(directory)
    systems = [discover()[name] for name in lab.state().systems]
    # Of the ports of another lab it takes one.
    options = StackOptions(systems, state_directory, free_offset())
    state_directory.create()
    state_directory.targets.symlink_to(StateDirectory(lab.state_dir).targets)
    configuration.render(
        state_directory,
        configuration.local_addresses(options),
        lambda path: path.is_relative_to(_OF_PROMETHEUS) and not path.is_relative_to(configuration.CONTAINER_TARGETS),
    )
    # Prometheus complains every few seconds of a folder that it cannot watch.
    (state_directory.configuration / configuration.CONTAINER_TARGETS).mkdir()
    spec = servers.prometheus_process(options, program)
    # Marked as of this lab's: nothing of it may be left when the lab is down.
    process = spawn(spec, state_directory, lab.state().run_id)
    try:
        said = state_directory.output_file(spec.name)
        wait_for(lambda: all(probe(ready).ok for ready in spec.ready_urls), f"Prometheus is ready, see {said}", 30.0)
        assert spec.url is not None
        yield spec.url
    finally:
        process.terminate()
        process.wait(20)
