"""Faults for an instructor: `lab fault` in a browser.

The catalogue is the same for everybody and says nothing about this lab. What is on is another question, with an answer
for those only who may change it, and for nobody while an incident runs: no other page asks it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from workbench.answers import answer, problem
from workbench.beside_lab import NoLab, backends, kept, state_directory
from workbench.security import why_it_is_read_only
from workbench.settings import Settings
from workbench.writing import writing_route

if TYPE_CHECKING:
    from lab.faults.catalogue import Catalogue
    from lab.faults.switching import Switches


class Faults:
    """The routes below /api/faults."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[BaseRoute]:
        writers = self._settings.writers
        return [
            Route("/api/faults", self._catalogue),
            Route("/api/faults/on", self._states),
            Route("/api/faults/evidence/{name}", self._evidence),
            Route("/api/faults/recovery/{name}", self._recovery),
            writing_route("/api/faults/switch-on", writers, self._switch_on),
            writing_route("/api/faults/switch-off", writers, self._switch_off),
            writing_route("/api/faults/clear", writers, self._clear),
        ]

    async def _catalogue(self, request: Request) -> Response:
        return await asyncio.to_thread(self._read_catalogue)

    async def _states(self, request: Request) -> Response:
        return await self._to_who_may_change_it(request, self._told)

    async def _evidence(self, request: Request) -> Response:
        return await self._to_who_may_change_it(request, lambda: self._look(request.path_params["name"]))

    async def _recovery(self, request: Request) -> Response:
        def look() -> Response:
            try:
                was = _was_on(request.query_params)
            except ValueError as error:
                return problem(400, "bad_data", str(error))
            return self._look(request.path_params["name"], was)

        return await self._to_who_may_change_it(request, look)

    async def _to_who_may_change_it(self, request: Request, told: Callable[[], Response]) -> Response:
        reason = why_it_is_read_only(request.scope, self._settings.writers)
        if reason is not None:
            return problem(403, "forbidden", f"what is on is told where it can be changed: {reason}")
        return await asyncio.to_thread(told)

    def _look(self, name: str, was: _WasOn | None = None) -> Response:
        """What the telemetry shows of a fault that is on, or whether all is as before it `was` on:
        `{findings: [{says, expects, before, now, holds}]}`."""
        from lab.faults.as_json import finding_as_json
        from lab.faults.catalogue import CatalogueError, UnknownFault
        from lab.faults.flag_file import FlagFileError, SwitchedOn
        from lab.faults.injection import Injection
        from lab.faults.parameters import ParameterError, chosen_parameters
        from lab.faults.switching import Switches, SwitchingRefused
        from lab.telemetry_client import TelemetryClient, TelemetryError

        try:
            catalogue = _catalogue()
            fault = catalogue[name]
            flags = Switches(state_directory(self._settings), catalogue).flags()
            on = flags.switched_on().get(fault.flag)
            if was is not None:
                if on is not None:
                    return problem(409, "not_now", "it is on")
                on = SwitchedOn(chosen_parameters(fault, was.parameters), was.since)
            if on is None or on.since is None:
                return problem(409, "not_now", "it is not on, or nobody knows since when: there is nothing to compare")
            with TelemetryClient.from_backends(backends(self._settings)) as client:
                injection = Injection.resumed(fault, flags, client, on)
                findings = injection.findings() if was is None else injection.recovery_findings(was.until)
        except ParameterError as error:
            return problem(400, "bad_data", str(error))
        except UnknownFault as error:
            return problem(404, "not_found", str(error))
        except (NoLab, SwitchingRefused) as error:
            return problem(409, "not_now", str(error))
        except TelemetryError as error:
            return problem(502, "unreachable", str(error))
        except (CatalogueError, FlagFileError) as error:
            return problem(500, "internal", str(error))
        return answer({"findings": [finding_as_json(finding) for finding in findings]})

    def _read_catalogue(self) -> Response:
        from lab.faults.as_json import fault_as_json
        from lab.faults.catalogue import CatalogueError

        try:
            catalogue = _catalogue()
        except CatalogueError as error:
            return problem(500, "internal", str(error))
        systems = self._settings.systems
        return answer(
            {
                "faults": [
                    fault_as_json(fault) for fault in catalogue.values() if not systems or fault.system in systems
                ],
                "unreadable": [{"name": name, "problem": reason} for name, reason in catalogue.unreadable.items()],
            }
        )

    def _told(self) -> Response:
        """`{on: {name: {since, parameters}}}`, or `{refusal}` while nobody is told."""
        from lab.faults.catalogue import CatalogueError
        from lab.faults.flag_file import FlagFileError
        from lab.faults.states import state_as_json, told_states
        from lab.incidents.files import refusal

        try:
            directory = state_directory(self._settings)
            reason = refusal(directory)
            states = told_states(directory)
            told = {fault.name: state_as_json(fault, states) for fault in _catalogue().values()}
        except NoLab as error:
            return answer({"refusal": str(error), "on": {}})
        except (CatalogueError, FlagFileError) as error:
            return problem(500, "internal", str(error))
        return answer({"refusal": reason, "on": {name: state for name, state in told.items() if state["on"]}})

    def _switch_on(self, wish: dict[str, Any]) -> Response:
        """`{name, set: {parameter: text}}`."""
        settings = wish.get("set", {})
        if not isinstance(settings, dict):
            raise ValueError("'set' is an object: the name of each parameter, and its value")
        name = _name(wish)
        return self._switch(lambda switches: switches.switch_on(name, settings))

    def _switch_off(self, wish: dict[str, Any]) -> Response:
        """`{name}`."""
        name = _name(wish)
        return self._switch(lambda switches: switches.switch_off(name))

    def _clear(self, wish: dict[str, Any]) -> Response:
        """`{}`: everything off. Also mends a flag file that cannot be read."""
        return self._switch(lambda switches: switches.clear())

    def _switch(self, change: Callable[[Switches], object]) -> Response:
        """What is on after the change. Raises ValueError that says why it cannot be."""
        from lab.faults.catalogue import UnknownFault
        from lab.faults.flag_file import FlagFileError
        from lab.faults.switching import Switches, SwitchingRefused

        try:
            # A ParameterError is a ValueError already, and says what the parameter can be.
            change(Switches(state_directory(self._settings), _catalogue()))
        except (NoLab, UnknownFault, SwitchingRefused) as error:
            raise ValueError(str(error)) from None
        except FlagFileError as error:
            return problem(500, "internal", str(error))
        return self._told()


@dataclass(frozen=True)
class _WasOn:
    """What a page remembers of a fault that is off again. Times are unix seconds."""

    since: float
    until: float
    parameters: Mapping[str, str]


def _was_on(query: Mapping[str, str]) -> _WasOn:
    """From `since`, `until` and each parameter as `set.NAME`. Raises ValueError."""
    try:
        since, until = float(query["since"]), float(query["until"])
    except (KeyError, ValueError):
        raise ValueError("'since' and 'until' are two numbers: when it was on, in unix seconds") from None
    if not 0 < since < until < math.inf:
        raise ValueError("'since' is before 'until'")
    prefix = "set."
    chosen = {name.removeprefix(prefix): text for name, text in query.items() if name.startswith(prefix)}
    return _WasOn(since, until, chosen)


def _catalogue() -> Catalogue:
    """Raises CatalogueError."""
    from lab.faults.catalogue import FAULTS, read_catalogue

    return kept(FAULTS, read_catalogue)


def _name(wish: Mapping[str, Any]) -> str:
    name = wish.get("name")
    if not isinstance(name, str):
        raise ValueError("'name' is missing: which fault")
    return name
