"""The pages of a workshop, and the JSON under them.

For everybody:
    GET  /                          the page with the roster
    GET  /api/roster                {learners: [{name, team, here, solved, exercises, points, pointsPossible, at}]}
For learners' labs, which say who they are with `Authorization: Bearer TOKEN`, a token that they have made:
    POST /api/join                  {name, team?, token} → {name, team}
    POST /api/report                {lab, exercises, on, answers} → {orders: [{id, do, fault, set}]}
    POST /api/leave                 → {}
For the instructor, with `Authorization: Bearer SECRET`:
    GET  /instructor                the page; the secret is behind the # of its address, which no browser sends
    GET  /api/instructor/roster     the roster, with each lab's health, what is on, and the newest order
    GET  /api/instructor/faults     the truth about each fault
    GET  /api/instructor/exercises  the solutions
    POST /api/instructor/orders     {to, do, fault?, set?} → {given: [names]}
    POST /api/instructor/remove     {learner} → {}

An error is a status of 4xx or 5xx with {"error": "what happened, and what to do"}.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, send_from_directory
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from lab.faults.catalogue import read_catalogue
from lab.paths import REPOSITORY
from lab.workshop.secret import instructor_token
from workshop import answer_key, guard, messages
from workshop.guard import Refused
from workshop.roster import FILE, NotTaken, Removed, Roster, Unknown
from workshop.settings import read_settings

#: Folders whose files the pages are made of; addresses are as in the repository, so that modules find each other.
_STATIC = ("workbench/static", "workshop/static")
_KINDS = (".js", ".css", ".svg")


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Raises ValueError when a setting or a file of the folder cannot be used, OSError when it cannot be read."""
    settings = read_settings(os.environ if environ is None else environ)
    return build_app(Roster(settings.folder / FILE), instructor_token(settings.folder))


def build_app(roster: Roster, secret: str) -> Flask:
    """The app around the roster; `secret` is the instructor's."""
    app = Flask("workshop", static_folder=None, template_folder=str(Path(__file__).parent / "templates"))
    app.config["MAX_CONTENT_LENGTH"] = guard.MOST_BYTES
    catalogue = read_catalogue()

    app.before_request(lambda: guard.refuse_other_pages(request))
    app.after_request(guard.with_headers)

    @app.get("/")
    def page() -> str:
        return render_template("roster.html")

    @app.get("/instructor")
    def instructor_page() -> str:
        return render_template("instructor.html")

    @app.get("/api/roster")
    def show_roster() -> Response:
        return _now({"learners": roster.for_everybody()})

    @app.post("/api/join")
    def join() -> Response:
        learner = roster.join(guard.read(request, messages.read_joining))
        return _now({"name": learner.name, "team": learner.team})

    @app.post("/api/report")
    def report() -> Response:
        told = guard.read(request, messages.read_report)
        return _now({"orders": roster.report(guard.bearer_token(request), told)})

    @app.post("/api/leave")
    def leave() -> Response:
        roster.leave(guard.bearer_token(request))
        return _now({})

    @app.get("/api/instructor/roster")
    def show_roster_to_instructor() -> Response:
        guard.require_instructor(request, secret)
        return _now({"learners": roster.for_instructor()})

    @app.get("/api/instructor/faults")
    def show_faults() -> Response:
        guard.require_instructor(request, secret)
        return _now({"faults": answer_key.faults_key(catalogue)})

    @app.get("/api/instructor/exercises")
    def show_exercises() -> Response:
        guard.require_instructor(request, secret)
        return _now(answer_key.exercises_key())

    @app.post("/api/instructor/orders")
    def give() -> Response:
        guard.require_instructor(request, secret)
        recipients, wish = guard.read(request, lambda content: messages.read_order(content, catalogue))
        return _now({"given": roster.give(recipients, wish)})

    @app.post("/api/instructor/remove")
    def remove() -> Response:
        guard.require_instructor(request, secret)
        roster.remove(guard.read(request, messages.read_name))
        return _now({})

    for folder in _STATIC:
        app.add_url_rule(f"/{folder}/<path:name>", folder, _files_of(REPOSITORY / folder))

    @app.get("/favicon.ico")
    def icon() -> AnyResponse:
        return redirect("/workbench/static/favicon.svg")

    @app.get("/ready")
    def ready() -> dict[str, Any]:
        return {"status": "ready", "service": "workshop"}

    @app.errorhandler(Refused)
    def on_refused(error: Refused) -> Response:
        return _problem(error.status, str(error))

    @app.errorhandler(NotTaken)
    def on_not_taken(error: NotTaken) -> Response:
        return _problem(409, str(error))

    @app.errorhandler(Unknown)
    def on_unknown(error: Unknown) -> Response:
        return _problem(404, str(error))

    @app.errorhandler(Removed)
    def on_removed(error: Removed) -> Response:
        return _problem(410, "the instructor has removed you from the workshop")

    @app.errorhandler(HTTPException)
    def on_http_exception(error: HTTPException) -> Response:
        sentence = f"{request.method} {request.path}: {error.description or error.name}"
        if error.code == 413:
            sentence = f"the body is too large: send at most {guard.MOST_BYTES} bytes"
        return _problem(error.code or 500, sentence)

    return app


def _files_of(folder: Path) -> Any:
    def answer(name: str) -> Response:
        if not name.endswith(_KINDS):
            raise Refused(404, f"there is no file {name}")
        response = send_from_directory(folder, name)
        # A browser asks each time whether it has changed: no page gets modules of two versions.
        response.headers["Cache-Control"] = "no-cache"
        return response

    return answer


def _now(content: Mapping[str, Any]) -> Response:
    response = jsonify(content)
    response.headers["Cache-Control"] = "no-store"
    return response


def _problem(status: int, sentence: str) -> Response:
    response = _now({"error": sentence})
    response.status_code = status
    return response
