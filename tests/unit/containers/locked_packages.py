"""What stands in uv.lock: which packages an image holds, and from which of them a module of ours imports."""

import ast
import importlib.metadata
import importlib.util
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from lab.paths import REPOSITORY

#: glibc of Debian trixie; wheels for older ones run there as well.
_GLIBC_MINORS = range(41, 4, -1)


@cache
def _locked() -> dict[str, list[dict]]:
    packages: dict[str, list[dict]] = {}
    for package in tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]:
        packages.setdefault(package["name"], []).append(package)
    return packages


def packages_of_an_image(python_version: str, groups: tuple[str, ...] = ()) -> dict[str, dict]:
    """Every package that `uv sync --no-default-groups --group …` installs on Linux, by name."""
    environment = {
        "python_version": python_version,
        "python_full_version": f"{python_version}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "platform_machine": "x86_64",
    }

    def applies(entry: dict) -> bool:
        return "marker" not in entry or Marker(entry["marker"]).evaluate({**environment, "extra": ""})

    def chosen(entry: dict) -> dict:
        versions = _locked()[entry["name"]]
        return next(version for version in versions if entry.get("version") in (None, version["version"]))

    [project] = _locked()["glasshouse"]
    waiting = [*project["dependencies"], *(e for group in groups for e in project["dev-dependencies"][group])]
    found: dict[str, dict] = {}
    while waiting:
        entry = waiting.pop()
        if applies(entry) and entry["name"] not in found:
            package = found[entry["name"]] = chosen(entry)
            waiting += package.get("dependencies", [])
            for extra in entry.get("extra", []):
                waiting += package.get("optional-dependencies", {}).get(extra, [])
    return found


def has_wheel(package: dict, python_version: str, machine: str) -> bool:
    """Whether it installs on Debian's Linux without a compiler."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS]
    platforms += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}", f"linux_{machine}"]
    major, minor = (int(part) for part in python_version.split("."))
    usable: set[Tag] = {
        *cpython_tags((major, minor), platforms=platforms),
        *compatible_tags((major, minor), f"cp{major}{minor}", platforms),
    }
    return any(
        usable & parse_wheel_filename(wheel["url"].rpartition("/")[2].replace("%2B", "+"))[3]
        for wheel in package.get("wheels", [])
    )


def distributions_imported_from(module: str) -> dict[str, set[str]]:
    """What a package of ours, and those modules of ours that it imports, import from others: module -> names of the
    packages that it may come from (several where packages share a namespace and cannot be told apart)."""
    ours = {path.name for path in REPOSITORY.iterdir() if (path / "__init__.py").exists()}
    seen: set[Path] = set()
    waiting = list((REPOSITORY / module.replace(".", "/")).rglob("*.py"))
    others: set[str] = set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for imported, names in _imports(file):
            top = imported.partition(".")[0]
            if top in ours:
                waiting += [found for name in (imported, *names) for found in _files_of(name)]
            elif top not in sys.stdlib_module_names:
                others.add(imported)
    return {name: _distributions(name) for name in others}


def _files_of(imported: str) -> list[Path]:
    """The module of ours itself, or the one that has the thing, and the packages around it."""
    parts = imported.split(".")
    candidates = [REPOSITORY.joinpath(*parts[:length]) for length in range(1, len(parts) + 1)]
    files = [path / "__init__.py" for path in candidates] + [path.with_suffix(".py") for path in candidates]
    return [file for file in files if file.exists()]


def _imports(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Each module, and what may be modules of it: the names that are taken from it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    only_for_types = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for child in block.body
        for node in ast.walk(child)
    }
    for node in ast.walk(tree):
        # A package that imports its modules late names them for the type checker.
        if node in only_for_types and file.name != "__init__.py":
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, [f"{node.module}.{alias.name}" for alias in node.names]


@cache
def _distributions(module: str) -> set[str]:
    """Asks the packages installed here, which are those of the same lock."""
    candidates = set(importlib.metadata.packages_distributions().get(module.partition(".")[0], ()))
    if len(candidates) > 1:
        path = module.replace(".", "/")
        exact = {
            name
            for name in candidates
            for file in importlib.metadata.files(name) or ()
            if file.as_posix() in (f"{path}.py", f"{path}/__init__.py") or file.as_posix().startswith(f"{path}.cpython")
        }
        candidates = exact or candidates
    return {canonicalize_name(name) for name in candidates}
