"""Turns the dotted path of a quantity into its values in the rows of a design: as sampled, else its centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.uncertainty.design import Design
from simulator.uncertainty.quantity import Quantity


def value_at(design: Design, path: str, quantity: Quantity | None, default: float = 0.0) -> NDArray[np.float64]:
    """The value of one quantity in every row.

    Args:
        design: the rows.
        path: dotted path of the quantity.
        quantity: the quantity, or None where the file leaves it out.
        default: what it is then.

    Returns:
        [row] values in the unit of the quantity.

    Example:
        >>> design = Design(("uptake",), [[0.5], [0.7]], [0, 0], [0, 0], "table", 1)
        >>> value_at(design, "uptake", None).tolist(), value_at(design, "length", None, 2.0).tolist()
        ([0.5, 0.7], [2.0, 2.0])
    """
    if path in design.names:
        return design.values[:, design.names.index(path)]
    return np.full(len(design), default if quantity is None else quantity.centre[0])


def shares_at(design: Design, path: str, shares: Quantity) -> NDArray[np.float64]:
    """Shares that add to 1 in every row.

    Args:
        design: the rows.
        path: dotted path of the shares.
        shares: the shares.

    Returns:
        [row, share].

    Example:
        >>> from simulator.uncertainty.quantity import Shares
        >>> shares_at(Design((), [[]], [0], [0], "central", 1), "mix", Shares(value=[0.25, 0.75])).tolist()
        [[0.25, 0.75]]
    """
    columns = [value_at(design, f"{path}.{k}", None, stated) for k, stated in enumerate(shares.central)]
    sampled = np.stack(columns, axis=1)
    return np.asarray(sampled / sampled.sum(axis=1, keepdims=True))
