"""`python -m grafana.source [--check]`: write the dashboards' JSON, or only say where it differs (exit code 1)."""

from __future__ import annotations

import argparse
import sys

from grafana.source.catalog import DIRECTORY_OF_JSON, rendered


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m grafana.source", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 when a file differs")
    options = parser.parse_args(arguments)

    files = rendered()
    present = {path: path.read_text(encoding="utf-8") for path in DIRECTORY_OF_JSON.glob("*.json")}
    changed = sorted(path for path, text in files.items() if present.get(path) != text)
    gone = sorted(present.keys() - files.keys())
    if options.check:
        for path in changed:
            print(f"{path.name} differs from its code: run `python -m grafana.source`", file=sys.stderr)
        for path in gone:
            print(f"{path.name} has no code: run `python -m grafana.source`, or add it to the catalog", file=sys.stderr)
        return 1 if changed or gone else 0
    DIRECTORY_OF_JSON.mkdir(exist_ok=True)
    for path in changed:
        path.write_text(files[path], encoding="utf-8")
        print(f"wrote {path.name}")
    for path in gone:
        path.unlink()
        print(f"removed {path.name}")
    print(f"{len(files)} dashboards, {len(changed)} written, {len(gone)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
