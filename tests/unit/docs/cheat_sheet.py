"""The queries of the workshop's cheat sheet, in the form in which a backend is asked."""

from __future__ import annotations

import re
from typing import cast

from grafana.query_catalogue import Language, Query
from grafana.query_catalogue.query import kind_over_time
from lab.paths import REPOSITORY

CHEAT_SHEET = REPOSITORY / "docs/workshop/cheat-sheet.md"

#: One comes after another, each in a block of its own that names its language.
_HEADING_OR_QUERY = re.compile(r"^## ([^\n]+)$|^```(promql|logql|traceql)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def cheat_sheet_queries() -> list[Query]:
    heading, found = "", []
    for match in _HEADING_OR_QUERY.finditer(CHEAT_SHEET.read_text(encoding="utf-8")):
        if match[1]:
            heading = match[1]
            continue
        language, text = cast(Language, match[2]), match[3].strip()
        where = f"{heading}, {language}: {text}"
        found.append(Query(where, language, kind_over_time(language, text), text, minutes=5))
    return found
