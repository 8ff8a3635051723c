"""Runs a learner's service, sends it the exercise's requests, and collects what arrives. Nothing is judged here."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open_metrics
from prometheus_client.parser import text_string_to_metric_families

from lab.exercises.services.description import Requests, Service
from lab.exercises.services.neighbour import NeighbourServer
from lab.exercises.services.observed import Call, Family, Observed, Sample, Scrape, SeenSpan, Sent
from lab.exercises.services.process import ServiceProcess, last_error

#: Until the first answer: on a busy machine importing takes its time.
START_SECONDS = 20.0
#: For one answer, and for what goes on after it.
ANSWER_SECONDS = 5.0
#: For all of it.
MOST_SECONDS = 45.0

_MOST_UNANSWERED = 2

_BETWEEN_QUESTIONS_SECONDS = 0.01
_END_IS_NOTICED_SECONDS = 1.0

#: The span that a request comes from; it is the caller's, and never arrives.
_CALLER_SPAN_ID = "00f067aa0ba902b7"


class _Ended(Exception):
    """The service does not run, or not well enough to be asked on."""


def observe(service: Service, folder: Path) -> Observed:
    """Takes as long as the requests and a start do; never longer than MOST_SECONDS."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-service-")))
        neighbour = stack.enter_context(NeighbourServer()) if service.neighbour else None
        variables = {service.neighbour.variable: neighbour.url} if service.neighbour and neighbour else {}
        process = stack.enter_context(ServiceProcess(folder, service.name, scratch, variables))
        return _Driver(service, process).drive(lambda: neighbour.calls if neighbour else ())


class _Driver:
    def __init__(self, service: Service, process: ServiceProcess) -> None:
        self._service = service
        self._process = process
        self._deadline = time.monotonic() + MOST_SECONDS
        # With zeros in it the id would look like a number; the requests count up from it.
        self._trace_ids = (f"{0x4BF92F3577B34DA6A3CE929D0E0E4700 + number:032x}" for number in count(1))
        self._sent: list[Sent] = []
        self._meanwhile: list[Scrape] = []

    def drive(self, calls: Callable[[], tuple[Call, ...]]) -> Observed:
        ended = ""
        scrape = Scrape(problem="it was not asked for its metrics")
        try:
            self._await_start()
            for one in self._service.sends:
                self._send_all(one)
            scrape = self._scrape()
        except _Ended as reason:
            ended = str(reason)
        return Observed(
            ended=ended,
            last_error=last_error(self._process.errors()),
            sent=tuple(self._sent),
            scrapes_before=1 + len(self._meanwhile),
            scrapes_meanwhile=tuple(self._meanwhile),
            scrape=scrape,
            spans=tuple(_spans(self._process.spans())),
            lines=tuple(line for line in self._process.output().splitlines() if line.strip()),
            calls=calls(),
        )

    def _await_start(self) -> None:
        """Any answer will do. The question waits in the socket's queue until the service takes it; it is for the
        metrics, so that nothing is asked that a monitoring system would not ask."""
        try:
            _ask("GET", f"{self._process.url}/metrics", START_SECONDS)
        except requests.RequestException:
            self._require_running()
            raise _Ended(f"it did not answer within {START_SECONDS:g} s of its start") from None

    def _require_running(self) -> None:
        if self._process.has_ended(_END_IS_NOTICED_SECONDS):
            raise _Ended("it ended by itself")

    def _send_all(self, one: Requests) -> None:
        if one.until:
            self._ask_until(one)
        elif one.at_once:
            with ThreadPoolExecutor(one.times) as pool:
                answers = [pool.submit(self._send, one, number) for number in range(1, one.times + 1)]
                while wait(answers, timeout=_BETWEEN_QUESTIONS_SECONDS).not_done:
                    self._meanwhile.append(self._scrape())
            self._sent += [answer.result() for answer in answers]
        else:
            for number in range(1, one.times + 1):
                sent = self._send(one, number)
                self._sent.append(sent)
                if sent.status is None:
                    self._require_running()
                    self._give_up_on_silence(one)

    def _give_up_on_silence(self, one: Requests) -> None:
        """Once may be a slip; a service that hangs would take minutes."""
        if sum(sent.status is None for sent in self._sent) >= _MOST_UNANSWERED:
            raise _Ended(f"`{one.method} {one.path}` has not been answered within {ANSWER_SECONDS:g} s")

    def _ask_until(self, one: Requests) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            self._sent.append(self._send(one, 1))
            if self._last_text.find(one.until) >= 0 or self._sent[-1].status != one.answers:
                return
            time.sleep(_BETWEEN_QUESTIONS_SECONDS)

    def _send(self, one: Requests, number: int) -> Sent:
        if time.monotonic() > self._deadline:
            raise _Ended(f"it takes longer than {MOST_SECONDS:g} s to answer everything")
        body = _numbered(one.body, number)
        trace_id = next(self._trace_ids)
        begun = time.monotonic()
        status = None
        self._last_text = ""
        try:
            answer = _ask(
                one.method,
                self._process.url + str(_numbered(one.path, number)),
                ANSWER_SECONDS,
                json=body,
                headers={"traceparent": f"00-{trace_id}-{_CALLER_SPAN_ID}-01"},
            )
            status, self._last_text = answer.status_code, answer.text
        except requests.RequestException:
            pass
        personal = tuple(str(value) for value in _values(body, self._service.personal))
        return Sent(one.name, trace_id, status, time.monotonic() - begun, personal)

    def _scrape(self) -> Scrape:
        try:
            answer = _ask("GET", f"{self._process.url}/metrics", ANSWER_SECONDS)
        except requests.RequestException:
            return Scrape(problem="`GET /metrics` was not answered")
        if answer.status_code != 200:
            return Scrape(problem=f"`GET /metrics` is answered with {answer.status_code}")
        return read_scrape(answer.text)


