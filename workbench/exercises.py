"""Exercises in a browser: `lab exercise`, over the same functions, with the same progress.

The learner is the same, too: who has started the lab. What would answer a task stays here until it is asked for.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from workbench.answers import answer, problem
from workbench.beside_lab import NoLab, backends, kept, state_directory
from workbench.settings import Settings
from workbench.writing import writing_route

if TYPE_CHECKING:
    from lab.exercises.exercise import Exercise, Task
    from lab.exercises.session import Session
    from lab.paths import StateDirectory


class Exercises:
    """The routes below /api/exercises."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own_address = f"http://127.0.0.1:{settings.port}"

    def routes(self) -> list[BaseRoute]:
        writing: Mapping[str, Callable[[dict[str, Any]], Response]] = {
            "start": self._start,
            "check": self._check,
            "hint": self._hint,
            "solution": self._solution,
            "reset": self._reset,
        }
        return [
            Route("/api/exercises", self._list),
            *(
                writing_route(f"/api/exercises/{verb}", self._settings.writers, _answering(write))
                for verb, write in writing.items()
            ),
            Route("/api/exercises/{name}", self._show),
        ]

    async def _list(self, request: Request) -> Response:
        def read() -> Response:
            from lab.exercises.as_json import exercise_as_json, unreadable_as_json
            from lab.exercises.exercise import PARTS

            session = self._session()
            return answer(
                {
                    "learner": session.learner,
                    "parts": [{"number": number, "title": title} for number, title in PARTS.items()],
                    "exercises": [
                        {**exercise_as_json(session, exercise), "here": self._is_possible_here(exercise)}
                        for exercise in session.exercises()
                    ],
                    "unreadable": unreadable_as_json(session),
                }
            )

        return await asyncio.to_thread(_told, read)

    async def _show(self, request: Request) -> Response:
        name = request.path_params["name"]

        def read() -> Response:
            session = self._session()
            return answer(self._shown(session, session.find(name)))

        return await asyncio.to_thread(_told, read)

    def _start(self, wish: dict[str, Any]) -> Response:
        from lab.exercises.needs import unmet
        from lab.exercises.preparation import prepare_lab
        from lab.run_state import read_run_state
        from lab.telemetry_client import TelemetryClient, TelemetryError

        session = self._session()
        exercise = session.find(_text(wish, "exercise"))
        directory = self._directory()
        notes: list[str] = []
        state = None
        if exercise.service is None:
            prepare_lab(exercise, directory)
            state = read_run_state(directory)
        if state is not None:
            # An API that does not answer is no reason not to begin: the page says so by itself.
            with suppress(TelemetryError), TelemetryClient.from_backends(backends(self._settings)) as client:
                notes = unmet(exercise.needs, exercise.system, state, client)
        session.start(exercise)
        return answer({**self._shown(session, exercise), "notes": notes})

    def _check(self, wish: dict[str, Any]) -> Response:
        from lab.exercises.preparation import require_prepared, times_of
        from lab.telemetry_client import TelemetryClient

        session, exercise, task = self._task(wish)
        given = "" if task.service else _text(wish, "answer")
        times = None
        if exercise.service is None:
            require_prepared(exercise, self._directory())
        if exercise.needs.faults:
            times = times_of(exercise, self._directory())
        with TelemetryClient.from_backends(backends(self._settings)) as client:
            judged = session.check(exercise, task, given, client, times)
        # Later tasks may build on this answer.
        shown = self._shown(session, session.find(exercise.name))
        return answer({"verdict": asdict(judged.verdict), "points": judged.points, "exercise": shown})

    def _hint(self, wish: dict[str, Any]) -> Response:
        session, exercise, task = self._task(wish)
        session.hint(exercise, task)
        return answer({"exercise": self._shown(session, exercise)})

    def _solution(self, wish: dict[str, Any]) -> Response:
        session, exercise, task = self._task(wish)
        session.solution(exercise, task)
        return answer({"exercise": self._shown(session, exercise)})

    def _reset(self, wish: dict[str, Any]) -> Response:
        session = self._session()
        exercise = session.find(_text(wish, "exercise"))
        session.reset(exercise)
        return answer({"exercise": self._shown(session, session.find(exercise.name))})

    def _task(self, wish: Mapping[str, Any]) -> tuple[Session, Exercise, Task]:
        session = self._session()
        exercise = session.find(_text(wish, "exercise"))
        return session, exercise, session.find_task(exercise, _text(wish, "task"))

    def _shown(self, session: Session, exercise: Exercise) -> dict[str, Any]:
        from lab.exercises.as_json import exercise_as_json
        from lab.exercises.exercise import PARTS

        names = [one.name for one in session.exercises()]
        place = names.index(exercise.name)
        return {
            **exercise_as_json(session, exercise, with_text=True),
            "learner": session.learner,
            "part_title": PARTS[exercise.part],
            "next": names[place + 1] if place + 1 < len(names) else None,
            # Links in texts begin so, by whatever name the page was opened.
            "workbench": self._own_address,
            "changes_lab": bool(exercise.needs.faults),
            "ready": self._is_ready(session, exercise),
        }

    def _is_possible_here(self, exercise: Exercise) -> bool:
        """Whether what it is about runs in this lab."""
        systems = self._settings.systems
        return exercise.service is not None or not systems or exercise.system in systems

    def _is_ready(self, session: Session, exercise: Exercise) -> bool:
        """Whether the lab is as the exercise needs it; how it is, is for the learner to find out."""
        from lab.exercises.preparation import is_prepared

        if exercise.service is not None:
            return session.has_folder(exercise.service)
        if not exercise.needs.faults:
            return True
        with suppress(NoLab):
            return is_prepared(exercise, self._directory())
        return False

    def _session(self) -> Session:
        from lab.exercises.learner import LEARNER_VARIABLE, user_name
        from lab.exercises.loader import EXERCISES, read_path
        from lab.exercises.personal import places_of
        from lab.exercises.progress import ProgressStore, progress_file
        from lab.exercises.session import Session

        places = places_of({**backends(self._settings), **self._settings.service_urls, "workbench": self._own_address})
        if self._settings.grafana_url:
            places["grafana"] = self._settings.grafana_url
        self._directory()
        path = kept(EXERCISES, lambda: read_path(EXERCISES))
        return Session(
            path.exercises,
            ProgressStore(progress_file()),
            os.environ.get(LEARNER_VARIABLE) or user_name(),
            places,
            unreadable=path.unreadable,
        )

    def _directory(self) -> StateDirectory:
        return state_directory(self._settings)


