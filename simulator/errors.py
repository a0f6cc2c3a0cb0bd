"""Turns all that can go wrong into one family of errors: where, what was found, what is allowed, what to do.

SimulatorError                 exit 2
├── NotAllowed (ValueError)    exit 2    one value that breaks one rule, before its file and line are known
├── ScenarioError              exit 2    every fault of a scenario file at once
├── RunError                   exit 2    a run that cannot be done as asked
├── CheckFailed                exit 1    it ran, but the answer is no
├── NotFinished                exit 3    it stopped early and can resume
└── Interrupted                exit 130  it was stopped by the user and can resume
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar


class SimulatorError(Exception):
    """The base of every error the simulator raises on purpose; `exit_code` is what the command returns."""

    exit_code: ClassVar[int] = 2


class NotAllowed(SimulatorError, ValueError):
    """One value breaks one rule.

    Args:
        found: what was found, in words.
        allowed: what would be accepted, in words; may be empty.
        hint: what to do; may be empty.

    >>> print(NotAllowed("1.3", "0 to 1", "write 0.65 for 65 %"))
    found 1.3; allowed 0 to 1; write 0.65 for 65 %
    """

    def __init__(self, found: str, allowed: str = "", hint: str = "") -> None:
        super().__init__(found, allowed, hint)
        self.found, self.allowed, self.hint = found, allowed, hint

    def __str__(self) -> str:
        return _joined(f"found {self.found}", self.allowed and f"allowed {self.allowed}", self.hint)


@dataclass(frozen=True)
class Fault:
    """One fault of one file, printed as `file:line: path: what is wrong; what to do`.

    Args:
        file: name of the file.
        path: dotted path of the value in the file; empty for a fault of the whole file.
        line: line number counted from 1, or None when it is not known.
        found: what was found, in words.
        allowed: what would be accepted, in words; may be empty.
        hint: what to do; may be empty.

    >>> print(Fault("befriending.toml", "programmes.befriending.uptake", 41, "1.3", "0 to 1", "write 0.65 for 65 %"))
    befriending.toml:41: programmes.befriending.uptake: 1.3 is outside 0 to 1; write 0.65 for 65 %
    """

    file: str
    path: str
    line: int | None
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.path, self._sentence()) if part)

    def _sentence(self) -> str:
        if _is_number(self.found) and " to " in self.allowed:
            return _joined(f"{self.found} is outside {self.allowed}", self.hint)
        return _joined(f"found {self.found}", self.allowed and f"allowed {self.allowed}", self.hint)


class ScenarioError(SimulatorError):
    """A scenario file has faults; all of them are reported together.

    Args:
        faults: the faults, in the order of the file.

    >>> fault = Fault("a.toml", "horizon.years", None, "0", "1 to 100", "write at least one year")
    >>> print(ScenarioError([fault]))
    1 fault:
    a.toml: horizon.years: 0 is outside 1 to 100; write at least one year
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        count = len(self.faults)
        return "\n".join([f"{count} fault{'' if count == 1 else 's'}:", *map(str, self.faults)])


class RunError(SimulatorError):
    """A run, or a file of results, cannot be used as asked."""


class CheckFailed(SimulatorError):
    """The simulator ran, but the answer is no: a check is out of its range."""

    exit_code = 1


class NotFinished(SimulatorError):
    """The run stopped before its last block; running it again goes on from there."""

    exit_code = 3


class Interrupted(SimulatorError):
    """The user stopped the run; running it again goes on from there."""

    exit_code = 130


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name most like the one found, for "did you mean".

    Args:
        name: the name found.
        allowed: the names that would be accepted.

    Returns:
        The closest allowed name, letter case ignored, or None when nothing is close. Source: Ratcliff &
            Obershelp (difflib).

    >>> nearest("upake", ["uptake", "cost"])
    'uptake'
    """
    by_lower_case = {known.lower(): known for known in allowed}
    close = get_close_matches(name.lower(), by_lower_case, n=1)
    return by_lower_case[close[0]] if close else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """The words "did you mean" and the nearest known name; empty when nothing is near.

    Args:
        name: the name found.
        known: the names that there are.

    >>> suggestion("upake", ["uptake", "cost"])
    'did you mean uptake?'
    """
    near = nearest(name, known)
    return f"did you mean {near}?" if near else ""


def no_such(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one that does.

    Args:
        kind: what was looked for.
        name: the name found.
        known: the names that exist.

    >>> no_such("figure", "savings_fen", ["savings_fan", "before_after"])
    'found no figure savings_fen; allowed savings_fan, before_after; did you mean savings_fan?'
    """
    names = list(known)
    return _joined(f"found no {kind} {name}", f"allowed {', '.join(names) or 'nothing here'}", suggestion(name, names))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
