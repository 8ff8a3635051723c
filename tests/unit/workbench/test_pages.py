"""The pages' HTML and files: what a browser fetches, in which order, and how long it keeps it."""

import html.parser
import json
import re
from pathlib import Path

import pytest

from tests.unit.workbench.asking import ask
from workbench.app import create_app
from workbench.pages import DIRECTORY, PAGES, Pages, StaticFiles, as_script, shell
from workbench.settings import read_settings


class Elements(html.parser.HTMLParser):
    """Every element of a page, as (tag, attributes), and the text of each script."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.texts = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "script":
            self.texts.append(data)

    def of(self, tag, **attributes):
        return [told for name, told in self.found if name == tag and attributes.items() <= told.items()]


@pytest.fixture(scope="module")
def app():
    return create_app(read_settings({}))


def page(app, target):
    return Elements(ask(app, "GET", target).body.decode())


@pytest.fixture
def static(tmp_path):
    """static({"app.js": "…"}): the files of a directory."""

    def make(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return StaticFiles.read(tmp_path)

    return make


# ── The shell ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_there_with_its_module_and_never_kept(app, address):
    target = address.replace("{uid}", "chain-overview").replace("{id}", "4bf92f3577b34da6a3ce929d0e0e4736")
    answer = ask(app, "GET", target)
    elements = Elements(answer.body.decode())

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert elements.of("html")[0]["data-page"] == PAGES[address]
    assert (DIRECTORY / "pages" / f"{PAGES[address]}.js").is_file()


def test_an_address_that_is_no_page_says_so_and_shows_the_way(app):
    answer = ask(app, "GET", "/nowhere/at/all")

    assert answer.status == 404
    assert '<nav id="pages"' in answer.body.decode()


def test_without_javascript_there_is_the_navigation_and_a_sentence(app):
    elements = page(app, "/")

    ways = {attributes["href"] for attributes in elements.of("a")}
    assert ways >= {"/", "/dashboards", "/explore", "/logs", "/trace", "/map"}
    assert elements.of("noscript")


def test_a_page_runs_nothing_and_styles_nothing_inline(app):
    elements = page(app, "/")

    for attributes in elements.of("script"):
        assert attributes.get("type") == "application/json" or attributes["src"].startswith("/static/")
    assert not elements.of("style")
    assert not [told for _, told in elements.found if any(name == "style" or name.startswith("on") for name in told)]


def test_the_lab_stands_in_the_page_as_the_api_tells_it(app):
    elements = page(app, "/")
    [told] = [json.loads(text) for text in elements.texts if text.startswith("{")]

    assert elements.of("script", id="lab")
    assert told == ask(app, "GET", "/api/lab").json()


def test_what_the_lab_is_called_cannot_end_the_script_it_stands_in(static):
    hostile = {"title": "</script><script>alert(1)</script><!--", "and": "a & b \u2028"}
    elements = Elements(shell(static({"app.js": ""}), "now", hostile))

    assert len(elements.of("script")) == 3
    [told] = [json.loads(text) for text in elements.texts if text.startswith("{")]
    assert told == hostile


def test_what_looks_like_a_place_in_the_shell_stays_text(static):
    assert json.loads(as_script({"query": "{{.message}} {{lab}} {{static}}"})) == {
        "query": "{{.message}} {{lab}} {{static}}"
    }
    assert "{{.message}} {{lab}} {{static}}" in shell(static({}), "now", {"query": "{{.message}} {{lab}} {{static}}"})


def test_everything_that_a_page_links_to_is_there(app):
    for address in PAGES:
        elements = page(app, re.sub(r"\{\w+\}", "x", address))
        links = [told["href"] for told in elements.of("link")] + [
            told["src"] for told in elements.of("script") if "src" in told
        ]
        assert links
        for link in links:
            answer = ask(app, "GET", link)
            assert answer.status == 200, link
            assert "immutable" in answer.headers["cache-control"]


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_styles_come_theme_first(static):
    files = static({"chart/chart.css": "", "a.css": "", "theme.css": "", "app.js": ""})

    assert files.styles() == ["theme.css", "a.css", "chart/chart.css"]


def test_modules_are_those_that_imports_reach_each_once(static):
    files = static(
        {
            "app.js": 'import { start } from "./shell/router.js";\nimport "./polyfill.js";\n',
            "polyfill.js": "",
            "shell/router.js": (
                "import {\n  a,\n  b as c,\n} from '../ui/dom.js';\n"
                'export { d } from "../ui/states.js";\n'
                'export * from "../ui/table.js";\n'
                'const later = () => import("../pages/later.js");\n'
                '// import "../pages/comment.js";\n'
                'const text = `import x from "./text.js"`;\n'
            ),
            "ui/dom.js": 'import * as router from "../shell/router.js";\n',
            "ui/states.js": "import dom, { h } from './dom.js';\n",
            "ui/table.js": "",
            "pages/now.js": 'import { chart } from "../chart/time_series.js";\nimport "./missing.js";\n',
            "pages/later.js": "",
            "pages/comment.js": "",
            "chart/time_series.js": "",
            "shell/text.js": "",
        }
    )

    assert files.modules("now") == [
        *["app.js", "pages/now.js", "shell/router.js", "polyfill.js", "chart/time_series.js"],
        *["ui/dom.js", "ui/states.js", "ui/table.js"],
    ]


def test_the_real_modules_import_nothing_that_is_not_there():
    files = StaticFiles.read(DIRECTORY)
    for name, content in files.files.items():
        if name.endswith(".js"):
            for path in re.findall(r"""(?:^|\s)(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", content.decode()):
                target = (Path("/") / name).parent / path
                assert str(target.resolve().relative_to("/")) in files.files, f"{name}: {path}"


def test_the_address_of_files_changes_with_any_of_them(static):
    first = static({"app.js": "1", "a.css": "2"})
    again = static({"app.js": "1", "a.css": "2"})
    changed = static({"app.js": "1", "a.css": "3"})
    renamed = static({"app.js": "1", "a.css": "2", "b.css": ""})

    assert first.content_hash == again.content_hash
    assert len({first.content_hash, changed.content_hash, renamed.content_hash}) == 3


def test_an_old_page_gets_todays_file_but_does_not_keep_it(app):
    answer = ask(app, "GET", "/static/0123456789abcdef/app.js")

    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.body == (DIRECTORY / "app.js").read_bytes()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("app.js", "text/javascript; charset=utf-8"), ("theme.css", "text/css; charset=utf-8")],
)
def test_a_browser_is_told_what_a_file_is(app, name, kind):
    assert ask(app, "GET", f"/static/x/{name}").headers["content-type"] == kind


@pytest.mark.parametrize("path", ["../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "/etc/passwd", "", "app"])
def test_nothing_but_the_files_of_the_pages_can_be_fetched(app, path):
    answer = ask(app, "GET", f"/static/x/{path}")

    assert answer.status == 404
    assert b"Setting" not in answer.body


def test_a_changed_file_is_there_at_the_next_page_without_a_new_start(tmp_path):
    (tmp_path / "app.js").write_text("1")
    now = 100.0
    pages = Pages(lambda request: {}, tmp_path, clock=lambda: now)
    before = pages.static()
    (tmp_path / "app.js").write_text("22")
    now += 1
    after = pages.static()

    assert (before.files["app.js"], after.files["app.js"]) == (b"1", b"22")
    assert before.content_hash != after.content_hash
    now += 1
    assert pages.static() is after


def test_the_files_are_looked_at_once_a_second_at_most(tmp_path):
    (tmp_path / "app.js").write_text("1")
    now = 100.0
    pages = Pages(lambda request: {}, tmp_path, clock=lambda: now)
    (tmp_path / "app.js").write_text("22")

    now += 0.9
    assert pages.static().files["app.js"] == b"1"
    now += 0.1
    assert pages.static().files["app.js"] == b"22"
