"""Turns quantities into a design: stratified rows for uncertainty, or the rows of a sensitivity analysis.

Every column is drawn from random numbers keyed by (seed, name, batch), so a column depends on nothing else: adding,
removing or reordering parameters changes no other column, and asking for more rows only adds rows.

Within a batch of n rows a column has one point in each of n equal strata of probability (Latin hypercube: McKay,
Beckman & Conover 1979). Batches are independent, so the spread of their means gives an honest error. Rows are made in
whole batches and cut from the end: a last batch that is cut is a random part of its strata, so ask for whole batches.

Quantities that state the same `group` are rank-correlated by a Gaussian copula: their points become normal scores z, z
becomes L z with L L' the correlation of the scores, names in alphabetical order, and L z goes back to probabilities.
Each keeps its own law; the first name of a group keeps its strata, the others keep them as far as the correlation lets
them. A rank correlation r is reached by the score correlation 2 sin(pi r / 6) (Pearson 1907).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.errors import NotAllowed, suggestion
from simulator.uncertainty.design import Design
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.spread import check_sum

BATCH_ROWS = 32
KEPT = 512  # columns: those of a scenario that is changed and run again
Quantities: TypeAlias = Mapping[str, Quantity]
Pairs: TypeAlias = Mapping[tuple[str, str], float]
Correlation: TypeAlias = float | Pairs | ArrayLike
Floats: TypeAlias = NDArray[np.float64]


def sample(
    quantities: Quantities,
    rows: int,
    seed: int,
    *,
    batch_rows: int = BATCH_ROWS,
    groups: Mapping[str, Correlation] | None = None,
) -> Design:
    """Stratified rows of every uncertain quantity; a fixed quantity is no column.

    Args:
        quantities: quantities by dotted path; K shares fill the K columns `path.0` ... `path.K-1`.
        rows: how many rows; whole batches give the smallest error.
        seed: 0 to 2^64 - 1.
        batch_rows: rows in a batch, 2 or more; another size gives other rows.
        groups: for each group named by a quantity, the rank correlations of its members: one number for every pair, or
            {(name, name): number} with 0 for pairs left out, or a matrix in alphabetical order of the names, fixed
            members included.

    Returns:
        A probabilistic design, columns in alphabetical order, with stream = row.

    Raises:
        NotAllowed: rows, seed, batch_rows or groups that cannot be used.

    Source: Latin hypercube, McKay, Beckman & Conover (1979); Gaussian copula, Iman & Conover (1982).

    >>> from simulator.uncertainty.quantity import Probability, Ratio
    >>> design = sample({"rr": Ratio(value=0.69, ci95=(0.55, 0.86)), "uptake": Probability(value=0.65, n=43)}, 64, 1)
    >>> design.names, design.values.shape, bool(abs(np.median(design.values[:, 0]) - 0.688) < 0.01)
    (('rr', 'uptake'), (64, 2), True)
    """
    _check_whole("rows", rows, 1, None)
    _check_whole("seed", seed, 0, 2**64 - 1)
    _check_whole("batch_rows", batch_rows, 2, None)
    names = columns(_uncertain(quantities))
    points = {name: stratified(name, rows, seed, batch_rows) for name in names}
    points.update(_correlated(quantities, points, dict(groups or {})))
    values = _values(_uncertain(quantities), points)
    row = np.arange(rows)
    return Design(names, _stacked(values, names, rows), row, row // batch_rows, "probabilistic", seed)


@lru_cache(maxsize=KEPT)
def stratified(name: str, rows: int, seed: int, batch_rows: int = BATCH_ROWS) -> Floats:
    """The points of one column: in each batch one point in each of `batch_rows` equal strata, in random order.

    Args:
        name: the column; the points depend on (seed, name, batch) and nothing else.
        rows: how many points.
        seed: 0 to 2^64 - 1.
        batch_rows: rows in a batch.

    Returns:
        points[row], inside 0 to 1 and never at an end. They are cached for the next design, and read-only.

    >>> sorted(int(x) for x in stratified("uptake", 4, 1, 4) * 4)
    [0, 1, 2, 3]
    """
    batches = [_batch(name, seed, b, batch_rows) for b in range(math.ceil(rows / batch_rows))]
    points = np.concatenate(batches)[:rows]
    points.flags.writeable = False
    return points


def columns(quantities: Quantities) -> tuple[str, ...]:
    """The column names of quantities, in alphabetical order of the quantities.

    >>> from simulator.uncertainty.quantity import Number, Shares
    >>> columns({"mix": Shares(value=[0.5, 0.5]), "b": Number(value=1.0)})
    ('b', 'mix.0', 'mix.1')
    """
    return tuple(column for name in sorted(quantities) for column in _own_columns(name, quantities[name]))


def central(quantities: Quantities, *, seed: int = 0) -> Design:
    """One row with every uncertain quantity where the rows are centred: at its stated value or, where that is not the
    middle of its law, at its mean.

    Args:
        quantities: quantities by dotted path.
        seed: the seed of the people.

    >>> from simulator.uncertainty.quantity import Ratio
    >>> central({"rr": Ratio(value=0.69, ci95=(0.55, 0.86))}).row(0)
    {'rr': 0.69}
    """
    return _compared(columns(_uncertain(quantities)), [_centres(quantities)], "central", seed)


def one_way(quantities: Quantities, low: float = 0.1, high: float = 0.9, *, seed: int = 0) -> Design:
    """The centres, then each column in turn at its low and at its high quantile.

    Row 0 is central; rows 1 + 2 k and 2 + 2 k move column k. When one of K shares moves, the others keep their
    proportions.

    Args:
        quantities: quantities by dotted path.
        low: the lower probability, inside 0 to 1.
        high: the upper probability, inside 0 to 1.
        seed: the seed of the people.

    Raises:
        NotAllowed: a probability of 0 or 1 or outside.

    >>> from simulator.uncertainty.quantity import Number
    >>> one_way({"a": Number(value=1.0, se=1.0), "b": Number(value=5.0, se=1.0)}).values.round(2).tolist()
    [[1.0, 5.0], [-0.28, 5.0], [2.28, 5.0], [1.0, 3.72], [1.0, 6.28]]
    """
    uncertain, rows = _uncertain(quantities), [_centres(quantities)]
    for name in sorted(uncertain):
        for k in range(len(uncertain[name].central)):
            rows += [{**rows[0], **_moved(name, uncertain[name], k, u)} for u in (low, high)]
    return _compared(columns(uncertain), rows, "one-way", seed)


def grid(quantities: Quantities, points: Mapping[str, Sequence[float]], *, seed: int = 0) -> Design:
    """Every combination of the given values of some columns, all other quantities at their centres.

    Args:
        quantities: quantities by dotted path.
        points: values by column, fixed quantities included; the last column changes fastest.
        seed: the seed of the people.

    Raises:
        NotAllowed: an unknown column, or a value outside the limits of its quantity.

    >>> from simulator.uncertainty.quantity import Number, Probability
    >>> quantities = {"a": Number(value=1.0), "p": Probability(value=0.5)}
    >>> grid(quantities, {"a": [1, 2], "p": [0.1, 0.9]}).values.tolist()
    [[1.0, 0.1], [1.0, 0.9], [2.0, 0.1], [2.0, 0.9]]
    """
    combinations = [dict(zip(points, values, strict=True)) for values in product(*points.values())]
    return _given(quantities, combinations, "grid", seed)


def table(quantities: Quantities, rows: Sequence[Mapping[str, float]], *, seed: int = 0) -> Design:
    """The given rows; what a row leaves out is at its centre.

    Args:
        quantities: quantities by dotted path.
        rows: values by column, fixed quantities included.
        seed: the seed of the people.

    Raises:
        NotAllowed: an unknown column, or a value outside the limits of its quantity.

    >>> from simulator.uncertainty.quantity import Probability
    >>> table({"p": Probability(value=0.5)}, [{}, {"p": 0.6}]).values.tolist()
    [[0.5], [0.6]]
    """
    return _given(quantities, rows, "table", seed)


# ---------------------------------------------------------------------------------------- points


def _batch(name: str, seed: int, batch: int, batch_rows: int) -> Floats:
    """One batch: raw keyed bits and nothing that another version of numpy may draw differently."""
    of_name = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    bits = np.random.Philox(key=seed | of_name << 64, counter=batch << 64).random_raw(2 * batch_rows)
    stratum = np.argsort(bits[:batch_rows], kind="stable")
    inside = ((bits[batch_rows:] >> 32).astype(np.float64) + 0.5) * 2.0**-32
    return (stratum + inside) / batch_rows


def _correlated(
    quantities: Quantities, points: Mapping[str, Floats], groups: dict[str, Correlation]
) -> dict[str, Floats]:
    correlated: dict[str, Floats] = {}
    members = _members(quantities)
    _check_groups(members, groups)
    for group, names in members.items():
        uncertain = [k for k, name in enumerate(names) if quantities[name].is_uncertain]
        ranks = _matrix(group, names, groups[group])[np.ix_(uncertain, uncertain)]
        correlated.update(_copula([names[k] for k in uncertain], points, _factor(group, ranks)))
    return correlated


def _copula(names: list[str], points: Mapping[str, Floats], factor: Floats) -> dict[str, Floats]:
    """Sums are taken term by term, so that a row does not depend on how many rows there are."""
    from scipy.special import ndtr, ndtri

    scores = [ndtri(points[name]) for name in names]
    mixed = {name: sum(factor[j, k] * scores[k] for k in range(j + 1)) for j, name in enumerate(names)}
    return {name: points[name] if name == names[0] else ndtr(z) for name, z in mixed.items()}


def _factor(group: str, ranks: Floats) -> Floats:
    scores = 2 * np.sin(np.pi * ranks / 6)
    try:
        return np.linalg.cholesky(scores)
    except np.linalg.LinAlgError:
        hint = "lower the correlations, or give the members one common multiplier"
        raise NotAllowed(f"rank correlations of {group} that cannot hold together", "", hint) from None


def _matrix(group: str, names: Sequence[str], correlation: Correlation) -> Floats:
    matrix = np.eye(len(names))
    if isinstance(correlation, Mapping):
        for (a, b), r in correlation.items():
            j, k = _place(group, a, names), _place(group, b, names)
            if (b, a) in correlation:
                raise NotAllowed(f"{a} with {b} and {b} with {a} in group {group}", "every pair once")
            matrix[j, k] = matrix[k, j] = r
    elif np.ndim(correlation) == 0:
        matrix = np.where(matrix == 1, 1.0, np.asarray(correlation, dtype=np.float64))
    else:
        matrix = np.asarray(correlation, dtype=np.float64)
    _check_matrix(group, matrix, len(names))
    return matrix


def _members(quantities: Quantities) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for name in sorted(quantities):
        group = quantities[name].group
        if group is not None:
            members.setdefault(group, []).append(name)
            if len(quantities[name].central) > 1:
                raise NotAllowed(f"shares {name} in group {group}", "single numbers in a group")
    return members


# ---------------------------------------------------------------------------------------- values


def _values(uncertain: Quantities, points: Mapping[str, Floats]) -> dict[str, Floats]:
    values: dict[str, Floats] = {}
    for name, quantity in uncertain.items():
        own = _own_columns(name, quantity)
        if own == (name,):
            values[name] = quantity.at(points[name])
        else:
            shares = quantity.at(np.column_stack([points[column] for column in own]))
            values.update({column: shares[:, k] for k, column in enumerate(own)})
    return values


def _moved(name: str, quantity: Quantity, k: int, u: float) -> dict[str, float]:
    own = _own_columns(name, quantity)
    if own == (name,):
        return {name: float(quantity.at(u))}
    return dict(zip(own, quantity.share_at(k, u), strict=True))


def _centres(quantities: Quantities) -> dict[str, float]:
    return {
        column: value
        for name, quantity in quantities.items()
        for column, value in zip(_own_columns(name, quantity), quantity.centre, strict=True)
    }


def _uncertain(quantities: Quantities) -> dict[str, Quantity]:
    return {name: quantity for name, quantity in quantities.items() if quantity.is_uncertain}


def _own_columns(name: str, quantity: Quantity) -> tuple[str, ...]:
    if isinstance(quantity.value, tuple):
        return tuple(f"{name}.{k}" for k in range(len(quantity.value)))
    return (name,)


def _stacked(values: Mapping[str, Floats], names: Sequence[str], rows: int) -> Floats:
    return np.column_stack([values[name] for name in names]) if names else np.empty((rows, 0))


# ------------------------------------------------------------------------------- compared designs


def _given(quantities: Quantities, rows: Sequence[Mapping[str, float]], kind: str, seed: int) -> Design:
    """Shares are named share by share, and a row that names one names all that differ: they must still add up to 1."""
    known, stated = columns(quantities), _centres(quantities)
    wanted = {name for row in rows for name in row}
    for name in sorted(wanted - set(known)):
        raise NotAllowed(f"the column {name}", "the columns of the scenario", suggestion(name, known))
    full = [{**stated, **row} for row in rows]
    for row in full:
        _check_row(quantities, row)
    shown = wanted | set(columns(_uncertain(quantities)))
    return _compared(tuple(name for name in known if name in shown), full, kind, seed)


def _compared(names: tuple[str, ...], rows: Sequence[Mapping[str, float]], kind: str, seed: int) -> Design:
    same = np.zeros(len(rows), dtype=np.int64)
    values = np.array([[row[name] for name in names] for row in rows], dtype=np.float64)
    return Design(names, values, same, same, kind, seed)


# ----------------------------------------------------------------------------------------- rules


def _check_row(quantities: Quantities, row: Mapping[str, float]) -> None:
    for name, quantity in quantities.items():
        own = _own_columns(name, quantity)
        for column in own:
            quantity.limits.check(row[column])
        if own != (name,):
            check_sum([row[column] for column in own], f"shares {name}", "give every share of the set")


def _check_groups(members: Mapping[str, list[str]], groups: Mapping[str, Correlation]) -> None:
    """A group that nothing is in any more correlates nothing; a group without correlations is not one."""
    for group in sorted(members.keys() - groups.keys()):
        hint = suggestion(group, groups.keys() | members.keys() - {group})
        raise NotAllowed(f"group {group} of {members[group][0]}", "groups with stated correlations", hint)


def _check_matrix(group: str, matrix: Floats, size: int) -> None:
    if matrix.shape != (size, size) or not np.array_equal(matrix, matrix.T) or np.any(np.diag(matrix) != 1):
        raise NotAllowed(f"correlations of {group}", f"a symmetric {size} x {size} matrix with 1 on its diagonal")
    if np.any(np.abs(matrix[~np.eye(size, dtype=bool)]) >= 1):
        raise NotAllowed(f"a rank correlation of {group} of 1 or more", "numbers between -1 and 1, ends left out")


def _place(group: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise NotAllowed(f"{name} in group {group}", ", ".join(names), suggestion(name, names))
    return list(names).index(name)


def _check_whole(what: str, found: object, low: int, high: int | None) -> None:
    if isinstance(found, bool) or not isinstance(found, (int, np.integer)) or found < low or (high and found > high):
        limit = f"{low} to {high}" if high else f"{low} or more"
        raise NotAllowed(f"{what} {found}", f"a whole number, {limit}")
