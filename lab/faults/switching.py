"""Switching the faults of a lab: the one way for the terminal, for pages, for exercises and for a workshop.

What is asked for is checked first, all of it, and only then written. While an incident runs nothing is switched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.faults.catalogue import Catalogue, Fault, ParameterValue
from lab.faults.flag_file import FlagFile, FlagFileError
from lab.faults.parameters import chosen_parameters
from lab.faults.states import flags_of
from lab.incidents import files as incidents
from lab.paths import StateDirectory


class SwitchingRefused(RuntimeError):
    """Nothing may be switched now; the message says why, and how to end that."""


@dataclass(frozen=True)
class Wish:
    """A fault that is to be on, and with what."""

    fault: Fault
    #: All of its parameters.
    values: Mapping[str, ParameterValue]


class Switches:
    """The switches of one lab. Every method raises SwitchingRefused and FlagFileError, those that are given a name
    UnknownFault before that, and those that are given parameters ParameterError."""

    def __init__(self, state_dir: StateDirectory, catalogue: Catalogue) -> None:
        self._state_dir = state_dir
        self._catalogue = catalogue

    def wish(self, name: str, settings: Iterable[str] | Mapping[str, object] = ()) -> Wish:
        """`settings` as `name=value`, or by name; what they leave out has its default. Raises nothing but UnknownFault
        and ParameterError."""
        fault = self._catalogue[name]
        return Wish(fault, chosen_parameters(fault, settings))

    def switch_on(self, name: str, settings: Iterable[str] | Mapping[str, object] = ()) -> Wish:
        """Beside what is on already."""
        wish = self.wish(name, settings)
        self.flags().switch_on(wish.fault.flag, wish.values, flags_of(self._catalogue))
        return wish

    def switch_on_only(self, wishes: Iterable[Wish]) -> None:
        """These are on and nothing else is. What is on already, as it should be, stays on since when it was."""
        wanted = {wish.fault.flag: wish.values for wish in wishes}
        flags = self.flags()
        on = flags.switched_on()
        # Of one without anything to choose, that it is on is all there is to know.
        right = {flag for flag, values in wanted.items() if flag in on and (not values or on[flag].values == values)}
        for flag in on.keys() - right:
            flags.switch_off(flag)
        for flag in wanted.keys() - right:
            flags.switch_on(flag, wanted[flag])

    def switch_off(self, name: str) -> Fault:
        fault = self._catalogue[name]
        self.flags().switch_off(fault.flag)
        return fault

    def clear(self) -> list[Fault]:
        """Everything off, whatever is wrong with the file. Which were on, as far as can be told."""
        flags = self.flags()
        try:
            states = flags.switched_on()
        except FlagFileError:
            states = {}
        flags.clear(flags_of(self._catalogue))
        return [fault for fault in self._catalogue.values() if fault.flag in states]

    def flags(self) -> FlagFile:
        """The file, for who does more than to switch: looks before and after, or knows what is on."""
        if reason := incidents.refusal(self._state_dir):
            raise SwitchingRefused(reason)
        return FlagFile(self._state_dir.flag_file)
