"""What a co-production programme may cost and save, for whom, by when, and how sure we are.

    import simulator as sim

    scenario = sim.read("befriending").with_({"programmes.befriending.uptake": 0.4})
    run = sim.run(scenario, rows=16, people=1000)
    run.findings().sentences()
    sim.figures.savings_fan(run)

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator import figures
    from simulator.account import Account
    from simulator.alternatives import alternatives
    from simulator.break_even import break_even
    from simulator.design import Design
    from simulator.errors import ScenarioError, SimulatorError
    from simulator.findings import Findings
    from simulator.ledger import Ledger
    from simulator.packaged import packaged
    from simulator.precision import until_precise
    from simulator.read import read
    from simulator.run import Run, open_run, run
    from simulator.scenario import Scenario

__all__ = [
    "Account",
    "Design",
    "Findings",
    "Ledger",
    "Run",
    "Scenario",
    "ScenarioError",
    "SimulatorError",
    "alternatives",
    "break_even",
    "figures",
    "open_run",
    "packaged",
    "read",
    "run",
    "until_precise",
]

_HOME = {
    "Account": "account",
    "Design": "design",
    "Findings": "findings",
    "Ledger": "ledger",
    "Run": "run",
    "Scenario": "scenario",
    "ScenarioError": "errors",
    "SimulatorError": "errors",
    "alternatives": "alternatives",
    "break_even": "break_even",
    "open_run": "run",
    "packaged": "packaged",
    "read": "read",
    "run": "run",
    "until_precise": "precision",
}


class _Package(ModuleType):
    """Python sets ``simulator.run`` to the module of that name once it is imported; here it stays the function."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and _HOME.get(name) == name:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """What the package offers, imported when first asked for."""
    if name in _HOME:
        return getattr(import_module(f"simulator.{_HOME[name]}"), name)
    if name in __all__:
        return import_module(f"simulator.{name}")
    raise AttributeError(f"module 'simulator' has no attribute '{name}'; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__version__"})
