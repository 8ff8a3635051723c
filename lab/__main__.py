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
        sys.stderr.write(  # noqa: UP032 - an f-string would be a syntax error before 3.6
            "lab needs Python {0}.{1} or newer, and this is Python {2}.{3} ({4}).\n"
            "Start it with a newer one, for example: python{0}.{1} lab up\n".format(
                MINIMUM_PYTHON[0], MINIMUM_PYTHON[1], sys.version_info[0], sys.version_info[1], sys.executable
            )
        )
        sys.exit(2)
    package_directory = os.path.dirname(os.path.abspath(__file__))
    # Run as a directory, this package itself stands first on the path, and its modules would shadow others.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != package_directory]
    repository = os.path.dirname(package_directory)
    if repository not in sys.path:
        sys.path.insert(0, repository)

    from lab import bootstrap

    if bootstrap.runs_inside_environment():
        from lab.cli import run

        run()
    bootstrap.restart_inside_environment(sys.argv[1:])


if __name__ == "__main__":
    main()
