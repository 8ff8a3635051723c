"""The verdict on an answer: a pure function of the task, the answer and what was gathered about it.

Queries are judged by what they find over the same time as the reference, never by their text: any right query passes. A
number that happens to fit one moment does not, because several moments and all series are compared.
"""

from dataclasses import replace

from lab.exercises.alert_checks import check_alert_rule
from lab.exercises.exercise import Task
from lab.exercises.query_checks import check_query
from lab.exercises.recording_checks import check_recording_rule
from lab.exercises.results import Data
from lab.exercises.services.checking import check_service
from lab.exercises.trace_checks import check_self_time, check_trace
from lab.exercises.value_checks import check_choice, check_names, check_number
from lab.exercises.verdict import Verdict


def check(task: Task, answer: str, data: Data) -> Verdict:
    """`answer` as `answers.clean` leaves it, `data` as `gathering.gather` brings it."""
    match task.kind:
        case "promql" | "logql" | "traceql":
            verdict = check_query(task, answer, data)
        case "trace_id":
            verdict = check_trace(task, answer, data)
        case "self_time":
            verdict = check_self_time(task, answer, data)
        case "choice":
            verdict = check_choice(task, answer)
        case "number":
            verdict = check_number(task, answer, data)
        case "text_set":
            verdict = check_names(task, answer, data)
        case "alert_rule":
            verdict = check_alert_rule(task, answer, data)
        case "recording_rule":
            verdict = check_recording_rule(task, answer, data)
        case "instrument":
            assert task.service is not None
            assert data.service is not None
            verdict = check_service(task.expects, task.service, data.service)
    return replace(verdict, points=task.points if verdict.passed else 0)
