"""What a co-production programme may cost and save, for whom, by when, and how sure we are.

    import simulator as sim

    scenario = sim.read("befriending").with_({"programmes.befriending.uptake": 0.4})
    run = sim.run(scenario, rows=16, people=1000)
    run.findings().sentences()
    sim.figures.savings_fan(run)

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator import figures
    from simulator.activity.ledger import Ledger
    from simulator.checks.calibration.calibrate import calibrate
    from simulator.checks.imitation.deflate import deflate
    from simulator.checks.imitation.imitate import imitate
    from simulator.errors import ScenarioError, SimulatorError
    from simulator.findings import Findings
    from simulator.money.account import Account
    from simulator.running.again import alternatives, break_even
    from simulator.running.modes import modes
    from simulator.running.overview import overview, planned
    from simulator.running.precision import until_precise
    from simulator.running.run import Run, open_run, run
    from simulator.scenario.library import packaged
    from simulator.scenario.read import read
    from simulator.scenario.tables import Scenario
    from simulator.uncertainty.design import Design

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
    "calibrate",
    "deflate",
    "figures",
    "imitate",
    "modes",
    "open_run",
    "overview",
    "packaged",
    "planned",
    "read",
    "run",
    "until_precise",
]

_HOME = {
    "Account": "money.account",
    "Design": "uncertainty.design",
    "Findings": "findings",
    "Ledger": "activity.ledger",
    "Run": "running.run",
    "Scenario": "scenario.tables",
    "ScenarioError": "errors",
    "SimulatorError": "errors",
    "alternatives": "running.again",
    "break_even": "running.again",
    "calibrate": "checks.calibration.calibrate",
    "deflate": "checks.imitation.deflate",
    "imitate": "checks.imitation.imitate",
    "modes": "running.modes",
    "open_run": "running.run",
    "overview": "running.overview",
    "packaged": "scenario.library",
    "planned": "running.overview",
    "read": "scenario.read",
    "run": "running.run",
    "until_precise": "running.precision",
}


def __getattr__(name: str) -> Any:
    """What the package offers, imported when first asked for."""
    if name in _HOME:
        return getattr(import_module(f"simulator.{_HOME[name]}"), name)
    if name in __all__:
        return import_module(f"simulator.{name}")
    raise AttributeError(f"module 'simulator' has no attribute '{name}'; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__version__"})
