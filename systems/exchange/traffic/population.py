"""Who trades here, and whose turn it is. Pure, but for the answers that the scripts are sent."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from systems.exchange.instruments import SYMBOLS
from systems.exchange.traffic.asking import Answer, Ask, Script, Trader
from systems.exchange.traffic.mishaps import clumsy_trader, forgetful_trader
from systems.exchange.traffic.personas import day_trader, investor, market_maker, newcomer

Persona = Callable[[Trader, random.Random, Sequence[str]], Script]


@dataclass(frozen=True)
class Kind:
    """So many of a persona, each of whom acts so often compared with the others."""

    name: str
    persona: Persona
    count: int
    weight: float
    symbols: int = len(SYMBOLS)


KINDS = (
    Kind("newcomer", newcomer, 1, 2.0),
    Kind("maker", market_maker, 3, 3.0, symbols=4),
    Kind("day-trader", day_trader, 4, 1.5, symbols=3),
    Kind("investor", investor, 2, 0.7),
    Kind("clumsy", clumsy_trader, 1, 1.0),
    Kind("forgetful", forgetful_trader, 1, 1.2),
)


class Participant:
    """A trader in the middle of a script. One request at a time."""

    def __init__(self, kind: Kind, number: int, seed: int, run: str) -> None:
        self.kind = kind
        self._number = number
        self._seed = seed
        self._run = run
        self._visits = 0
        self.begin_again()

    def ask(self) -> Ask:
        """What it wants to do next."""
        return self._next

    def answer(self, answer: Answer) -> None:
        """What came of it."""
        try:
            self._next = self._script.send(answer)
        except StopIteration:
            # Whoever leaves makes room for another.
            self.begin_again()

    def begin_again(self) -> None:
        """The script from its first line, with other random numbers."""
        self._visits += 1
        name = f"{self.kind.name}-{self._seed}-{self._number}"
        if self.kind.persona is newcomer:
            # Nobody is new twice, not after a restart either.
            name = f"newcomer-{self._run}-{self._visits}"
        random_ = random.Random(f"{self._seed} {self.kind.name} {self._number} {self._visits}")
        symbols = sorted(random_.sample(SYMBOLS, self.kind.symbols))
        self._script = self.kind.persona(Trader(name, self._seed), random_, symbols)
        self._next = next(self._script)


class Population:
    """Everybody, and whose turn it is: those who are not waiting for an answer, by their weights."""

    def __init__(self, seed: int, run: str) -> None:
        self._random = random.Random(f"turns {seed}")
        self.participants = [
            Participant(kind, number, seed, run) for kind in KINDS for number in range(1, kind.count + 1)
        ]
        self._busy: set[Participant] = set()
        # The first is a newcomer who tries everything: within a minute there is a trace of each kind.
        self._opening = 12

    def next(self) -> Participant | None:
        """Whose turn it is; None when everybody waits. Give them back with `done`."""
        free = [each for each in self.participants if each not in self._busy]
        if not free:
            return None
        if self._opening and free[0] is self.participants[0]:
            self._opening -= 1
            chosen = free[0]
        else:
            (chosen,) = self._random.choices(free, [each.kind.weight for each in free])
        self._busy.add(chosen)
        return chosen

    def done(self, participant: Participant) -> None:
        """They have their answer."""
        self._busy.discard(participant)
