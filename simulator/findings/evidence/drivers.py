"""What decides the answer: the number that makes the largest share of what parameters do to the net saving.

With m[r] the discounted net saving to the public purse in row r, V / T the share of its variance that is chance, and z
the normal scores of the columns of one number (K of them: numbers of one correlated group together, and the effect that
moves most of a programme together with the programme's place factor),

    share = (1 - (1 - R^2) (rows - 1) / (rows - 1 - K)) / (1 - V / T)        R^2 of m on z by least squares

A number stands out where an F-test sees it among all numbers (at 5 % shared out between them) and its share is more
than two errors above the next; the errors are those of a jackknife over groups of rows (Efron & Stein 1981). A number
without a source counts as a guess (grade 6), never as certain.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import fdtrc, ndtri

from simulator.findings.finding import ERRORS, SHARE, Finding, Row, Table, kinds_of, whole
from simulator.money.account import Account
from simulator.scenario.addresses import keys_of
from simulator.scenario.evidence import SITES, mode_quantities, site_path
from simulator.scenario.tables import EVIDENCE_MODES, Scenario
from simulator.uncertainty.design import Design
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.ranges import Array, Sample, row_means
from simulator.uncertainty.ranges import ranges as in_ranges

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

GRADE_WORDS = {
    1: "UK randomised trial",
    2: "other trial or matched control",
    3: "independent before and after, or older national statistics",
    4: "practitioner monitoring",
    5: "secondary evidence",
    6: "expert guess",
}
CHOSEN = 6  # the grade of a size that somebody chose
SOURCE_CHARACTERS = 100
LEVEL = 0.05  # of the F-test, shared out between all numbers
GROUPS = 20  # of rows, for the jackknife
SHOWN = 20
NAMED = 3
BARE_NAMED = 4
QUALITY_OF_LIFE = "health.utility."


@dataclass(frozen=True)
class Driver:
    """One number, or a few that go together, and its share of the variance that parameters make."""

    paths: tuple[str, ...]
    words: str
    share: float
    mcse: float
    grade: int  # the weakest of its numbers; one without a grade counts as 6
    direction: int | None  # of the same number, the grade of its direction, where that is graded apart from the size
    source: str  # of the weakest, or why this value, where there is no source


@dataclass(frozen=True)
class Drivers:
    """What decides the answer: numbers by their share of the variance that parameters make, the largest first."""

    largest: tuple[Driver, ...]
    stands_out: bool  # the first, clearly
    seen: bool  # at least the first is told from chance
    chance_share: float  # of the variance between rows
    bare: tuple[str, ...]  # numbers of the programmes without a source: grade 6, and taken as if they were certain


def drivers(account: Account, scenario: Scenario, arm: str, sample: Sample) -> Drivers:
    """The numbers behind the net saving of an arm, by the share of the variance that they make.

    Args:
        account: the money, with the design it was priced with.
        scenario: where the quantities stand.
        arm: a programme arm.
        sample: where the rows of the account come from.
    """
    quantities, saved = mode_quantities(scenario, account.evidence), account.discounted(account.public_saving(arm))
    chance, bare = float(in_ranges(saved, sample).chance_share), tuple(_bare(quantities, scenario, arm))
    means, units = row_means(saved, account.people), _units(account, scenario, arm, quantities)
    if not units or chance >= 1 or not np.ptp(means) > 0:
        return Drivers((), False, False, chance, bare)
    shares = {paths: share_of_variance(columns, means) / (1 - chance) for paths, columns in units.items()}
    first = sorted(shares, key=lambda paths: -shares[paths])[:SHOWN]
    largest = tuple(
        _driver(paths, min(shares[paths], 1.0), _error([units[paths]], means) / (1 - chance), scenario, quantities)
        for paths in first
        if shares[paths] > 0
    )
    seen = bool(largest) and is_seen(units[largest[0].paths], means, len(units))
    return Drivers(largest, seen and _is_apart(first, shares, units, means, chance), seen, chance, bare)


# ---------------------------------------------------------------------------------------- numbers together


def _units(
    account: Account, scenario: Scenario, arm: str, quantities: Mapping[str, Quantity]
) -> dict[tuple[str, ...], Array]:
    """Columns of the design by the numbers that go together: paths -> [row, column] normal scores."""
    design = account.design
    if design is None or len(design) <= 2:
        return {}
    places = {name: site_path(name, scenario.programmes[name], account.evidence) for name in scenario.all_arms()[arm]}
    scores = {name: _scores(design.values[:, [k]]) for k, name in enumerate(design.names) if _varies(design, k)}
    together: dict[str, list[str]] = {}
    for name in scores:
        path = name if name in quantities else name.rpartition(".")[0]
        if path in quantities and name not in places.values() and not _is_of_health(scenario, path):
            together.setdefault(quantities[path].group or path, []).append(name)
    means = row_means(account.discounted(account.public_saving(arm)), account.people)
    units = {tuple(names): np.concatenate([scores[n] for n in names], axis=1) for names in together.values()}
    for programme, place in places.items():
        if place is not None and place in scores:
            units = _with_place(units, means, programme, place, scores[place])
    return {paths: columns for paths, columns in units.items() if len(means) > columns.shape[1] + 2}


def _varies(design: Design, column: int) -> bool:
    return bool(np.ptp(design.values[:, column]) > 0)


def _with_place(
    units: dict[tuple[str, ...], Array], means: Array, programme: str, place: str, column: Array
) -> dict[tuple[str, ...], Array]:
    """The same, with the factor of the place beside the effect that moves most of those it acts on."""
    start = f"programmes.{programme}.effects."
    effects = {
        paths: share_of_variance(columns, means) for paths, columns in units.items() if paths[0].startswith(start)
    }
    if not effects:
        return {**units, (place,): column}
    most = max(effects, key=lambda paths: effects[paths])
    rest = {paths: columns for paths, columns in units.items() if paths != most}
    return {**rest, (*most, place): np.concatenate([units[most], column], axis=1)}


def _scores(values: Array) -> Array:
    """Normal scores of the columns of a design: [row, column]."""
    ranks = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return np.asarray(ndtri((ranks + 0.5) / len(values)))


def _is_of_health(scenario: Scenario, path: str) -> bool:
    """Whether a number acts on quality of life alone, and so on no pound."""
    root, name, *inner = keys_of(path)
    effect = scenario.programmes[name].effects.get(inner[1]) if root == "programmes" and inner[0] == "effects" else None
    return path.startswith(QUALITY_OF_LIFE) or (effect is not None and effect.target == "utility")


# ---------------------------------------------------------------------------------------- shares of variance


def share_of_variance(columns: Array, means: Array) -> float:
    """The share of a variance that some columns explain, as if there were rows without end (adjusted R squared).

    Args:
        columns: [row, column].
        means: [row] what varies.

    Example:
        >>> column = np.linspace(-1, 1, 11)[:, None]
        >>> round(share_of_variance(column, 3 * column[:, 0]), 9)
        1.0
    """
    rows, explained = len(means), columns.shape[1]
    if rows <= explained + 1:
        return 0.0
    unexplained = (1 - _r_squared(columns, means)) * (rows - 1) / (rows - 1 - explained)
    return float(1 - unexplained)


def _r_squared(columns: Array, means: Array) -> float:
    away, apart = means - means.mean(), columns - columns.mean(axis=0)
    fitted = apart @ np.linalg.lstsq(apart, away, rcond=None)[0]
    return float((fitted**2).sum() / (away**2).sum()) if np.any(away) else 0.0


def is_seen(columns: Array, means: Array, numbers: int) -> bool:
    """Whether an F-test tells what some columns do from chance, as the largest of so many numbers.

    Args:
        columns: [row, column].
        means: [row] what varies.
        numbers: how many numbers it is the largest of.

    Example:
        >>> column = np.linspace(-1, 1, 11)[:, None]
        >>> is_seen(column, column[:, 0], 100), is_seen(column, column[::-1, 0] ** 2, 100)
        (True, False)
    """
    explained, left = columns.shape[1], len(means) - 1 - columns.shape[1]
    r_squared = min(_r_squared(columns, means), 1 - 1e-15)
    chance = float(fdtrc(explained, left, r_squared / (1 - r_squared) * left / explained))
    return chance < LEVEL / numbers


def _error(units: Sequence[Array], means: Array) -> float:
    """Jackknife error of the share of one unit, or of the difference between two."""
    groups = min(GROUPS, len(means))
    group = np.arange(len(means)) % groups
    left_out = []
    for k in range(groups):
        shares = [share_of_variance(columns[group != k], means[group != k]) for columns in units]
        left_out.append(shares[0] - sum(shares[1:]))
    return float(np.sqrt((groups - 1) * np.var(np.array(left_out))))


def _is_apart(
    first: Sequence[tuple[str, ...]],
    shares: Mapping[tuple[str, ...], float],
    units: Mapping[tuple[str, ...], Array],
    means: Array,
    chance: float,
) -> bool:
    """Whether the largest share is more than two errors above the next."""
    if len(first) < 2:
        return True
    error = _error([units[first[0]], units[first[1]]], means) / (1 - chance)
    return shares[first[0]] - shares[first[1]] > ERRORS * error


# ------------------------------------------------------------------------------------------ in words


def _driver(
    paths: tuple[str, ...], share: float, mcse: float, scenario: Scenario, quantities: Mapping[str, Quantity]
) -> Driver:
    own = [path if path in quantities else path.rpartition(".")[0] for path in paths]  # shares have a column each
    own = list(dict.fromkeys(own))
    behind = [quantities[path] for path in own if not path.endswith(f".{SITES}")] or [quantities[own[0]]]
    weakest = max(behind, key=lambda quantity: quantity.evidence_grade)
    return Driver(
        paths=paths,
        words=_together(own, scenario),
        share=share,
        mcse=mcse,
        grade=weakest.evidence_grade,
        direction=weakest.grade_direction,
        source=weakest.source or weakest.why or "",
    )


def _together(paths: Sequence[str], scenario: Scenario) -> str:
    """Several numbers in words: the first three by name, the place factor of an effect in brackets."""
    named = [words_of(path, scenario) for path in paths if not path.endswith(f".{SITES}")]
    if not named:
        return words_of(paths[0], scenario)
    rest = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    place = " (with how places differ)" if len(named) < len(paths) else ""
    return f"{', with '.join(named[:NAMED])}{rest}{place}"


def words_of(path: str, scenario: Scenario) -> str:
    """A number in words, without a path.

    Args:
        path: its dotted path.
        scenario: titles of programmes.

    Example:
        >>> from simulator.scenario.read import read
        >>> words_of("programmes.befriending.costs.set_up.amount", read("befriending"))
        'the cost “set up” of Befriending'
        >>> words_of("needs.gp.rate", read("befriending"))
        '“needs gp rate”'
    """
    root, name, *keys = keys_of(path)
    inner = [key for key in keys if key not in (*EVIDENCE_MODES, "amount")]
    if root != "programmes" or name not in scenario.programmes:
        return f"“{' '.join((root, name, *inner)).replace('_', ' ')}”"
    title = scenario.programmes[name].title or name.replace("_", " ")
    if inner == [SITES]:
        return f"how places differ in {title}"
    if inner[0] not in ("effects", "costs", "benefits"):
        return f"“{' '.join(inner).replace('_', ' ')}” of {title}"
    part = " ".join(inner[2:]).replace("_", " ")
    label = inner[1].replace("_", " ")
    return f"the {inner[0].removesuffix('s')} “{label}” of {title}{f' ({part})' if part else ''}"


def _bare(quantities: Mapping[str, Quantity], scenario: Scenario, arm: str) -> Iterator[str]:
    """Numbers of an arm's programmes that nothing stands behind, in words."""
    starts = tuple(f"programmes.{name}." for name in scenario.all_arms()[arm])
    for path, quantity in quantities.items():
        if path.startswith(starts) and quantity.grade is None and not quantity.source:
            yield words_of(path, scenario)


