"""Which figures of a run were reported by somebody, and which were not: told where claims are taken.

An effect or benefit that nobody has put a figure on is absent; a cost, uptake, drop-out, volunteers or uplift without a
claim has the value of the best independent evidence. A run as reported lists all three.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulator.findings.finding import Finding, Row, Table
from simulator.scenario.addresses import keys_of

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

REPORTED, BEST, ABSENT = "as reported", "nobody reported it: as in the best evidence", "nobody reported it: absent"


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Each number of a programme and what a run as reported takes for it."""
    for taken, paths in ((REPORTED, arm.reported), (BEST, arm.not_reported), (ABSENT, arm.unclaimed)):
        yield from ({"number": path, "taken": taken} for path in paths)


def notes(arm: ArmFindings) -> Sequence[str]:
    """What is taken as reported, what is not, and what is absent, where claims are taken."""
    if not (arm.reported or arm.not_reported or arm.unclaimed):
        return ()
    lists = (
        ("taken as reported", arm.reported),
        ("without a claim, as in the best evidence", arm.not_reported),
        ("nobody has put a usable figure on them, so they are absent", arm.unclaimed),
    )
    return tuple(f"{arm.title}: {words}: {', '.join(map(_short, paths))}" for words, paths in lists if paths)


def _short(path: str) -> str:
    """A path without its programme, in words."""
    keys = [key for key in keys_of(path)[2:] if key != "amount"]
    return f"“{' '.join(keys).replace('_', ' ')}”"


CLAIMS = Finding(tables=(Table("claims", rows),), notes=notes)