def _ask(method: str, url: str, timeout_seconds: float, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=timeout_seconds, **options)


def _numbered(part: Any, number: int) -> Any:
    """`{n}` filled in, however deep."""
    if isinstance(part, str):
        return part.replace("{n}", str(number))
    if isinstance(part, dict):
        return {key: _numbered(value, number) for key, value in part.items()}
    return [_numbered(one, number) for one in part] if isinstance(part, list) else part


def _values(body: Any, fields: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(body, dict):
        for key, value in body.items():
            if key in fields:
                yield value
            else:
                yield from _values(value, fields)


def read_scrape(text: str) -> Scrape:
    """Metrics in either of the text formats, as Prometheus would read them."""
    is_open_metrics = text.rstrip().endswith("# EOF")
    read = read_open_metrics if is_open_metrics else text_string_to_metric_families
    try:
        families = tuple(
            Family(
                family.name,
                family.type,
                tuple(Sample(one.name, dict(one.labels), float(one.value)) for one in family.samples),
            )
            for family in read(text)
        )
    except (ValueError, IndexError, KeyError) as error:
        return Scrape(problem=f"what `GET /metrics` answers is not in the form of metrics: {error}")
    return Scrape(families)


def _spans(text: str) -> Iterator[SeenSpan]:
    """Those that have ended, and those that have only begun."""
    begun: dict[str, SeenSpan] = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            # The last line of a process that was ended may be half a line.
            continue
        if "ended" in entry:
            span = _span(entry["ended"], ended=True)
            begun.pop(span.span_id, None)
            yield span
        else:
            span = _span(entry["began"], ended=False)
            begun[span.span_id] = span
    yield from begun.values()


def _span(content: Mapping[str, Any], ended: bool) -> SeenSpan:
    """From the SDK's own JSON, which has ids with 0x and times as text."""
    context, status = content["context"], content.get("status") or {}
    return SeenSpan(
        trace_id=context["trace_id"].removeprefix("0x"),
        span_id=context["span_id"].removeprefix("0x"),
        parent_span_id=(content["parent_id"] or "").removeprefix("0x"),
        name=content["name"],
        kind=_kind(content["kind"]),
        status=str(status.get("status_code", "UNSET")).lower(),
        attributes=content.get("attributes") or {},
        exceptions=tuple(
            str(event["attributes"].get("exception.type", ""))
            for event in content.get("events") or ()
            if event["name"] == "exception"
        ),
        seconds=(_time(content["end_time"]) - _time(content["start_time"])).total_seconds() if ended else 0.0,
        ended=ended,
    )


def _kind(written: str) -> str:
    """Of what is no SpanKind the text in quotes: the SDK takes it, and only the exporter fails."""
    name = written.removeprefix("SpanKind.")
    return name.lower() if name != written else f'"{written}"'


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
