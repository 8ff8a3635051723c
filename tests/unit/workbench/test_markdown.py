"""The little Markdown of descriptions, text panels and exercises: what it knows, and that all else stays text."""

from __future__ import annotations

import pytest

from tests.browser import Modules

RENDERED = "(m, text) => m.markdown(text)"


def test_descriptions_keep_markup_as_text(module: Modules) -> None:
    text = "One `<b>` and **two**\nthree\n\n- [a](javascript:alert(1)) [b](/dashboards)\n# Head\n<script>x</script>"
    html = module("ui/markdown.js", RENDERED, text)
    assert html == [
        "<p>One <code>&lt;b&gt;</code> and <strong>two</strong> three</p>",
        '<ul><li>a) <a href="/dashboards" rel="noreferrer">b</a></li></ul>',
        "<h3>Head</h3>",
        "<p>&lt;script&gt;x&lt;/script&gt;</p>",
    ]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**How long for `table`?**", "<p><strong>How long for <code>table</code>?</strong></p>"),
        ("*very* quick, 2 * 3 * 4", "<p><em>very</em> quick, 2 * 3 * 4</p>"),
        ("1. One\n   goes on\n2. Two", "<ol><li>One goes on</li><li>Two</li></ol>"),
        ("```\nrate(x\n     ^\n```", "<pre><code>rate(x\n     ^</code></pre>"),
        ("``a ` b``", "<p><code>a ` b</code></p>"),
        ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("a | b", "<p>a | b</p>"),
        ("a **b", "<p>a **b</p>"),
    ],
)
def test_a_block_becomes_its_element(module: Modules, text: str, html: str) -> None:
    assert module("ui/markdown.js", RENDERED, text) == [html]


def test_a_table_has_heads_and_cells_with_markup_in_them(module: Modules) -> None:
    [html] = module("ui/markdown.js", RENDERED, "| name | means |\n|---|---|\n| `a|b` | **all** |\n| <b> | x \\| y |")

    assert html == (
        '<div class="markdown-table"><table><thead><tr><th scope="col">name</th><th scope="col">means</th></tr></thead>'
        "<tbody><tr><td><code>a|b</code></td><td><strong>all</strong></td></tr>"
        "<tr><td>&lt;b&gt;</td><td>x | y</td></tr></tbody></table></div>"
    )


def test_an_address_in_brackets_is_a_link_that_a_page_may_make_its_own(module: Modules) -> None:
    [outside] = module("ui/markdown.js", RENDERED, "<http://127.0.0.1:9090/graph>")
    [own] = module(
        "ui/markdown.js",
        "(m, text) => m.markdown(text, { link: ({ address }) => document.createTextNode(`to ${address}`) })",
        "[there](/logs)",
    )

    assert outside == (
        '<p><a href="http://127.0.0.1:9090/graph" rel="noreferrer" target="_blank">http://127.0.0.1:9090/graph</a></p>'
    )
    assert own == "<p>to /logs</p>"


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("http://127.0.0.1:8000", "/"),
        ("http://127.0.0.1:8000/logs?query=x", "/logs?query=x"),
        ("http://127.0.0.1:80001/logs", None),
        ("http://127.0.0.1:9090/graph", None),
        ("/map", "/map"),
        ("//elsewhere.example/map", None),
        ("javascript:alert(1)", None),
    ],
)
def test_an_address_of_our_own_becomes_a_path(module: Modules, address: str, path: str | None) -> None:
    assert module("exercises/texts.js", "(m, a) => m.pathOf(a, 'http://127.0.0.1:8000')", address) == path
