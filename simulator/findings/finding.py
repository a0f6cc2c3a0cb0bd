"""What all findings share: how one is shown, what kinds its columns have, and amounts and chances in words.

A saving is positive, a cost negative; pounds are real pounds of the whole place. Years are counted 0, 1, 2 ...; an
entry "by year" looks at the end of that year. Every figure carries its Monte Carlo error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from simulator.money.account import Account, Array
from simulator.uncertainty.ranges import Band, Ranges, Sample, Value, plain, ranges, row_means, standard_error

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

Row = dict[str, Any]
Money = Literal["value", "cash"]
MONEYS: tuple[Money, ...] = ("value", "cash")

PUBLIC_PURSE = "public purse"
SOCIETY = "everyone"

POUNDS, COUNT, SHARE, WHOLE = "£#,##0;[Red]-£#,##0", "#,##0.0", "0.0%", "#,##0"
"""Kinds of column, as a spreadsheet writes them."""
BAND = ("mean", "mcse", "low", "p10", "median", "p90", "high", "low_mcse", "high_mcse")
"""The columns of a mean and its range."""

RARE = 0.05


# ------------------------------------------------------------------------------------------ how it is shown


@dataclass(frozen=True)
class Table:
    """A long table of a finding; findings that name the same table share it, one below the other."""

    name: str
    rows: Callable[[ArmFindings], Iterable[Row]]
    kinds: Mapping[str, str] = field(default_factory=dict)  # of its columns; others are written as they are


def no_sentences(arm: ArmFindings) -> Sequence[str]:
    """A finding that says nothing at the end of a run."""
    return ()


def no_facts(arm: ArmFindings) -> Row:
    """A finding that a script does not get but in tables."""
    return {}


def no_brief(facts: Row) -> Row:
    """A finding that the command line's JSON leaves out."""
    return {}


@dataclass(frozen=True)
class Finding:
    """How one finding is shown; what is left out is not shown there."""

    tables: tuple[Table, ...] = ()
    sentences: Callable[[ArmFindings], Sequence[str]] = no_sentences  # at the end of a run
    notes: Callable[[ArmFindings], Sequence[str]] = no_sentences  # below them
    facts: Callable[[ArmFindings], Row] = no_facts  # plain values by name, for a script
    brief: Callable[[Row], Row] = no_brief  # of the facts of an arm, those that `--json` prints


def kinds_of(kind: str, *columns: str) -> dict[str, str]:
    """One kind for several columns.

    >>> kinds_of(WHOLE, "starts", "mcse")
    {'starts': '#,##0', 'mcse': '#,##0'}
    """
    return dict.fromkeys(columns, kind)


def only(row: Row, names: Sequence[str]) -> Row:
    """Some of the columns of a row.

    >>> only({"mean": 1.0, "low": 0.5, "high": 2.0}, ("low", "high"))
    {'low': 0.5, 'high': 2.0}
    """
    return {name: row[name] for name in names}


def band_by_year(band: Band) -> Iterator[Row]:
    """One row for each year of a band."""
    for year in range(len(band.mean)):
        yield {"year": year, **band.at(year).to_dict()}


# ------------------------------------------------------------------------------------- what it is computed from


def sample_of(account: Account, site_paths: Sequence[str] = ()) -> Sample:
    """Where the rows of an account come from: what the range of a finding needs to know.

    Args:
        account: the money.
        site_paths: the factors of the place, by path, of the programmes compared.

    Example:
        >>> from simulator.money.account import account_of
        >>> sample_of(account_of({"usual care": {"care nhs": [1]}})).place_size
        1.0
    """
    design = account.design
    columns = [design.names.index(path) for path in site_paths if path in design.names] if design else []
    return Sample(
        people=account.people,
        place_size=account.place_size,
        batch=account.batch,
        one_stream=len(np.unique(account.streams)) < len(account.streams),
        sites=np.log(design.values[:, columns]) if design and columns else None,
        is_certain=design is not None and not design.names,
    )


def mean_of(values: Array, account: Account) -> Value:
    """Mean over the rows of an account, with its error: [row, replicate, ...] -> [...]."""
    means = row_means(values, account.people)
    return Value(means.mean(axis=0), standard_error(means, account.batch))


