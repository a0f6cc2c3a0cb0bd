"""Which figures of a run were reported by somebody, and which were not: told where claims are taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.findings.finding import Finding
from simulator.scenario.addresses import keys_of

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings


def notes(arm: ArmFindings) -> Sequence[str]:
    """The effects that nobody has put a usable figure on, where claims are taken."""
    if not arm.unclaimed:
        return ()
    effects = ", ".join(f"“{keys_of(path)[-1].replace('_', ' ')}”" for path in arm.unclaimed)
    return (f"{arm.title}: nobody has put a usable figure on the effects {effects}, so they are absent",)


CLAIMS = Finding(notes=notes)
