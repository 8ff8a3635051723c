"""Whether lines can be found again: JSON with the ids of the request's span, and with nothing that belongs to somebody.

Each function returns what is wrong, a sentence or two each; nothing, when all is well.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lab.exercises.services.description import ExpectedLines, Service
from lab.exercises.services.observed import Observed
from lab.exercises.services.words import code, personal_values, requests_in_words, sent_of

_Fields = Mapping[str, Any]

#: A line is shown so far.
_SHOWN = 120


def check_lines(expected: ExpectedLines, service: Service, observed: Observed) -> list[str]:
    if not observed.lines:
        return ["The service writes nothing to standard output. `logging.StreamHandler(sys.stdout)` writes there."]
    lines = [(line, _fields(line)) for line in observed.lines]
    problems = [_no_object(line) for line, fields in lines if fields is None][:1]
    if expected.nothing_personal:
        problems += _personal(observed)
    read = [fields for _, fields in lines if fields is not None]
    if problems or not read:
        return problems
    problems = list(_wrong_ids(read, observed))
    return problems or list(dict.fromkeys(_wrong_lines(expected, service, observed, read)))


def _fields(line: str) -> _Fields | None:
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _no_object(line: str) -> str:
    says = f"This line is no JSON object: `{line[:_SHOWN]}`."
    if line.strip() in ("{", "["):
        return f"{says} One object, one line: without `indent`."
    if line.startswith("{'"):
        return f"{says} So Python writes a dictionary; `json.dumps(…)` makes JSON of it."
    return says


def _personal(observed: Observed) -> Iterator[str]:
    for value in sorted(personal_values(observed)):
        line = next((line for line in observed.lines if value in line), None)
        if line is not None:
            yield (
                f"A line has `{value}` in it, which belongs to somebody: `{line[:_SHOWN]}`. Logs are kept for long and "
                "read by many."
            )
            return


def _wrong_ids(read: list[_Fields], observed: Observed) -> Iterator[str]:
    """Of lines that were written while a request was answered; others have no ids to write."""
    written = [str(fields["trace_id"]) for fields in read if fields.get("trace_id")]
    if not written:
        yield f"None of {len(read)} lines has the field `trace_id`."
    elif all(set(one) == {"0"} for one in written):
        yield "`trace_id` is 0 in every line: where the line is written, no span is current."
    elif not any(re.fullmatch(r"[0-9a-f]{32}", one) for one in written):
        yield (
            f"`trace_id` is written as `{written[0]}`: expected are 32 digits of 0-9 and a-f "
            "(`format(context.trace_id, '032x')`), as every other tool writes it."
        )
    elif not {one.trace_id for one in observed.sent} & set(written):
        yield "`trace_id` has the form of an id, but it is that of none of the requests."


def _wrong_lines(expected: ExpectedLines, service: Service, observed: Observed, read: list[_Fields]) -> Iterator[str]:
    spans = {(span.trace_id, span.span_id) for span in observed.spans}
    for name, level in expected.levels.items():
        sent = sent_of(observed, [name])
        kind = requests_in_words(service.requests(name), len(sent))
        for one in sent:
            lines = [fields for fields in read if fields.get("trace_id") == one.trace_id]
            if not lines:
                yield f"There is no line with the `trace_id` of the request for {kind}."
                continue
            levels = [str(fields.get("level", "")).lower() for fields in lines]
            if level not in levels:
                has = f"has the level {code(sorted({one or 'none' for one in levels}))}"
                yield f"The line of {kind} {has}; `{level}` is what it is to have."
                continue
            line = lines[levels.index(level)]
            if missing := [field for field in ("message", *expected.fields) if line.get(field) in (None, "")]:
                yield f"The line of {kind} has no field {code(missing)}."
            if (one.trace_id, str(line.get("span_id", ""))) not in spans:
                yield (
                    f"The line of {kind} has no `span_id` of a span in its trace: 16 digits of 0-9 and a-f, as "
                    "`format(context.span_id, '016x')` writes it."
                )
