"""Eight neighbours at once do what eight steps would."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.engines.shared.eight import AT_ONCE, below, put


@numba.njit("void(uint32[::1], int64, uint32, uint32)")
def put_there(array: NDArray[np.uint32], at: int, value: int, step: int) -> None:
    put(array, at, value, step)


@numba.njit("int64(int64[::1], int64, int64)")
def below_there(array: NDArray[np.int64], at: int, value: int) -> int:
    return below(array, at, value)


@pytest.mark.parametrize(("at", "value", "step"), [(0, 7, 1), (3, 2**32 - 3, 2), (5, 9, 0)])
def test_eight_are_written_and_no_more(at: int, value: int, step: int) -> None:
    array = np.full(20, 77, dtype=np.uint32)
    put_there(array, at, value, step)
    expected = np.full(20, 77, dtype=np.uint32)
    expected[at : at + AT_ONCE] = (value + step * np.arange(AT_ONCE)) % 2**32
    assert array.tolist() == expected.tolist()


@pytest.mark.parametrize("at", range(5))
def test_those_that_are_less_are_counted(at: int) -> None:
    array = np.array([5, -1, 2**62, 7, -(2**63), 2**63 - 1, 7, 6, 8, 0, 7, 3], dtype=np.int64)
    for value in array.tolist():
        assert below_there(array, at, value) == (array[at : at + AT_ONCE] < value).sum()
