"""Rules that every JavaScript module of the workbench keeps: who may import whom, and what none may use.

What a linter can tell without knowing the tree is told by oxlint: `.oxlintrc.json`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

import pytest

from workbench.pages import DIRECTORY, PAGES

#: From what everybody may use to what uses everything: a module imports from its own folder and from lines above.
#: Parts on one line are shared pieces that may know each other; features on one line may not.
LAYERS = (
    {"format"},
    {"addresses.js", "grafana_addresses.js", "colours.js", "ui"},
    {"data"},
    {"chart", "graph", "logs", "trace", "editor"},
    {"explore", "dashboards", "now", "exercises", "faults"},
    # The map is Now's picture of the services at its full size.
    {"map"},
    {"pages"},
    {"shell", "app.js"},
)
NEIGHBOURS_MAY_MEET = (LAYERS[1], LAYERS[3], LAYERS[7])

#: A classic script, which sets the theme before anything is painted.
CLASSIC = {"theme.js"}

SOURCES: Mapping[str, str] = {
    path.relative_to(DIRECTORY).as_posix(): path.read_text(encoding="utf-8") for path in sorted(DIRECTORY.rglob("*.js"))
}
STYLES: Mapping[str, str] = {
    path.relative_to(DIRECTORY).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(DIRECTORY.rglob("*.css"))
}
MODULES = sorted(set(SOURCES) - CLASSIC)

_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`/\\])//[^\n]*", re.DOTALL)
_STATIC = (
    r"""^(?:import\s+(?:[^;"'`]*?\bfrom\s+)?|export\s+(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?)\s+from\s+)["']([^"']+)["']"""
)
_LAZY = r"""\bimport\(\s*["']([^"']+)["']"""


#: What turns text into markup or code, or leaves something behind for everybody. Trusted Types refuse some of it in the
#: browser; here it is found in code that no test runs, too.
FORBIDDEN = {
    "innerHTML": r"\binnerHTML\b",
    "outerHTML": r"\bouterHTML\b",
    "insertAdjacentHTML": r"\binsertAdjacentHTML\b",
    "document.write": r"\bdocument\.write",
    "DOMParser": r"\bDOMParser\b|createContextualFragment|setHTMLUnsafe|\bsrcdoc\b",
    "eval": r"\beval\s*\(|new Function\b|set(?:Timeout|Interval)\(\s*[\"'`]",
    "a style attribute": r"""setAttribute\(\s*["']style["']|\.cssText\b""",
    "a global": r"\b(?:window|globalThis|self)\.\w+\s*=[^=]",
    "an address outside": r"""["'`](?:https?:)?//(?!www\.w3\.org/|grafana\.invalid|127\.0\.0\.1|localhost|\$\{)[a-z]""",
    "sanitizing by hand": r"trustedTypes",
    "a dialog of the browser": r"\b(?:alert|confirm|prompt)\s*\(\s*[\"'`]",
    "debugging": r"\bdebugger\b|console\.log\(",
}


def without_comments(source: str) -> str:
    return _COMMENT.sub("", source)


def paths_in(name: str) -> list[str]:
    """What a module's imports say, those at its top and `import()`."""
    source = without_comments(SOURCES[name])
    return re.findall(_STATIC, source, re.MULTILINE) + re.findall(_LAZY, source)


def imports_of(name: str) -> list[str]:
    """The modules that a module imports."""
    return [posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) for path in paths_in(name)]


def part_of(name: str) -> str:
    """The folder a module is in, or its own name at the top."""
    return name.split("/", 1)[0]


def layer_of(name: str) -> int:
    found = [index for index, parts in enumerate(LAYERS) if part_of(name) in parts]
    assert found, f"{name} is in no layer: give its folder a place in LAYERS"
    return found[0]


def test_a_module_imports_only_what_lies_below_it():
    wrong = []
    for name in MODULES:
        own, layer = part_of(name), layer_of(name)
        for imported in imports_of(name):
            other = part_of(imported)
            neighbours = other in LAYERS[layer] and LAYERS[layer] in NEIGHBOURS_MAY_MEET
            if not (other == own or layer_of(imported) < layer or neighbours):
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


def test_imports_are_relative_and_lead_to_files():
    odd = [f"{name}: {path}" for name in MODULES for path in paths_in(name) if not re.match(r"\.\.?/.*\.js$", path)]
    assert odd == []
    missing = [f"{name}: {path}" for name in MODULES for path in imports_of(name) if path not in SOURCES]
    assert missing == []


def test_every_module_is_reached_from_the_start():
    reached: set[str] = set()
    waiting = ["app.js"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += imports_of(name)
    assert set(MODULES) - reached == set()


def test_every_page_the_server_knows_has_its_module_and_the_router_loads_it():
    loaded = set(re.findall(r"pages/(\w+)\.js", SOURCES["shell/router.js"]))
    assert set(PAGES.values()) | {"not_found"} == loaded
    assert {f"pages/{name}.js" for name in loaded} == {name for name in MODULES if name.startswith("pages/")}


@pytest.mark.parametrize("what", sorted(FORBIDDEN))
def test_no_module_uses_what_is_forbidden(what):
    found = [
        f"{name}: {match[0]}"
        for name, source in SOURCES.items()
        if (match := re.search(FORBIDDEN[what], without_comments(source)))
    ]
    assert found == []


def test_a_module_begins_with_a_sentence_about_it():
    assert [name for name, source in SOURCES.items() if not source.startswith(("/**", "//"))] == []


def test_lines_are_as_long_as_those_of_python():
    files = {**SOURCES, **STYLES}.items()
    lines = [(name, number, line) for name, text in files for number, line in enumerate(text.splitlines(), 1)]
    assert [f"{name}:{number}" for name, number, line in lines if len(line) > 120 or "\t" in line] == []


def test_every_module_runs_in_the_browser(module):
    """Each is imported: none has an error in its syntax, or needs more at its start than a page."""
    names = [name for name in MODULES if name != "app.js"]
    script = """(m, names) => {
      const base = document.querySelector("script[src$='theme.js']").src;
      const tried = names.map((name) => import(new URL(name, base)).then(() => null, (error) => `${name}: ${error}`));
      return Promise.all(tried);
    }"""
    assert [failure for failure in module("format/time.js", script, names) if failure] == []


def test_style_sheets_use_only_tokens_that_somebody_sets():
    defined = set(re.findall(r"(--[\w-]+)\s*:", STYLES["theme.css"]))
    # Those that a module sets on an element.
    set_by_code = {token for source in SOURCES.values() for token in re.findall(r"""["'`](--[\w-]+)["'`]""", source)}
    unknown = []
    for name, text in STYLES.items():
        own = set(re.findall(r"(--[\w-]+)\s*:", text))
        used = set(re.findall(r"var\((--[\w-]+)\)", text))
        unknown += [f"{name}: {token}" for token in sorted(used - defined - own - set_by_code)]
    assert unknown == []


def test_only_the_theme_names_colours_and_no_style_sheet_loads_anything():
    found = []
    for name, text in STYLES.items():
        bare = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        pattern = r"@import|url\(" if name == "theme.css" else r"@import|url\(|#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)|\brgba?\("
        found += [f"{name}: {match}" for match in re.findall(pattern, bare)]
    assert found == []
