"""Holds the data of a scenario beside where each part of it was written, so that every fault can name file and line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from simulator.errors import Fault, ScenarioError
from simulator.scenario.addresses import Path, dotted, keys_of
from simulator.scenario.toml import Where


class Issue(NamedTuple):
    """A fault before its file and line are known."""

    path: Path
    found: str
    allowed: str
    hint: str = ""


@dataclass(frozen=True)
class Tree:
    """The data of a scenario and where each part of it was written; ``file`` is the file that was asked for."""

    data: dict[str, Any]
    where: Mapping[Path, Where]
    file: str
    folder: FilePath = field(default_factory=FilePath)
    sizes: Mapping[Path, float] = field(default_factory=dict)
    """Of inherited numbers that belong to a place of another size: which."""

    def at(self, path: Path) -> Where:
        """Where a path was written: its own place, else that of the nearest table around it."""
        lengths = range(len(path), 0, -1)
        return next((self.where[path[:n]] for n in lengths if path[:n] in self.where), Where(self.file))

    def faults(self, issues: Iterable[Issue]) -> list[Fault]:
        """Faults with file and line, in the order of the file; the same fault only once."""
        placed = {(self.at(issue.path), issue): issue for issue in issues}
        order = sorted(placed, key=lambda key: (key[0].file, key[0].line or 0, key[0].column, dotted(key[1].path)))
        return [Fault(at.file, dotted(i.path), at.line, i.found, i.allowed, i.hint) for at, i in order]

    def placed(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults that somebody found in the scenario alone, with the file and line that wrote their paths."""
        return self.faults(
            Issue(keys_of(each.path) if each.path else (), each.found, each.allowed, each.hint) for each in faults
        )

    def refuse(self, *issues: Issue) -> ScenarioError:
        """The error that holds these faults."""
        return ScenarioError(self.faults(issues))
