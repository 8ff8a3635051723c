"""A small HTTP process for the supervisor's tests: it answers /health and /ready, and misbehaves when told to.

Options: --port N, --exit-after SECONDS, --never-ready, --ignore-sigterm, --end-after SECONDS,
--with-child, --note-environment FILE.
"""

import argparse
import http.server
import json
import os
import signal
import subprocess
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    ready = True

    def do_GET(self) -> None:
        ok = self.path == "/health" or Handler.ready
        body = json.dumps({"status": "ok" if ok else "waiting"}).encode()
        self.send_response(200 if ok else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--exit-after", type=float)
    parser.add_argument("--never-ready", action="store_true")
    parser.add_argument("--ignore-sigterm", action="store_true")
    parser.add_argument("--end-after", type=float)
    parser.add_argument("--with-child", action="store_true")
    parser.add_argument("--note-environment")
    options = parser.parse_args()
    if options.ignore_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.end_after is not None:
        signal.signal(signal.SIGTERM, lambda *_: threading.Timer(options.end_after, lambda: os._exit(0)).start())
    if options.with_child:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if options.note_environment:
        with open(options.note_environment, "w", encoding="utf-8") as file:
            json.dump(dict(os.environ), file)
    Handler.ready = not options.never_ready
    print(f"serving on {options.port}", flush=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    if options.exit_after is not None:
        threading.Timer(options.exit_after, lambda: os._exit(3)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
