"""What all findings share: how one is shown, what kinds its columns have, and amounts and chances in words.

A saving is positive, a cost negative; pounds are real pounds of the whole place, and every sentence tells present
values. Years are counted 0, 1, 2 ..., and named as the horizon names them; an entry "by year" looks at the end of that
year. Every figure carries its Monte Carlo error.
"""

from __future__ import annotations

import math
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
COARSE = 0.1  # the error of a probability beyond which it is counted in tenths
SURE = 2  # Monte Carlo errors beyond which a difference is named


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


def whole(*names: str) -> Callable[[Row], Row]:
    """A finding whose facts of these names ``--json`` prints as they are.

    >>> whole("returns")({"returns": [1.2], "parts": [3.4]})
    {'returns': [1.2]}
    """
    return lambda facts: only(facts, names)


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


def rounded(amount: float, error: float = 0.0) -> float:
    """An amount to the digit that its error allows: three digits at most, and one at least.

    Args:
        amount: any number.
        error: its Monte Carlo error; 0 or nan where there is none.

    Example:
        >>> rounded(22_412.0, 23_600.0), rounded(22_412.0, 310.0), rounded(22_412.0), rounded(4_000.0, 23_600.0)
        (20000.0, 22400.0, 22400.0, 4000.0)
    """
    if amount == 0 or not math.isfinite(amount):
        return amount
    first = math.floor(math.log10(abs(amount)))
    place = max(first - 2, min(first, math.floor(math.log10(error)))) if error > 0 else first - 2
    return float(round(amount / 10.0**place) * 10.0**place) if place < 0 else float(round(amount, -place)) + 0.0


def beyond_error(amount: float, error: float) -> bool:
    """Whether an amount is further from nothing than two Monte Carlo errors; not where the error is not known.

    >>> beyond_error(2_000.0, 900.0), beyond_error(-2_000.0, 1_100.0), beyond_error(5.0, float("nan"))
    (True, False, False)
    """
    return abs(amount) > SURE * error


def pounds(amount: float, error: float = 0.0) -> str:
    """An amount without a sign, to three significant digits or as its error allows.

    Args:
        amount: pounds.
        error: its Monte Carlo error.

    Example:
        >>> pounds(-1234567.0), pounds(45678.0), pounds(12.3), pounds(45678.0, 2_500.0)
        ('£1.23 million', '£45,700', '£12', '£46,000')
    """
    size = abs(rounded(amount, error))
    if size >= 999_500:
        return f"£{float(f'{size / 1e6:.3g}'):,g} million"
    return f"£{float(f'{size:.3g}'):,.0f}"


def give_or_take(error: float) -> str:
    """A Monte Carlo error in pounds to two digits, to stand behind an amount; empty where there is none.

    >>> give_or_take(23_612.0), give_or_take(0.3), give_or_take(0.0), give_or_take(float("nan"))
    (' ± £24,000', ' ± under £1', '', '')
    """
    if not error > 0:
        return ""
    return " ± under £1" if error < 0.5 else f" ± {pounds(float(f'{error:.2g}'))}"


def net(amount: float, error: float = 0.0) -> str:
    """A saving or a cost in words.

    Args:
        amount: pounds, a saving positive.
        error: its Monte Carlo error.

    Example:
        >>> net(-2000.0), net(0.0), net(-2_412.0, 310.0), net(-2_412.0, 31_000.0)
        ('a net cost of £2,000', 'no net saving or cost', 'a net cost of £2,400', 'about no net saving or cost')
    """
    if amount == 0:
        return "no net saving or cost"
    if abs(amount) < error / 2:
        return "about no net saving or cost"
    return f"a net {'saving' if amount > 0 else 'cost'} of {pounds(amount, error)}"


def net_give_or_take(band: Band) -> str:
    """A mean saving or cost with its error: a net cost of £20,000 ± £24,000."""
    return f"{net(float(band.mean), float(band.mcse))}{give_or_take(float(band.mcse))}"


def value_of(band: Band) -> Value:
    """The mean of a band and its error, without its range."""
    return Value(band.mean, band.mcse)


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


def futures(share: float, error: float = 0.0) -> str:
    """A probability as a count of futures, no finer than its error allows.

    Args:
        share: 0 to 1.
        error: its Monte Carlo error.

    Example:
        >>> futures(0.71), futures(0.004), futures(0.0), futures(0.01, 0.007), futures(0.71, 0.03), futures(0.71, 0.12)
        ('7 of 10', 'fewer than 1 of 100', 'none', 'fewer than 3 of 100', '71 of 100', '7 of 10')
    """
    if share in (0.0, 1.0):
        return "none" if share == 0 else "all"
    if RARE <= share <= 1 - RARE:
        return f"{share * 100:.0f} of 100" if 0 < error < COARSE else f"{share * 10:.0f} of 10"
    rare, doubt = min(share, 1 - share), SURE * error if error > 0 else 0.0
    if rare < max(RARE / 5, doubt):
        most = max(math.ceil(round((rare + doubt) * 100, 9)), 1)
        return f"fewer than {most} of 100" if share < RARE else f"more than {100 - most} of 100"
    return f"{share * 100:.0f} of 100"


