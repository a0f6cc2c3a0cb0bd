"""The engines that every test of behaviour runs on, by name."""

from __future__ import annotations

from collections.abc import Callable

from simulator.activity.results import Lives
from simulator.engines.compiled import engine as compiled
from simulator.engines.simpy import engine as reference

Simulate = Callable[..., Lives]

ENGINES: dict[str, Simulate] = {"simpy": reference.simulate, "compiled": compiled.simulate}
