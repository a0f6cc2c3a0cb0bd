"""Fixtures that several test files share."""

from __future__ import annotations

import os

for library in ("OPENBLAS", "OMP", "MKL"):  # small matrices: threads of the linear algebra only wait for each other
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import pytest  # noqa: E402
from engines import ENGINES, Simulate  # noqa: E402

collect_ignore = ["benchmarks"]  # scripts, not tests; they import what only they need


@pytest.fixture(scope="session", params=sorted(ENGINES))
def simulate(request: pytest.FixtureRequest) -> Simulate:
    """Every engine in turn."""
    return ENGINES[request.param]