def ranges_together(sample: Sample, **figures: Array) -> dict[str, Ranges]:
    """The ranges of several figures of one shape by name, with one fit of what differs between places for all of them.

    Args:
        sample: where the rows come from.
        figures: [row, replicate, ...] each.

    Example:
        >>> sample = Sample(np.ones((1, 1)), 1.0, np.zeros(1, int), one_stream=True)
        >>> ranged = ranges_together(sample, saved=np.array([[10.0]]), spent=np.array([[4.0]]))
        >>> float(ranged["saved"].mean), float(ranged["spent"].mean)
        (10.0, 4.0)
    """
    together = ranges(np.stack(list(figures.values()), axis=-1), sample)
    return {name: together.at(k) for k, name in enumerate(figures)}


def value_row(value: Value, name: str = "mean") -> dict[str, float]:
    """A value and its error as the columns of a row.

    >>> value_row(Value(np.array(2.0), np.array(0.5)), "p")
    {'p': 2.0, 'mcse': 0.5}
    """
    return plain({name: value.value, "mcse": value.mcse})


ERRORS = 2
"""Monte Carlo errors from nothing beyond which a figure is said to be one."""


def is_clear(figure: Value) -> bool:
    """Whether a mean is more than two errors from nothing; a mean without an error is taken as it stands.

    Args:
        figure: a mean and its error.

    Example:
        >>> import numpy as np
        >>> is_clear(Value(np.array(5.0), np.array(3.0))), is_clear(Value(np.array(5.0), np.array(2.0)))
        (False, True)
    """
    error, mean = float(figure.mcse), abs(float(figure.value))
    return mean > 0 and (error != error or mean > ERRORS * error)


# ------------------------------------------------------------------------------------------------ in words


def pounds(amount: float) -> str:
    """An amount to three significant digits, without a sign.

    Args:
        amount: pounds.

    Example:
        >>> pounds(-1234567.0), pounds(45678.0), pounds(12.3)
        ('£1.23 million', '£45,700', '£12')
    """
    size = abs(amount)
    if size >= 999_500:
        return f"£{float(f'{size / 1e6:.3g}'):,g} million"
    return f"£{float(f'{size:.3g}'):,.0f}"


def net(amount: float) -> str:
    """A saving or a cost in words.

    Args:
        amount: pounds, a saving positive.

    Example:
        >>> net(-2000.0), net(0.0)
        ('a net cost of £2,000', 'no net saving or cost')
    """
    if amount == 0:
        return "no net saving or cost"
    return f"a net {'saving' if amount > 0 else 'cost'} of {pounds(amount)}"


def per_cent(share: float) -> str:
    """A probability in per cent that never rounds to all or nothing what is neither.

    Args:
        share: 0 to 1.

    Example:
        >>> per_cent(0.71), per_cent(0.004), per_cent(0.9988), per_cent(1.0)
        ('71 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if 0 < share < RARE / 5:
        return "under 1 %"
    return "over 99 %" if 1 - RARE / 5 < share < 1 else f"{share * 100:.0f} %"


def futures(share: float) -> str:
    """A probability as a count of futures.

    Args:
        share: 0 to 1.

    Example:
        >>> futures(0.71), futures(0.004), futures(0.0)
        ('7 of 10', 'fewer than 1 of 100', 'none')
    """
    if share in (0.0, 1.0):
        return "none" if share == 0 else "all"
    if RARE <= share <= 1 - RARE:
        return f"{share * 10:.0f} of 10"
    if share < RARE / 5:
        return "fewer than 1 of 100"
    return f"{share * 100:.0f} of 100" if share < 1 - RARE / 5 else "more than 99 of 100"


def in_futures(share: float) -> str:
    """A probability as the simulated futures in which something happens.

    Args:
        share: 0 to 1.

    Example:
        >>> in_futures(0.71), in_futures(0.0), in_futures(1.0)
        ('7 of 10 simulated futures', 'no simulated future', 'every simulated future')
    """
    words = {"none": "no simulated future", "all": "every simulated future"}
    return words.get(futures(share), f"{futures(share)} simulated futures")


def end(amount: float) -> str:
    """One end of a range.

    Args:
        amount: pounds, a saving positive.

    Example:
        >>> end(2000.0), end(-30.0), end(0.0)
        ('saving £2,000', 'cost £30', '£0')
    """
    return f"{'saving ' if amount > 0 else 'cost ' if amount < 0 else ''}{pounds(amount)}"
