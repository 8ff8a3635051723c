"""Requests and queries that are almost right: seeds from the recorded ones, and ways to damage them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.integration.telemetry_store import grafana_requests

_DATA = Path(__file__).resolve().parents[2] / "data" / "telemetry_store"

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|[\w.:$]+|\s+|[^\w\s]')

#: What parsers and evaluators trip over.
_ODD = (
    *(
        "0",
        "-1",
        "1e400",
        "NaN",
        "Inf",
        "-0x",
        "9" * 40,
        "1_0",
        "²",
        "5y",
        "1ms",
        "1000y",
        "0s",
        "''",
        '""',
        "``",
        "\\",
    ),
    *(
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "[5m]",
        "[5m:]",
        "[1y:1ms]",
        "|",
        "||",
        "&&",
        "!",
        "=~",
        "!~",
        "!=",
        "==",
        "^",
        "%",
    ),
    *("by", "without", "on", "ignoring", "group_left", "offset", "@", "bool", "or", "unless", "and", "nil", "true"),
    *("{}", "{{", "}}", ".", "..", ",", "#", "//", "\x00", "\n", "é", "🙂", "\ud7ff", "$x", "<_>", "ip(", "unwrap"),
    *("span.", "resource.", "event:", "trace:id", "parent.", ">>", "<<", "&>>", "!>>", "~", "!~", "| by(", "| select("),
    *("sum(", "topk(-1,", "quantile(2,", "count_values(", "rate(", "histogram_quantile(", "label_replace(", "sort("),
    *("| json", "| logfmt", "| regexp `(`", "| line_format `{{", "| label_format a=b", "| drop", "| decolorize"),
)


def queries() -> dict[str, list[str]]:
    """Hundreds of real queries by API."""
    found: dict[str, set[str]] = {"prometheus": set(_PROMQL), "loki": set(), "tempo": set()}
    for row in grafana_requests.rows():
        for parameters in (row.get("params", {}), row.get("form", {})):
            found[row["api"]].update(parameters[name] for name in ("query", "q", "match[]") if parameters.get(name))
    for api in ("loki", "tempo"):
        for path in _DATA.glob(f"{api}_answers.jsonl*"):
            content = path.read_bytes()
            for line in (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines():
                asked = json.loads(line)["params"]
                found[api].update(str(asked[name]) for name in ("query", "q") if isinstance(asked.get(name), str))
    return {api: sorted(texts) for api, texts in found.items()}


def damage(query: str, others: Sequence[str], random: Random) -> str:
    """The query with one to four accidents."""
    tokens = _TOKEN.findall(query)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(tokens) + 1)
        match random.randrange(7):
            case 0:
                del tokens[at : at + random.randint(1, 3)]
            case 1:
                tokens.insert(at, random.choice(_ODD))
            case 2:
                tokens[at : at + 1] = [random.choice(_ODD)]
            case 3:
                tokens[at:at] = tokens[at : at + random.randint(1, 6)]
            case 4:
                other = _TOKEN.findall(random.choice(others))
                begin = random.randrange(len(other) + 1)
                tokens[at:at] = other[begin : begin + random.randint(1, 12)]
            case 5:
                text = "".join(tokens)
                cut = random.randrange(len(text) + 1)
                tokens = _TOKEN.findall(
                    text[:cut] + chr(random.randrange(1, 0x250)) + text[cut + random.randint(0, 2) :]
                )
            case _:
                tokens = ["(", *tokens, ")"]
    return "".join(tokens)[:15_000]


def flip(body: bytes, random: Random) -> bytes:
    """The bytes cut off, with some changed, or with some twice."""
    content = bytearray(body)
    match random.randrange(4):
        case 0:
            del content[random.randrange(len(content)) :]
        case 1:
            for _ in range(random.randint(1, 8)):
                content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        case 2:
            at = random.randrange(len(content))
            content[at:at] = content[at : at + random.randint(1, 64)]
        case _:
            at = random.randrange(len(content))
            content[at : at + random.randint(1, 16)] = random.randbytes(random.randint(0, 16))
    return bytes(content)


_PROMQL = (
    "up", "-up", "up == bool 1", "up offset 5m", "up @ 1795172400", "up @ start()", "up[5m]", "up[5m:1m] offset 1m",
    "sum without (instance) (rate(frontend_requests_total[5m]))", "irate(frontend_requests_total[1m])",
    "increase(frontend_requests_total[1h])", "delta(frontend_active_users[5m])", "deriv(frontend_active_users[5m])",
    "predict_linear(frontend_active_users[10m], 3600)", "holt_winters(frontend_active_users[10m], 0.5, 0.5)",
    "resets(frontend_requests_total[10m])", "changes(frontend_active_users[10m])", "absent(nothing)",
    "absent_over_time(nothing[5m])", "present_over_time(up[5m])", "last_over_time(up[5m])",
    "quantile_over_time(0.9, frontend_active_users[10m])", "stddev_over_time(frontend_active_users[10m])",
    "max_over_time(sum(rate(frontend_requests_total[1m]))[10m:30s])", "avg_over_time(up[5m])",
    "topk(3, frontend_requests_total)", "bottomk by (service) (1, up)", 'count_values("value", frontend_active_users)',
    "quantile(0.5, up)", "stddev(up)", "stdvar(up)", "group(up)", "count(up) by (service)", "min(up)", "max(up)",
    "frontend_requests_total / on (instance) group_left up", "up and on (service) frontend_active_users > 1",
    "up or frontend_active_users", "up unless on (service) frontend_active_users", "1 + 2 * 3 ^ 2 % 4 - 5 / 6",
    "frontend_requests_total / ignoring (status) group_left sum without (status) (frontend_requests_total)",
    'label_replace(up, "tier", "$1", "service", "(.*)end")', 'label_join(up, "all", "-", "service", "job")',
    "histogram_quantile(0.99, sum by (le) (rate(frontend_request_duration_seconds_bucket[5m])))",
    "sort_desc(frontend_requests_total)", "clamp(up, 0, 1)", "clamp_min(up, 2)", "round(up, 0.5)", "abs(-up)",
    "ceil(up)", "floor(up)", "exp(up)", "ln(up)", "log2(up)", "log10(up)", "sqrt(up)", "sgn(up)", "sin(up)", "pi()",
    "time()", "timestamp(up)", "minute()", "hour()", "day_of_week()", "month(vector(0))", "year()", "days_in_month()",
    "vector(1)", "scalar(up)", '"text"', "1", "Inf", "NaN", "0x1f", '{__name__=~".+_total", service!="x"}',
)  # fmt: skip
