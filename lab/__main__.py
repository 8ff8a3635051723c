"""Entry point of `python3 lab`: standard library only, so that it runs before anything is installed.

It makes sure that the virtual environment is there (lab/bootstrap.py does the work), starts again
inside it, and hands over to lab/cli.py. Works as `python3 lab`, `python3 /path/to/lab` and
`python3 -m lab`, from any directory.
"""

import os
import sys

# Kept free of newer syntax: an old interpreter must get as far as the message below.
MINIMUM_PYTHON = (3, 11)


def main() -> None:
    if sys.version_info < MINIMUM_PYTHON:
        needed = "{}.{}".format(*MINIMUM_PYTHON)
        this = sys.version.split()[0]
        sys.stderr.write(f"lab needs Python {needed} or newer, and this is Python {this} ({sys.executable}).\n")
        sys.stderr.write(f"Start it with a newer one, for example: python{needed} lab up\n")
        sys.exit(2)
    package_directory = os.path.dirname(os.path.abspath(__file__))
    # Run as a directory, this package itself stands first on the path, and its modules would shadow others.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != package_directory]
    repository = os.path.dirname(package_directory)
    if repository not in sys.path:
        sys.path.insert(0, repository)

    from lab import bootstrap

    if bootstrap.runs_inside_environment():
        bootstrap.keep_own_bytecode()
        from lab.cli import run

        run()
    bootstrap.restart_inside_environment(sys.argv[1:])


if __name__ == "__main__":
    main()
