"""A cache of simulated usual care: when only a programme changes, usual care is not simulated again.

What a programme does to those it reaches cannot change usual care, nor whom the programme may be offered to first. So
a model that differs in nothing else has the same usual care, to the last bit, and the same people whose lives may
differ in some arm; only these are simulated again. The cache has a fixed size, however many rows there are.
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
        return self.activity.nbytes + sum(crowd.numbers.nbytes + crowd.starts.nbytes for crowd in self.reached)


class UsualCareCache:
    """What was used last, up to so much memory; safe for threads.

    >>> cache = UsualCareCache(at_most=100)
    >>> cache.put(b"a", UsualCare(np.zeros(10), ()))
    >>> cache.put(b"b", UsualCare(np.zeros(10), ()))
    >>> cache.get(b"a") is None, cache.get(b"b") is None
    (True, False)
    """

    def __init__(self, at_most: int) -> None:
        self._at_most, self._bytes = at_most, 0
        self._entries: OrderedDict[bytes, UsualCare] = OrderedDict()
        self._lock = Lock()

    def get(self, name: bytes) -> UsualCare | None:
        """What was put there under this name, if it is still there."""
        with self._lock:
            if name in self._entries:
                self._entries.move_to_end(name)
            return self._entries.get(name)

    def put(self, name: bytes, usual_care: UsualCare) -> None:
        """Keep this, and drop what was not used for longest if there is no room."""
        with self._lock:
            if name not in self._entries:
                self._entries[name] = usual_care
                self._bytes += usual_care.nbytes
            while self._bytes > self._at_most:
                self._bytes -= self._entries.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0


USUAL_CARE_CACHE = UsualCareCache(AT_MOST_BYTES)


def name_of(model: Model, stream: int) -> bytes:
    """The same for models with the same usual care and the same first offers."""
    digest = blake2b(str(stream).encode(), digest_size=16)
    _update(digest, _usual_care_of(model))
    return digest.digest()


def _usual_care_of(model: Model) -> Model:
    """The model without what its programmes do to those who are offered them."""
    added = ~model.arms[0]
    supports, clocks, effects = model.supports.copy(), model.clocks.copy(), model.effects.copy()
    synergies, effect_kinds = model.synergies.copy(), model.effect_kinds.copy()
    for name in supports.dtype.names or ():
        if name not in OFFERED_BY:
            supports[name][added] = 0
    drop_outs = np.flatnonzero(clocks["kind"] == ClockKind.DROP_OUT)
    clocks["base"][drop_outs[added[clocks["subject"][drop_outs]]]] = 0.0
    of_programmes = added[effects["support"]]
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
        effects[name][of_programmes] = 0
    effect_kinds[of_programmes] = False
    synergies["ln_ratio"][of_programmes[synergies["first"]] | of_programmes[synergies["second"]]] = 0.0
    steps = np.zeros(len(model.step_until), dtype=np.bool_)
    for effect in model.effects[~of_programmes]:
        steps[effect["first_step"] : effect["first_step"] + effect["steps"]] = True
    return replace(
        model, supports=supports, clocks=clocks, effects=effects, effect_kinds=effect_kinds, synergies=synergies,
        step_until=model.step_until[steps], step_weight=model.step_weight[steps],
    )  # fmt: skip


def _update(digest: Any, tables: Any) -> None:
    """Add everything that a table of tables holds."""
    for field in fields(tables):
        value = getattr(tables, field.name)
        if is_dataclass(value):
            _update(digest, value)
        else:
            as_array = np.ascontiguousarray(value)
            digest.update(f"{field.name} {as_array.shape}".encode())
            digest.update(as_array.tobytes())
