"""How many rows a run needs, from what its first 32 rows show: within a budget, and the same on every machine.

With Vp the variance that parameters bring to a row's figure a head, Vc that of one person's chance, n people in a row
and N in the place,

    V = Vp + C,  C = Vc / n       variance of a row's figure
    S = Vp + Vc / N               variance of the figure in the place, whose range is printed

R rows leave these errors, in standard deviations sqrt(S) of that range and for a figure that is normal:

    mean          sqrt(V / (S R))                              stratified rows do better: a reserve
    ends          sqrt(V / (S R)) sqrt(q (1 - q)) / phi(z)     q = 0.025, z its quantile: the factor is 2.67
    probability   sqrt(V / (S R)) / 2                          of one half, the worst
    width         sqrt((V^2 + C^2) / (2 R)) / S                of the range without the chance of the rows

(Woodruff 1952; chance is a mean of R squares, the split that of O'Hagan, Stevenson & Madan 2007.) Each is turned round
for R, the largest counts, in whole batches. Only rows are chosen: the first rows count, so people in a row must be the
same in all of them, and between 1,000 and 4,000 people a row the best R x n hardly changes. The choice depends on the
scenario, the seed and the budget in person-years, never on a clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.findings import Findings
from simulator.money.account import Account
from simulator.scenario.tables import Scenario
from simulator.uncertainty.parting import chance_paths, row_means
from simulator.uncertainty.ranges import Band
from simulator.uncertainty.sample import BATCH_ROWS

__all__ = ["AIM", "BUDGET", "PILOT", "Aim", "Errors", "Size", "Variances", "choose", "errors", "variances"]

PILOT = BATCH_ROWS
BUDGET = 864.0 * 2_000 * 10
"""Person-years lived in two worlds: some 20 seconds on two cores where nothing is shared."""
END = 2.67  # sqrt(q (1 - q)) / phi(z) at 2.5 %
TENTH = 1.2816  # standard deviations beyond which a tenth of a normal law lies


@dataclass(frozen=True)
class Variances:
    """What makes a figure differ between rows, in squared pounds a head of the place."""

    parameters: float  # Vp
    chance: float  # Vc, of one person

    def of_row(self, people: float) -> float:
        """V of a row of so many people."""
        return self.parameters + self.chance / people


@dataclass(frozen=True)
class Aim:
    """Errors that a run of chosen size should not exceed; the first two in standard deviations of the range."""

    mean: float = 0.05
    ends: float = 0.125
    probability: float = 0.025
    width: float = 0.1  # relative: how well chance is told from parameters


AIM = Aim()


@dataclass(frozen=True)
class Errors:
    """What a number of rows is good for, as in :class:`Aim`, and the share of a row's variance that is chance."""

    mean: float
    ends: float
    probability: float
    width: float
    chance_share: float


@dataclass(frozen=True)
class Size:
    """The rows of a run, what the aim would take, and what they were chosen from."""

    rows: int
    rows_for_the_aim: int
    budget_person_years: float
    pilot_rows: int
    variances: Mapping[str, Variances]  # by arm

    def to_dict(self) -> dict[str, object]:
        """Plain data for the inputs of a run."""
        return {**asdict(self), "variances": {arm: asdict(each) for arm, each in self.variances.items()}}


def whole_batches(rows: float) -> int:
    """Rows rounded up to whole batches; fewer than one batch stay as they are.

    >>> whole_batches(8), whole_batches(33), whole_batches(64)
    (8, 64, 64)
    """
    return math.ceil(rows) if rows < BATCH_ROWS else math.ceil(rows / BATCH_ROWS) * BATCH_ROWS


def variances(account: Account) -> dict[str, Variances]:
    """The variances of the discounted net saving to the public purse, by programme arm.

    Args:
        account: of a few rows; without a programme what usual care spends is looked at.

    Returns:
        By arm, for one person of the place.
    """
    figures = {arm: account.saving(arm, account.public_payers) for arm in account.arms[1:]}
    if not figures:
        figures = {account.arms[0]: account.spent(account.arms[0])}
    heads = {arm: figure @ account.money_factor / account.place_size for arm, figure in figures.items()}
    return {arm: parted(values, account.people) for arm, values in heads.items()}


def parted(values: NDArray[np.float64], people: NDArray[np.float64]) -> Variances:
    """Parameters and chance apart.

    Args:
        values: [row, replicate] a figure a head.
        people: [row, replicate] people in each.

    Example:
        >>> parted(np.array([[2.0, 4.0], [2.0, 4.0]]), np.full((2, 2), 8.0))
        Variances(parameters=0.0, chance=16.0)
    """
    chance = float((chance_paths(values, people) ** 2).mean())
    of_rows = float(row_means(values, people).var(ddof=1)) if len(values) > 1 else 0.0
    return Variances(max(0.0, of_rows - chance * float((1 / people.sum(axis=1)).mean())), chance)


