"""Runs a supervisor over processes that a JSON file describes, as `lab up` does over a system's.

Usage: throwaway_lab.py STATE_DIR SPECS_FILE
"""

import json
import sys
import time
import uuid
from pathlib import Path

from lab.paths import StateDirectory
from lab.process_spec import ProcessSpec
from lab.restart_policy import RestartPolicy
from lab.run_state import RunState, supervisor_lock
from lab.supervisor import StartFailed, Supervisor, own_identity


def main() -> int:
    directory = StateDirectory(Path(sys.argv[1]))
    plan = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    state = RunState(
        run_id=uuid.uuid4().hex,
        supervisor=own_identity(),
        stack="throwaway",
        systems=plan.get("systems", []),
        port_offset=0,
        backends={
            **dict.fromkeys(("workbench", "prometheus", "loki", "tempo"), "http://127.0.0.1:1"),
            **plan.get("backends", {}),
        },
        started_at=time.time(),
        notes=plan.get("notes", []),
    )
    supervisor = Supervisor(
        directory,
        state,
        [ProcessSpec(**spec) for spec in plan["processes"]],
        on_event=lambda sentence: print(sentence, flush=True),
        ready_timeout_seconds=plan.get("ready_timeout_seconds", 20.0),
        stop_grace_seconds=plan.get("stop_grace_seconds", 5.0),
        make_policy=lambda: RestartPolicy(**plan.get("policy", {"first_delay_seconds": 0.1})),
    )
    with supervisor_lock(directory):
        try:
            supervisor.run(on_ready=lambda: print("everything is ready", flush=True))
        except StartFailed as failure:
            print(f"failed: {failure}", *failure.output, sep="\n", flush=True)
            return 1
    print("ended", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