def sentences(arm: ArmFindings) -> Sequence[str]:
    """What decides the answer, and how good the evidence for it is."""
    found = arm.drivers
    if not found.seen:
        why = (
            f" (chance is {found.chance_share * 100:.0f} % of what differs between sets of parameters)"
            if found.chance_share
            else ""
        )
        return (f"The answer rests on no single number that stands out in this run{why}.",)
    first = found.largest[0]
    if found.stands_out:
        return (f"The answer rests on {first.words}: {_share(first)} of what parameters do ({_evidence(first)}).",)
    others = "; ".join(f"{each.words} {_share(each)}" for each in found.largest[:2])
    return (f"The answer rests on several numbers; no single number stands out: {others} of what parameters do.",)


def _share(driver: Driver) -> str:
    error = f" ± {driver.mcse:.0%}" if driver.mcse == driver.mcse else ""
    return f"{driver.share:.0%}{error}".replace("%", " %")


def _evidence(driver: Driver) -> str:
    words = GRADE_WORDS[driver.grade]
    source = driver.source.removeprefix(words).lstrip(",:; ")
    source = textwrap.shorten(source, SOURCE_CHARACTERS, placeholder=" ...")
    if driver.direction is not None and driver.direction < driver.grade:
        told = f"direction: grade {driver.direction}, {GRADE_WORDS[driver.direction]}{f', {source}' if source else ''}"
        return f"{told}; size: grade {driver.grade}, {'chosen' if driver.grade == CHOSEN else words}"
    return f"grade {driver.grade} of 6, {words}{f': {source}' if source else ''}"


