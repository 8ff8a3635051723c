"""The queries of a dashboard's JSON as it opens: panels, variables, annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grafana.query_catalogue.query import LANGUAGES, Query
from grafana.query_catalogue.questions import Question, Questions, minutes_of, panels_of

_LEGEND_LABEL = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


def dashboard_files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.json"))


def queries_of_dashboard(file: Path) -> list[Query]:
    """Raises UnknownVariable when a query names a variable that the dashboard does not have."""
    return list(_queries(json.loads(file.read_text(encoding="utf-8"))))


def _queries(document: Mapping[str, Any]) -> Iterator[Query]:
    name, minutes, questions = f"dashboard {document['uid']}", minutes_of(document), Questions(document)
    for panel in panels_of(document):
        unit = str(panel.get("fieldConfig", {}).get("defaults", {}).get("unit", ""))
        for question in questions.of_panel(panel):
            where = f'{name}, panel "{panel.get("title", "")}", {question.ref_id}'
            yield _query(where, question, minutes, unit)
    for variable, question in questions.variables():
        yield _query(f"{name}, variable {variable['name']}", question, minutes)
    for annotation, question in questions.annotations():
        yield _query(f'{name}, annotation "{annotation["name"]}"', question, minutes)


def _query(where: str, question: Question, minutes: int, unit: str = "") -> Query:
    return Query(
        where,
        LANGUAGES[question.source],
        question.kind,
        question.text,
        question.label,
        minutes,
        question.may_be_empty,
        unit,
        tuple(_LEGEND_LABEL.findall(question.legend)),
    )
