"""The engines that every test of behaviour runs on, by name."""

from __future__ import annotations

from collections.abc import Callable

from simulator.engines import compiled, reference
from simulator.lives import Lives

Simulate = Callable[..., Lives]

ENGINES: dict[str, Simulate] = {"simpy": reference.simulate, "compiled": compiled.simulate}
