"""Compiled functions: only what Python calls becomes machine code, and another numba gives the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.compiling import compiled
from simulator.compiling.inner_code import two_sided

DRAW = "from simulator.uncertainty.draws import uniform4; print([u.hex() for u in uniform4(2**64 - 1, 1, 2, 3, 4)])"
NO_INSIDE = "import sys; sys.modules['simulator.compiling.inner_code'] = None; "


def double(x: float) -> float:
    return 2 * x


def test_a_function_that_only_compiled_functions_call_never_becomes_machine_code() -> None:
    inner = two_sided(double, None, {}, cache=False)
    outer = two_sided(lambda x: inner(x) + 1, None, {}, cache=False)
    assert outer(3.0) == 7.0
    assert len(inner.inside.overloads) == 1 and len(inner.overloads) == 0


def test_python_may_call_a_function_that_compiled_functions_call_too() -> None:
    inner = two_sided(double, "float64(float64)", {}, cache=False)
    outer = two_sided(lambda x: inner(x) + 1, "float64(float64)", {}, cache=False)
    assert (outer(3), inner(3), outer(np.float32(0.5))) == (7.0, 6.0, 2.0)
    assert len(inner.overloads) == len(outer.overloads) == 1


def test_an_array_of_another_layout_is_refused_rather_than_misread() -> None:
    total = compiled("float64(float64[:, ::1])")(lambda x: x[0, 1])  # type: ignore[no-untyped-call]
    numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert total(numbers) == 2.0
    with pytest.raises(TypeError, match="allowed float64"):
        total(numbers.T)


@pytest.mark.parametrize("before", ["", NO_INSIDE], ids=["two-sided", "numba alone"])
def test_another_numba_gives_the_same_draws(before: str, tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", before + DRAW], env=environment, capture_output=True, text=True, check=True
    )
    from simulator.uncertainty.draws import uniform4

    assert ran.stdout.strip() == str([u.hex() for u in uniform4(2**64 - 1, 1, 2, 3, 4)])
