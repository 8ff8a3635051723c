"""What learners type, read: forgiving in form, strict in meaning."""

import re
import textwrap

from lab.exercises.exercise import Choice, Task

_TRACE_ID = re.compile(r"[0-9a-fA-F]{16,32}")
_NUMBER = re.compile(r"([+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Zµμ%]*)")

_BYTES = {
    "B": 1.0, "bytes": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30,
}  # fmt: skip
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


def clean(text: str) -> str:
    """Without what copying and chat windows add around an answer: spaces, code fences, one pair of backticks."""
    text = textwrap.dedent(text).strip()
    fenced = re.fullmatch(r"```\w*\n(.*?)\n?```", text, re.DOTALL)
    text = textwrap.dedent(fenced[1]).strip() if fenced else text
    if len(text) > 2 and text[0] == text[-1] == "`" and "`" not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def read_trace_id(text: str) -> str | None:
    """The one id in an answer, which may be the address of a page about the trace."""
    found = _TRACE_ID.findall(text)
    return found[0].lower().zfill(32) if len(found) == 1 else None


def read_number(text: str, unit: str = "") -> float | None:
    """`text` as a number of `unit`: "9.5", "9,5 ms", "0.0095 s" and "12 %" are understood, where they make sense."""
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        return None
    value, said = float(found[1].replace(",", ".")), found[2]
    if said in ("", unit):
        return value
    if said in _SECONDS and unit in _SECONDS:
        return value * _SECONDS[said] / _SECONDS[unit]
    if said in _BYTES and unit in _BYTES:
        return value * _BYTES[said] / _BYTES[unit]
    if said == "%" and not unit:
        return value / 100
    return None


def read_self_time(text: str) -> tuple[str, float] | None:
    """A trace's id and milliseconds: "0af7651916cd43dd8448eb211c80319c 3.2"."""
    trace_id = read_trace_id(text)
    if trace_id is None:
        return None
    milliseconds = read_number(_TRACE_ID.sub(" ", text).strip(" ,;:"), "ms")
    return None if milliseconds is None else (trace_id, milliseconds)


def read_names(text: str) -> frozenset[str]:
    """Names with commas, semicolons, line ends or "and" between them."""
    parts = re.split(r"[,;\n]|\s+and\s+", text)
    return frozenset(part.strip().strip("`\"'") for part in parts if part.strip())


def read_choice(task: Task, text: str) -> Choice | None:
    """By its letter as it is shown, or its id."""
    said = text.strip().rstrip(".)").lower()
    for letter, choice in zip("abcdefghij", task.choices, strict=False):
        if said in (letter, choice.id):
            return choice
    return None


def is_query(task: Task, answer: str) -> bool:
    """Whether a mistake of a task that asks for a value is a query for the wrong one, or the wrong value itself."""
    return task.kind == "number" and any(letter in answer for letter in "({[")