def rows(arm: ArmFindings) -> Iterator[Row]:
    """The largest shares."""
    for number, driver in enumerate(arm.drivers.largest, start=1):
        about = {"rank": number, "number": driver.words, "share": driver.share, "mcse": driver.mcse}
        stands_out = arm.drivers.stands_out and number == 1
        source = {"grade": driver.grade, "source": driver.source, "paths": ", ".join(driver.paths)}
        yield {**about, "stands_out": stands_out, **source}


def notes(arm: ArmFindings) -> Sequence[str]:
    """The numbers without a source, which count as guesses though they are taken as certain."""
    bare = arm.drivers.bare
    if not bare:
        return ()
    first = ", ".join(bare[:BARE_NAMED])
    rest = f" and {len(bare) - BARE_NAMED} more" if len(bare) > BARE_NAMED else ""
    return (
        f"{arm.title}: numbers without a source count as guesses (grade 6), and no range holds them: {first}{rest}",
    )


def facts(arm: ArmFindings) -> Row:
    """Whether one number decides the answer, and the largest shares."""
    shown = [{"paths": list(d.paths), "share": d.share, "mcse": d.mcse, "grade": d.grade} for d in arm.drivers.largest]
    return {"drivers": {"stands_out": arm.drivers.stands_out, "seen": arm.drivers.seen, "largest": shown[:NAMED]}}


DRIVERS = Finding(
    tables=(Table("drivers", rows, kinds_of(SHARE, "share", "mcse")),),
    sentences=sentences,
    notes=notes,
    facts=facts,
    brief=whole("drivers"),
)
