"""Stands for `docker`, as far as the lab uses it: Compose's "containers" are one HTTP server for each published port.

What it was asked goes to FAKE_DOCKER_CALLS, one JSON object a line. FAKE_DOCKER_FAILS names a verb that fails.
"""

import http.server
import json
import os
import re
import sys
import threading
import time
from pathlib import Path

ANSWER = b'{"status": "success", "data": {"resultType": "vector", "result": []}}'


class Container(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    do_POST = do_GET

    def log_message(self, *arguments):
        pass


def main(words: list[str]) -> int:
    calls = Path(os.environ["FAKE_DOCKER_CALLS"])
    variables = {name: value for name, value in os.environ.items() if name.endswith("_PORT") or name in NOTED}
    with calls.open("a") as file:
        file.write(json.dumps({"words": words, "variables": variables}) + "\n")
    running = calls.with_name("running")
    if words[0] == "info":
        return say("28.2.2 8")
    if words[1] == "version":
        return say("2.39.1")
    verb = next(word for word in words[1:] if word in ("ps", "pull", "build", "up", "down"))
    if verb == os.environ.get("FAKE_DOCKER_FAILS"):
        print(f"Error response from daemon: cannot {verb}", file=sys.stderr)
        return 18
    if verb == "ps":
        return say("0123456789ab") if running.exists() else 0
    if verb == "up":
        running.touch()
        names = words[words.index("--no-color") + 1 :]
        servers = [http.server.ThreadingHTTPServer(("127.0.0.1", port), Container) for port in ports()]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        say(" Container glasshouse-frontend-1  Started")
        for name in names:
            say(f"{name}-1  | {name} says hello")
        while running.exists():
            time.sleep(0.02)
        for server in servers:
            server.server_close()
    if verb == "down":
        say(" Container glasshouse-frontend-1  Removed")
        running.unlink(missing_ok=True)
    return 0


NOTED = (
    "COMPOSE_PROFILES",
    "LAB_CONFIG_DIR",
    "LAB_FLAGS_DIR",
    "SERVICE_WORKERS",
    "SERVICE_CPUS",
    "TRAFFIC_RPS",
    "TRAFFIC_SEED",
    "TRAFFIC_STEADY",
)


def ports() -> list[int]:
    """Those that the Compose file publishes, where the environment puts them."""
    compose_file = Path(__file__).parents[3] / "docker-compose.yml"
    return [
        int(os.environ[name])
        for name in re.findall(r"127\.0\.0\.1:\$\{(\w+_PORT):-\d+\}:\d+", compose_file.read_text())
    ]


def say(line: str) -> int:
    print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