def in_futures(share: float, error: float = 0.0) -> str:
    """A probability as the simulated futures in which something happens.

    Args:
        share: 0 to 1.
        error: its Monte Carlo error.

    Example:
        >>> in_futures(0.71), in_futures(0.0), in_futures(1.0)
        ('7 of 10 simulated futures', 'no simulated future', 'every simulated future')
    """
    words = {"none": "no simulated future", "all": "every simulated future"}
    return words.get(futures(share, error), f"{futures(share, error)} simulated futures")


def of_100(error: float) -> str:
    """The Monte Carlo error of a probability, to stand behind it; empty where there is none.

    >>> of_100(0.033), of_100(0.002), of_100(0.12), of_100(0.0)
    (' (± 3 of 100)', ' (± 1 of 100)', ' (± 1 of 10)', '')
    """
    if error >= COARSE:
        return f" (± {error * 10:.0f} of 10)"
    return f" (± {max(round(error * 100), 1)} of 100)" if error > 0 else ""


def chance(share: Value) -> str:
    """A probability in futures with its error: 71 of 100 simulated futures (± 3 of 100)."""
    probability, error = float(share.value), float(share.mcse)
    words = in_futures(probability, error)
    return words if " than " in words else f"{words}{of_100(error)}"


def complement(share: Value) -> Value:
    """The probability that something does not happen."""
    return Value(1 - share.value, share.mcse)


def end(amount: float, error: float = 0.0) -> str:
    """One end of a range.

    Args:
        amount: pounds, a saving positive.
        error: its Monte Carlo error.

    Example:
        >>> end(2000.0), end(-30.0), end(0.0)
        ('saving £2,000', 'cost £30', '£0')
    """
    near = rounded(amount, error)
    return f"{'saving ' if near > 0 else 'cost ' if near < 0 else ''}{pounds(near)}"


def between(low: float, high: float, low_error: float = 0.0, high_error: float = 0.0) -> str:
    """A range of pounds in words, the end nearer to nothing first where both are costs.

    Args:
        low: pounds, a saving positive.
        high: pounds, no less.
        low_error: Monte Carlo error of the low end.
        high_error: that of the high end.

    Example:
        >>> between(-657_000.0, -70_200.0), between(5_000.0, 9_000.0)
        ('a cost of between £70,200 and £657,000', 'a saving of between £5,000 and £9,000')
        >>> between(-215_000.0, 324_000.0), between(-30.0, 0.0)
        ('between a cost of £215,000 and a saving of £324,000', 'between a cost of £30 and £0')
        >>> between(-83.0, -78.0, 49.0, 21.0)
        'a cost of about £80'
    """
    ends = rounded(low, low_error), rounded(high, high_error)
    if ends[0] == ends[1] != 0:
        return f"a {end(ends[0]).replace(' ', ' of about ', 1)}"
    if ends[1] < 0 or ends[0] > 0:
        near, far = sorted(ends, key=abs)
        return f"a {'cost' if far < 0 else 'saving'} of between {pounds(near)} and {pounds(far)}"
    if ends == (0.0, 0.0):
        return "£0"
    low_words, high_words = (f"a {end(each).replace(' ', ' of ', 1)}" if each else "£0" for each in ends)
    return f"between {low_words} and {high_words}"


def low_to_high(band: Band) -> str:
    """The 95 % range in words; none where it is a point although something is uncertain.

    >>> alone = np.array(-5.0)
    >>> low_to_high(Band(alone, np.array(np.nan), np.full(5, -5.0), np.zeros(5)))
    'not known from one set of parameters'
    >>> low_to_high(Band(np.array(-6.0), np.array(2.0), np.full(5, -5.0), np.zeros(5)))
    'not known: what makes a difference happened too seldom'
    """
    low, high = float(band.low), float(band.high)
    if low == high and math.isnan(float(band.mcse)):
        return "not known from one set of parameters"
    if low == high and float(band.mcse) > 1e-9 * max(abs(low), 1.0):
        return "not known: what makes a difference happened too seldom"
    if low == high:
        return f"a {end(low).replace(' ', ' of ', 1)}" if low else "£0"
    return between(low, high, float(band.quantile_mcse[0]), float(band.quantile_mcse[-1]))


def held(rows: int) -> str:
    """The share of futures that the 95 % range of so many rows holds: with few its ends are the outermost rows.

    Args:
        rows: sets of parameters.

    Example:
        >>> held(864), held(32), held(8)
        ('95 %', '94 %', '78 %')
    """
    return f"{min(95.0, 100 * (rows - 1) / (rows + 1)):.0f} %"


def signed(figure: Value) -> str:
    """Pounds with their sign and error, for lists: a saving above nothing, a cost below.

    >>> signed(Value(np.array(-31_912.0), np.array(612.0))), signed(Value(np.array(250.0), np.array(np.nan)))
    ('-£31,900 ± £610', '£250')
    """
    amount, error = float(figure.value), float(figure.mcse)
    near = rounded(amount, error)
    return f"{'-' if near < 0 else ''}{pounds(near)}{give_or_take(error)}"


def counted(amount: float, error: float = 0.0) -> str:
    """A number of something without its sign, as its error allows, with the error.

    >>> counted(-342.4, 51.0), counted(7.13, 0.28), counted(3.0)
    ('340 ± 51', '7.1 ± 0.28', '3')
    """
    size = abs(rounded(amount, error))
    give = f" ± {_plain(float(f'{error:.2g}'))}" if error > 0 else ""
    return f"{_plain(float(f'{size:.3g}'))}{give}"


def _plain(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:g}"
