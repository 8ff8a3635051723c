"""What is told after the answer: what really happened and when, what would have led there, and the score."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from lab.faults.catalogue import EXCLUDED, SIGNALS
from lab.incidents.conduct import RunningIncident
from lab.incidents.game import Game
from lab.incidents.scoring import Score


def truth_of(incident: RunningIncident) -> dict[str, Any]:
    """The truth timeline; times in unix seconds."""
    catalogue = incident.lab.catalogue
    return {
        "scenario": incident.scenario.as_json(),
        "healthy_at": incident.healthy_at,
        "clock_started_at": incident.clock_started_at,
        "harmed_indicators": list(incident.harmed),
        "faults": [
            {
                "fault": one.drawn.name,
                "title": catalogue[one.drawn.name].title,
                "target": one.drawn.service,
                "component": one.drawn.component,
                "kind": one.drawn.kind,
                "victims": list(one.drawn.victims),
                "onset": one.onset,
                "end": one.end,
                "intensity": one.drawn.intensity,
                "parameters": dict(one.drawn.values),
                "expected_signals": {
                    name: list(catalogue[one.drawn.name].signals[name].shows)
                    for name in SIGNALS
                    if catalogue[one.drawn.name].signals[name].shows
                },
                "would_have_led_there": [
                    {
                        "says": evidence.says,
                        "language": evidence.language,
                        "query": evidence.query_with(one.drawn.values, 30),
                        "expect": evidence.expectation,
                    }
                    for evidence in catalogue[one.drawn.name].evidence
                    if evidence.change not in EXCLUDED
                ],
                "mended_by": [
                    f"{repair.action} {repair.target}".strip()
                    for repair in catalogue[one.drawn.name].repair_with(one.drawn.values)
                ],
            }
            for one in incident.placed
        ],
        "decoys": [
            {"what": decoy.says, "onset": incident.decoy_onsets.get(decoy.name)} for decoy in incident.scenario.decoys
        ],
    }


def report_of(game: Game, score: Score) -> dict[str, Any]:
    incident = game.incident
    return {
        "system": incident.lab.about.system.name,
        "task": game.task,
        "level": incident.scenario.level,
        "seed": incident.scenario.seed,
        "score": score.value,
        "reasons": list(score.reasons),
        "answer": game.answer.as_json() if game.answer else None,
        "answered_at": game.answered_at,
        "seconds_since_onset": round(incident.seconds_since_onset(game.answered_at), 1) if game.answered_at else None,
        "actions": [asdict(action) for action in incident.actions],
        "truth": truth_of(incident),
        "recovered": incident.recovered,
    }


def report_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """For a terminal."""
    truth = report["truth"]
    which = f"{report['system']}, task {report['task']}, level {report['level']}, seed {report['seed']}"
    yield f"Score: {report['score']:.2f} of 1 ({which})"
    yield from (f"  {reason}" for reason in report["reasons"])
    yield ""
    yield "What happened:"
    rows = [(truth["healthy_at"], "all was well"), (truth["clock_started_at"], "the clock started")]
    for fault in truth["faults"]:
        strength = f", intensity {fault['intensity']:.2f}" if fault["intensity"] is not None else ""
        rows.append((fault["onset"], f"{fault['title']} ({fault['fault']}{strength})"))
        rows.append((fault["end"], f"{fault['fault']} ended"))
    rows += [(decoy["onset"], f"{decoy['what']} (harmless)") for decoy in truth["decoys"]]
    rows += [(action["at"], f"you: {action['action']} {action['target']}".rstrip()) for action in report["actions"]]
    if report["answered_at"]:
        rows.append((report["answered_at"], "you answered"))
    yield from (f"  {_clock(at)}  {what}" for at, what in sorted(row for row in rows if row[0] is not None))
    if not truth["faults"]:
        yield "  Nothing was wrong."
    for fault in truth["faults"]:
        yield ""
        yield f"{fault['title']}: {' > '.join([fault['target'], *fault['victims']])}"
        yield f"  as an answer: {fault['target']}/{fault['component']}/{fault['kind']}"
        if fault["parameters"]:
            yield f"  with {', '.join(f'{name}={value}' for name, value in fault['parameters'].items())}"
        for name, shows in fault["expected_signals"].items():
            yield f"  {name}:"
            yield from (f"    {sentence}" for sentence in shows)
        yield "  What would have led there:"
        for one in fault["would_have_led_there"]:
            yield f"    {one['says']} ({one['expect']})"
            yield f"      {one['language']}: {' '.join(one['query'].split())}"
        yield f"  Mended by: {' or '.join(fault['mended_by']) or 'nothing from outside'}"
    if report["recovered"] is False:
        yield ""
        yield "Everything is off, but not all of it was as before at the last look: python3 lab status"


def _clock(unix_seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(unix_seconds))
