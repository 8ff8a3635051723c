"""Made-up traces, as Tempo answers them, for tests of static/trace/."""

import base64
import itertools
import random
from collections.abc import Sequence
from typing import Any

#: 2026-11-21; nanoseconds since 1970 do not fit a double any more: odd ones show whether one was used.
EPOCH_NANO = 1_795_263_174_759_434_961
TRACE_ID = "57b57eff8adcb00288ff514c2067b465"


def span(name: str, start_micros: float, end_micros: float, parent: str | None = None, **more: Any) -> dict[str, Any]:
    """One span; its id is made of its name, so that others can name it as their parent. `service`, `kind`, `status`,
    `attributes` (a dict of texts and whole numbers) and OTLP's own names."""
    attributes = more.pop("attributes", {})
    status = {"code": "STATUS_CODE_ERROR"} if more.pop("status", None) == "error" else {}
    made = {
        "traceId": base64.b64encode(bytes.fromhex(TRACE_ID)).decode(),
        "spanId": span_id(name),
        "name": name.partition("#")[0],
        "kind": f"SPAN_KIND_{more.pop('kind', 'internal').upper()}",
        "startTimeUnixNano": str(EPOCH_NANO + round(start_micros * 1000)),
        "endTimeUnixNano": str(EPOCH_NANO + round(end_micros * 1000)),
        "attributes": [pair(key, value) for key, value in attributes.items()],
        "status": status,
        "service": more.pop("service", "shop"),
        **more,
    }
    if parent is not None:
        made["parentSpanId"] = span_id(parent)
    return made


def pair(key: str, value: str | int) -> dict[str, Any]:
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}


def span_id(name: str) -> str:
    return base64.b64encode(name.encode().ljust(8, b".")[:8]).decode()


def hex_id(name: str) -> str:
    return base64.b64decode(span_id(name)).hex()


def answer(spans: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """As Tempo's v2 API answers: a batch for each run of one service's spans."""
    batches = [
        {
            "resource": {"attributes": [pair("service.name", service)]},
            "scopeSpans": [{"scope": {"name": "tests"}, "spans": [_without_service(one) for one in group]}],
        }
        for service, group in itertools.groupby(spans, key=lambda one: one["service"])
    ]
    return {"trace": {"resourceSpans": batches}}


def random_tree(seed: int, spans: int, *, sequential: bool) -> dict[str, Any]:
    """Spans within their parents. `sequential`: no two children of one run at the same time."""
    chance = random.Random(seed)
    made = [span("s0", 0, chance.randint(1, 10**6), service="a")]
    free = [(0, _micros(made[0]))]
    while len(made) < spans:
        at = chance.randrange(len(free))
        parent, (start, end) = free[at]
        first, second = sorted((chance.uniform(start, end), chance.uniform(start, end)))
        child = span(f"s{len(made)}", first, second, parent=f"s{parent}", service=chance.choice("abc"))
        if sequential:
            # What is left of the parent is on one side of the child or on the other.
            free[at] = (parent, (start, first)) if chance.random() < 0.5 else (parent, (second, end))
        free.append((len(made), (first, second)))
        made.append(child)
    chance.shuffle(made)
    return answer(made)


def _micros(one: dict[str, Any]) -> tuple[float, float]:
    nanos = (int(one["startTimeUnixNano"]), int(one["endTimeUnixNano"]))
    return ((nanos[0] - EPOCH_NANO) / 1000, (nanos[1] - EPOCH_NANO) / 1000)


def _without_service(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "service"}


#: Begins an expression for `module` that also needs the model: `address` is the module's own.
PARSED = """async (m, answers) => {
  const { parseTrace } = await import(address.replace(/[^/]+$/, "model.js"));
  const traces = answers.map((answer) => parseTrace(answer));
"""
