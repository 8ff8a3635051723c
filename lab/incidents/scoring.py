"""What an answer is worth, and why: pure functions of the task, the answer and the truth.

One incident is worth 0 to 1. Over many of them the mean of those with a fault and the mean of those without count the
same, and chance is taken off: who always says yes, or never does anything, gets the one half for nothing, which is 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lab.incidents.answers import Answer, Cause
from lab.incidents.scenario import Task

#: An answer this soon after the first onset is worth all of it; one that comes `_SLOW` or later half.
PROMPT_SECONDS = 120.0
SLOW_SECONDS = 600.0
_WORTH_WHEN_SLOW = 0.5

#: How exactly the onset has to be known: all within the first, nothing from the second on.
_ONSET_EXACT_SECONDS = 10.0
_ONSET_FAR_SECONDS = 60.0

#: What of `detect` is knowing that; the rest is knowing since when.
_DETECTED = 0.7
_SERVICE = 0.5
_VICTIM_NAMED = 0.1
_WHERE, _KIND, _CHAIN = 0.3, 0.4, 0.3

#: Of each action that was none of those that mend.
ACTION_COSTS = 0.15
#: Of each objective that is missed after the repair and was met before it.
DAMAGE_COSTS = 0.25


@dataclass(frozen=True)
class TruthfulCause:
    """A fault, as an answer would name it."""

    service: str
    component: str
    kind: str
    victims: tuple[str, ...]
    #: Unix seconds.
    onset: float


@dataclass(frozen=True)
class Truth:
    """What was the case; no causes: nothing was wrong."""

    causes: tuple[TruthfulCause, ...] = ()

    @property
    def onset(self) -> float | None:
        return min((cause.onset for cause in self.causes), default=None)


@dataclass(frozen=True)
class RepairOutcome:
    """What was measured after a repair, by indicators and not by what the lab knows."""

    #: Indicators that were bad because of the faults; how many of those are well again, and stay so.
    harmed: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()
    #: Objectives that are missed now, and were met before anybody did anything.
    damaged: tuple[str, ...] = ()
    #: Actions in all, and those of them that mend something.
    actions: int = 0
    mending: int = 0


@dataclass(frozen=True)
class Score:
    """0 to 1, with the reasons, a sentence each."""

    value: float
    reasons: tuple[str, ...]


_Judge = Callable[[Cause, TruthfulCause], Score]


def score(
    task: Task, answer: Answer | None, truth: Truth, seconds: float, outcome: RepairOutcome | None = None
) -> Score:
    """`seconds` after the first onset the answer came; None is no answer. A repair has its outcome besides."""
    if answer is None:
        return Score(0.0, ("there was no answer",))
    if task == "repair":
        if outcome is None:
            raise ValueError("a repair is judged by its outcome")
        return _in_time(_repair(truth, outcome), truth, seconds)
    if not truth.causes:
        if answer.fault:
            return Score(0.0, ("nothing was wrong: a false alarm costs as much as a fault that was missed",))
        return Score(1.0, ("nothing was wrong, and you said so",))
    if not answer.fault:
        return Score(0.0, ("something was wrong, and you said that nothing was",))
    judge = {"detect": _detect, "locate": _locate, "analyse": _analyse}[task]
    return _in_time(judge(answer, truth), truth, seconds)


def _in_time(score: Score, truth: Truth, seconds: float) -> Score:
    if not truth.causes or score.value == 0:
        return score
    late = min(max(seconds - PROMPT_SECONDS, 0.0) / (SLOW_SECONDS - PROMPT_SECONDS), 1.0)
    if late == 0:
        return score
    factor = 1 - late * (1 - _WORTH_WHEN_SLOW)
    return Score(
        _rounded(score.value * factor),
        (*score.reasons, f"{seconds:.0f} s after the onset that is worth {factor:.0%}"),
    )


def _detect(answer: Answer, truth: Truth) -> Score:
    onset = truth.onset
    if answer.since is None or onset is None:
        return Score(_DETECTED, ("something was wrong, and you said so, but not since when",))
    off = min(abs(answer.since - cause.onset) for cause in truth.causes)
    far = min(max(off - _ONSET_EXACT_SECONDS, 0.0) / (_ONSET_FAR_SECONDS - _ONSET_EXACT_SECONDS), 1.0)
    reasons = ("something was wrong, and you said so", f"you missed the moment by {off:.0f} s")
    return Score(_rounded(_DETECTED + (1 - _DETECTED) * (1 - far)), reasons)


def _locate(answer: Answer, truth: Truth) -> Score:
    return _matched(answer, truth, _place)


def _analyse(answer: Answer, truth: Truth) -> Score:
    return _matched(answer, truth, _explanation)


def _place(said: Cause, true: TruthfulCause) -> Score:
    if said.service == true.service:
        if said.component == true.component:
            return Score(1.0, (f"{true.service}, {true.component}: right",))
        what = f"not {said.component}" if said.component else "which you did not say"
        return Score(_SERVICE, (f"{true.service} is right; in it, it was {true.component}, {what}",))
    if said.service in true.victims:
        return Score(_VICTIM_NAMED, (f"{said.service} suffered, but the cause was in {true.service}",))
    return Score(0.0, (f"the cause was in {true.service}, {true.component}, not in {said.service}",))


def _explanation(said: Cause, true: TruthfulCause) -> Score:
    place = _place(said, true)
    kind = 1.0 if said.kind == true.kind else 0.0
    chain = _chain(said, true)
    reasons = [*place.reasons]
    reasons.append(f"{true.kind}: right" if kind else f"the kind was {true.kind}, not {said.kind or 'said'}")
    true_chain = " > ".join((true.service, *true.victims))
    reasons.append(f"{true_chain}: {'right' if chain == 1 else 'not all of it' if chain else 'not so'}")
    return Score(_rounded(_WHERE * place.value + _KIND * kind + _CHAIN * chain), tuple(reasons))


def _chain(said: Cause, true: TruthfulCause) -> float:
    """How much of the chain from the cause to its last victim is right: steps in common, of all that either has."""
    if said.service != true.service:
        # A chain that begins elsewhere explains something else.
        return 0.0
    if not said.victims and not true.victims:
        return 1.0
    steps = [set(itertools.pairwise((one.service, *one.victims))) for one in (said, true)]
    return len(steps[0] & steps[1]) / len(steps[0] | steps[1])


def _matched(answer: Answer, truth: Truth, judge: _Judge) -> Score:
    """The best pairing of what was said with what was true; whatever is in excess on either side is worth nothing."""
    if not answer.causes:
        return Score(0.0, ("you named no cause",))
    size = max(len(answer.causes), len(truth.causes))
    said: list[Cause | None] = [*answer.causes, *[None] * (size - len(answer.causes))]
    best = max(
        (
            [(one, true, judge(one, true)) for one, true in zip(order, truth.causes, strict=False) if one is not None]
            for order in itertools.permutations(said)
        ),
        key=lambda pairs: sum(pair[2].value for pair in pairs),
    )
    reasons = [reason for _, _, one in best for reason in one.reasons]
    found = [true for _, true, _ in best]
    reasons += [f"missed: {true.service}, {true.component}" for true in truth.causes if true not in found]
    reasons += [f"too much: {one.service}" for one in answer.causes if one not in [pair[0] for pair in best]]
    return Score(_rounded(sum(one.value for _, _, one in best) / size), tuple(reasons))


def _repair(truth: Truth, outcome: RepairOutcome) -> Score:
    if not truth.causes:
        if outcome.actions:
            return Score(0.0, ("nothing was broken, and what you did had its price",))
        return Score(1.0, ("nothing was broken, and you let it be",))
    if not outcome.harmed:
        return Score(0.0, ("no indicator showed the harm, so no repair can be judged",))
    share = len(outcome.recovered) / len(outcome.harmed)
    reasons = [f"{len(outcome.recovered)} of {len(outcome.harmed)} harmed indicators are well again"]
    still = [name for name in outcome.harmed if name not in outcome.recovered]
    if still:
        reasons.append(f"still bad: {', '.join(still)}")
    if not outcome.actions:
        # What gets well by itself is nobody's repair.
        return Score(0.0, (*reasons, "you did nothing"))
    useless = outcome.actions - outcome.mending
    if useless:
        reasons.append(f"{useless} {'action' if useless == 1 else 'actions'} mended nothing, and had a price")
    if outcome.damaged:
        reasons.append(f"damaged meanwhile: {', '.join(outcome.damaged)}")
    value = share - ACTION_COSTS * useless - DAMAGE_COSTS * len(outcome.damaged)
    return Score(_rounded(max(value, 0.0)), tuple(reasons))


def corrected(with_fault: Sequence[float], without: Sequence[float]) -> float:
    """The score over many incidents, chance taken off: 1 for who is always right, 0 for who looks at nothing.

    Each half counts the same, however many there are of it. Whoever answers the same whatever happens gets at most one
    of the halves, or as much of the one as they lose of the other."""
    return _rounded(max(_mean(with_fault) + _mean(without) - 1, 0.0))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def _rounded(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 4)
