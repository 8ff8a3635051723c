"""`lab exercise run`: a learner's service in the running lab, with all three signals, until it is told to end."""

import re
import signal
import subprocess
import sys

import pytest
import requests

from lab.paths import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(params=[signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def library(request, lab, tmp_path):
    """A service that has metrics and spans, run by hand: its address. In the end it leaves nothing."""
    environment = {
        **lab.environment(),
        "LAB_SERVICES_DIR": str(tmp_path / "services"),
        "LAB_PROGRESS_FILE": str(tmp_path / "progress.json"),
        "LAB_LEARNER": "ada",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, str(REPOSITORY / "lab"), "exercise"]
    subprocess.run([*command, "start", "44"], env=environment, check=True, capture_output=True)
    app = tmp_path / "services" / "ada" / "44-well-meant" / "app.py"
    app.write_text(app.read_text().replace("def health():\n", 'def health():\n    print("asked how it is")\n'))
    run = subprocess.Popen([*command, "run"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        found = re.search(r"library answers at (http://\S+);", run.stdout.readline())
        assert found is not None
        yield found[1]
    finally:
        run.send_signal(request.param)
        left = run.communicate(timeout=20)[0]
    assert run.returncode == 0, left
    assert "asked how it is" in left
    with pytest.raises(requests.ConnectionError):
        requests.get(found[1], timeout=20)
    assert not (lab.state_dir / "targets" / "exercise-library.json").exists(), "it is still announced"


def test_the_lab_shows_what_it_tells(lab, library, wait_for):
    for path in ("/health", "/books/1"):
        assert requests.get(library + path, timeout=20).status_code == 200
    assert requests.post(f"{library}/loans", json={"book": 7}, timeout=20).status_code == 201

    found = {
        "spans": lambda: lab.telemetry.search_traces(q='{ resource.service.name = "library" && name = "lend" }'),
        "lines": lambda: lab.telemetry.logs('{service="library"} |= "asked how it is"'),
        "metrics": lambda: lab.telemetry.query('library_requests_total{service="library", path="/books/1"} == 1'),
    }
    for what, ask in found.items():
        wait_for(ask, f"its {what}")
