from __future__ import annotations

import pytest
from flask import Flask

from frontend_service.pages import money, sentence, wants_page

_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (_BROWSER, True),
        ("text/html", True),
        ("text/*", True),
        ("application/json;q=0.5, text/html", True),
        ("application/json, text/html;q=0.9", False),
        ("application/json", False),
        ("text/html;q=0, */*", False),
        ("*/*", False),
        ("", False),
        ("image/png", False),
        (";;;q=broken,,", False),
    ],
)
def test_a_page_is_for_whoever_likes_html_better_than_json(accept: str, page: bool) -> None:
    with Flask("test").test_request_context(headers={"Accept": accept} if accept else {}):
        assert wants_page() is page


def test_things_are_written_as_people_write_them() -> None:
    assert [money(cents) for cents in (0, 5, 123456)] == ["0.00 €", "0.05 €", "1,234.56 €"]
    assert [sentence(text) for text in ("there is no user 7", "Really?", "")] == ["There is no user 7.", "Really?", ""]