def _answering(write: Callable[[dict[str, Any]], Response]) -> Callable[[dict[str, Any]], Response]:
    return lambda wish: _told(lambda: write(wish))


def _told(act: Callable[[], Response]) -> Response:
    """What can go wrong, as the page tells it."""
    from lab.exercises.preparation import NotNow
    from lab.exercises.progress import ProgressError
    from lab.exercises.services.workspace import WorkspaceError
    from lab.exercises.session import TaskComesLater, UnknownExercise
    from lab.faults.catalogue import CatalogueError, UnknownFault
    from lab.faults.flag_file import FlagFileError
    from lab.faults.parameters import ParameterError
    from lab.telemetry_client import TelemetryError
    from lab.yaml_document import ContentError

    try:
        return act()
    except UnknownExercise as error:
        return problem(404, "not_found", str(error))
    except (NoLab, NotNow, TaskComesLater, WorkspaceError) as error:
        return problem(409, "not_now", str(error))
    except TelemetryError as error:
        return problem(502, "unreachable", str(error))
    except (ContentError, CatalogueError, UnknownFault, ParameterError, ProgressError, FlagFileError) as error:
        return problem(500, "internal", str(error))


def _text(wish: Mapping[str, Any], name: str) -> str:
    value = wish.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name!r} is missing, or empty")
    return value