def errors(seen: Variances, rows: int, people: float, place: float) -> Errors:
    """What so many rows are good for.

    Args:
        seen: the variances.
        rows: R.
        people: n, in a row.
        place: N.

    Example:
        >>> about = errors(Variances(parameters=1.0, chance=0.0), rows=400, people=10, place=10)
        >>> about.mean, about.probability, round(about.ends, 4), round(about.width, 4)
        (0.05, 0.025, 0.1335, 0.0354)
    """
    of_row, of_place = seen.of_row(people), seen.of_row(place)
    if of_place <= 0:
        return Errors(0.0, 0.0, 0.0, 0.0, 0.0)
    chance = seen.chance / people
    mean = math.sqrt(of_row / of_place / rows)
    width = math.sqrt((of_row**2 + chance**2) / (2 * rows)) / of_place
    return Errors(mean, END * mean, mean / 2, width, chance / of_row)


def rows_for(seen: Variances, people: float, place: float, aim: Aim = AIM) -> int:
    """Rows that meet an aim, in whole batches.

    Args:
        seen: the variances.
        people: n, in a row.
        place: N.
        aim: the errors allowed.

    Example:
        >>> rows_for(Variances(parameters=1.0, chance=0.0), people=10, place=10, aim=Aim(mean=0.05, ends=1.0))
        416
    """
    alone = errors(seen, 1, people, place)  # every error falls with the square root of the rows
    allowed = asdict(aim)
    worst = max(getattr(alone, name) / allowed[name] for name in allowed)
    return whole_batches(max(PILOT, worst**2 - 1e-6))


def person_years(scenario: Scenario, people: int) -> float:
    """Person-years of one row, lived in two worlds; twice where people share something, for the second replicate.

    Args:
        scenario: resolved scenario.
        people: in a row.
    """
    lives = 2 if scenario.limited() else 1
    return people * scenario.horizon.years * lives * len(scenario.all_arms()) / 2


def choose(
    seen: Mapping[str, Variances], scenario: Scenario, people: int, budget: float = BUDGET, aim: Aim = AIM
) -> Size:
    """The size of a run from the variances of its first rows.

    Args:
        seen: variances by arm; the arm that needs most rows counts.
        scenario: resolved scenario.
        people: in a row.
        budget: person-years, as in :func:`person_years`.
        aim: the errors allowed.

    Returns:
        As many rows as the aim takes, no more than the budget allows, never fewer than the pilot's.
    """
    place = scenario.population.place_size
    wanted = max(rows_for(each, people, place, aim) for each in seen.values())
    return Size(min(wanted, affordable(scenario, people, budget)), wanted, budget, PILOT, dict(seen))


def affordable(scenario: Scenario, people: int, budget: float) -> int:
    """Rows in whole batches that a budget of person-years allows, the pilot's in any case."""
    return max(PILOT, int(budget / person_years(scenario, people)) // BATCH_ROWS * BATCH_ROWS)


# --------------------------------------------------------------------------------------------------- in words


def chosen_in_words(size: Size, people: int) -> str:
    """What was chosen, and whether the budget was too small for the aim.

    >>> print(chosen_in_words(Size(64, 128, 1000.0, 32, {}), 50))
    64 sets of parameters x 50 people chosen after the first 32; the aim would take 128, more than 1,000 person-years
    """
    words = f"{size.rows:,} sets of parameters x {people:,} people chosen after the first {size.pilot_rows}"
    if size.rows < size.rows_for_the_aim:
        words += (
            f"; the aim would take {size.rows_for_the_aim:,}, more than {size.budget_person_years:,.0f} person-years"
        )
    return words


def good_for(findings: Findings) -> str:
    """What a run is good for, by the arm that is known least: its own errors, as they are printed beside its figures.

    Args:
        findings: of the run.

    Returns:
        Errors of the mean and the ends in standard deviations of the range of a place, of the chance of a saving, and
        the share of chance; empty without a programme and for a single row.
    """
    views = [arm.view() for arm in findings.arms if float(arm.view().npv.expected.mcse) > 0]
    if not views:
        return ""
    view = max(views, key=lambda each: _in_deviations(each.npv.place)[0])
    mean, ends = (
        f"{math.ceil(100 * error - 1e-6)} %" if math.isfinite(error) else "an unknown share"
        for error in _in_deviations(view.npv.place)
    )
    points = max(math.ceil(100 * float(view.p_saving.at(-1).mcse) - 1e-6), 1)
    return (
        f"good to {mean} of the range's standard deviation in the mean, {ends} at the ends of the 95 % range, "
        f"{points} point{'' if points == 1 else 's'} in a probability; chance is "
        f"{100 * float(view.npv.chance_share):.0f} % of what differs between the rows"
    )


def _in_deviations(place: Band) -> tuple[float, float]:
    """Errors of the mean and of the worse end over the standard deviation of a normal law with this 80 % range."""
    deviation = (float(place.p90) - float(place.p10)) / (2 * TENTH) or math.inf
    return float(place.mcse) / deviation, float(max(place.quantile_mcse[0], place.quantile_mcse[-1])) / deviation


def rounding(asked: int, rows: int) -> Iterator[str]:
    """What is to be said of the rows that were asked for.

    >>> list(rounding(40, 64)), list(rounding(64, 64))
    (['40 sets of parameters rounded up to 64, whole batches of 32'], [])
    """
    if rows != asked:
        yield f"{asked} sets of parameters rounded up to {rows}, whole batches of {BATCH_ROWS}"
    elif rows < BATCH_ROWS:
        yield f"{asked} sets of parameters are fewer than a batch of {BATCH_ROWS}: enough to try things, not to decide"
