"""Usual care that has been lived already, kept: who changes only a programme need not live it again.

What a programme does to those it reaches cannot change usual care, nor whom the programme may be offered to first. So
a model that differs in nothing else has the same usual care, to the last bit, and the same people whose lives may
differ in some arm; only these are lived again. The shelf holds a fixed amount of memory, however many rows there are.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.model.model import ClockKind, Model

AT_MOST_BYTES = 2**26
OFFERED_BY = ("programme", "closes_day", "once", "criteria", "drop_out_clock", "has_offers")  # of a support


@dataclass(frozen=True)
class Crowd:
    """People in the order of their ids, those who join last."""

    numbers: NDArray[np.int64]  # [person] ids
    starts: NDArray[np.float64]  # [person] first day

    def __getitem__(self, which: NDArray[np.bool_]) -> Crowd:
        """Some of them.

        >>> Crowd(np.array([3, 5]), np.zeros(2))[np.array([False, True])].numbers
        array([5])
        """
        return Crowd(self.numbers[which], self.starts[which])


@dataclass(frozen=True)
class UsualCare:
    """Everyone's usual care, and those whose lives may differ from it in some arm."""

    activity: NDArray[np.float64]  # [half and cell, year, item]
    reached: tuple[Crowd, ...]

    @property
    def nbytes(self) -> int:
        """Memory."""
        return self.activity.nbytes + sum(one.numbers.nbytes + one.starts.nbytes for one in self.reached)


class Shelf:
    """What was used last, up to so much memory; safe for threads.

    >>> shelf = Shelf(at_most=100)
    >>> shelf.put(b"a", UsualCare(np.zeros(10), ()))
    >>> shelf.put(b"b", UsualCare(np.zeros(10), ()))
    >>> shelf.get(b"a") is None, shelf.get(b"b") is None
    (True, False)
    """

    def __init__(self, at_most: int) -> None:
        self._at_most, self._held = at_most, 0
        self._kept: OrderedDict[bytes, UsualCare] = OrderedDict()
        self._lock = Lock()

    def get(self, name: bytes) -> UsualCare | None:
        """What was put there under this name, if it is still there."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def put(self, name: bytes, one: UsualCare) -> None:
        """Keep this, and drop what was not used for longest if there is no room."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = one
                self._held += one.nbytes
            while self._held > self._at_most:
                self._held -= self._kept.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()
            self._held = 0


SHELF = Shelf(AT_MOST_BYTES)


def name_of(model: Model, stream: int) -> bytes:
    """The same for models with the same usual care and the same first offers."""
    digest = blake2b(str(stream).encode(), digest_size=16)
    _update(digest, _usual(model))
    return digest.digest()


def _usual(model: Model) -> Model:
    """The model without what its programmes do to those who are offered them."""
    added = ~model.arms[0]
    supports, clocks, effects = model.supports.copy(), model.clocks.copy(), model.effects.copy()
    synergies = model.synergies.copy()
    for name in supports.dtype.names or ():
        if name not in OFFERED_BY:
            supports[name][added] = 0
    drop_outs = np.flatnonzero(clocks["kind"] == ClockKind.DROP_OUT)
    clocks["base"][drop_outs[added[clocks["subject"][drop_outs]]]] = 0.0
    theirs = added[effects["support"]]
    for name in (
        "ln_ratio",
        "delay",
        "ramp",
        "half_life",
        "at_least",
        "at_most",
        "first_step",
        "steps",
        "least",
        "peak",
    ):
        effects[name][theirs] = 0
    synergies["ln_ratio"][theirs[synergies["first"]] | theirs[synergies["second"]]] = 0.0
    steps = np.zeros(len(model.step_until), dtype=np.bool_)
    for one in model.effects[~theirs]:
        steps[one["first_step"] : one["first_step"] + one["steps"]] = True
    return replace(
        model, supports=supports, clocks=clocks, effects=effects, synergies=synergies,
        step_until=model.step_until[steps], step_weight=model.step_weight[steps],
    )  # fmt: skip


def _update(digest: Any, one: Any) -> None:
    """Add everything that a table of tables holds."""
    for field in fields(one):
        value = getattr(one, field.name)
        if is_dataclass(value):
            _update(digest, value)
        else:
            as_array = np.ascontiguousarray(value)
            digest.update(f"{field.name} {as_array.shape}".encode())
            digest.update(as_array.tobytes())
