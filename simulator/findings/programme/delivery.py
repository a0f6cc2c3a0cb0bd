"""How supports were delivered and places used, and whether a list or a queue still grows: overload is told.

    mean            = mean over rows, of the whole place; its error from resampling rows
    days waited     = mean person-days of waiting / mean starts, or entries that had to queue         a ratio of means
                      (of a list that grows: how long it would take to work off at the pace of the year)
    its error       = that of the rows' (days - ratio x starts) / mean starts                  (Cochran 1977, ch. 6)
    caseload use    = mean over the rows with room of people on it / how many it has room for, while it recruits

A list is looked at while its support recruits, a queue for a place until the end of the horizon
(:func:`simulator.activity.delivery.grows`). What becomes of those who are on a programme when its recruitment ends is
told by their run-off, or by those who leave that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.activity.delivery import Delivery, Occupancy, delivery, occupancy
from simulator.activity.ledger import EVERYONE, Ledger
from simulator.findings.activity import place_titles
from simulator.findings.finding import COUNT, SHARE, Finding, Row, Table, kinds_of, rounded
from simulator.model.dates import closing_day, run_off_day
from simulator.money.account import Account, Array
from simulator.money.posts import room
from simulator.scenario.tables import Programme, Scenario
from simulator.uncertainty.ranges import Value, plain, standard_error
from simulator.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

COUNTED = ("offers", "refusals", "starts", "completions", "drop_outs", "lapses", "lapsed_referrals")
AT_A_TIME = ("on_it", "run_off", "waiting")
UNKNOWN = Value(np.asarray(np.nan), np.asarray(np.nan))


@dataclass(frozen=True)
class Service:
    """What one arm delivered, and how full its limited places were."""

    supports: tuple[Delivery, ...]  # the arm's programmes, then supports of usual care with staff
    places: tuple[Occupancy, ...]  # those with slots
    usual: tuple[Occupancy, ...]  # the same places in usual care
    batch: NDArray[np.int64]  # [row] of the rows, for errors
    titles: Mapping[str, str]  # of supports and places
    runs_off: Mapping[str, float]  # person-years after recruitment of programmes that support people to their end
    leave: tuple[str, ...]  # programmes that people have to leave on the day when recruitment ends
    lists: tuple[str, ...]  # programmes with a waiting list
    own_dates: tuple[str, ...]  # programmes that recruit until a day of their own, not until their funding ends


def service(account: Account, ledger: Ledger, scenario: Scenario, arm: str) -> Service:
    """The delivery of supports and the occupancy of places in an arm.

    Args:
        account: the money, for the rows it was priced with.
        ledger: activity by row.
        scenario: staff, slots, dates and titles.
        arm: a programme arm.

    Example:
        >>> from types import SimpleNamespace as Made
        >>> from simulator.scenario.read import read
        >>> scenario = read("befriending")
        >>> kinds = (*COUNTED, "active_days", "run_off_days", "listed_days", "volunteer_days")
        >>> arms, items = tuple(scenario.all_arms()), tuple(f"{kind}:befriending" for kind in kinds)
        >>> activity = np.full((1, 1, len(arms), 1, 2, len(items)), 4.0)
        >>> windows = np.zeros((1, 1, len(arms) - 1, 2, 2, 2, 0))
        >>> people = np.full((1, 1), 50.0)
        >>> ledger = Ledger(arms, ("everyone",), items, (), np.arange(1), people, 100.0, activity, windows)
        >>> seen = service(Made(design=None, batch=np.zeros(1, int)), ledger, scenario, "befriending")
        >>> seen.supports[0].starts.tolist(), seen.places
        ([[[8.0], [8.0]]], ())
    """
    programmes = scenario.all_arms()[arm]
    limited = [name for name, support in scenario.supports.items() if support.staff is not None]
    supports = tuple(_delivery(account, ledger, scenario, arm, name) for name in (*programmes, *limited))
    slots = [name for name, place in scenario.places.items() if place.slots is not None]
    tables = {name: support for name, (_, support) in scenario.all_supports().items()}
    return Service(
        supports=supports,
        places=tuple(occupancy(ledger, arm, name) for name in slots),
        usual=tuple(occupancy(ledger, ledger.arms[0], name) for name in slots),
        batch=account.batch,
        titles={name: table.title or name.replace("_", " ") for name, table in tables.items()} | place_titles(scenario),
        runs_off={each.support: float(_of_all(each.run_off).sum()) for each in supports if _runs_off(scenario, each)},
        leave=tuple(each.support for each in supports if _must_leave(scenario, each)),
        lists=tuple(name for name in programmes if _keeps_a_list(scenario.programmes[name])),
        own_dates=tuple(name for name in programmes if _closes_on_its_own(scenario.programmes[name])),
    )


def _delivery(account: Account, ledger: Ledger, scenario: Scenario, arm: str, name: str) -> Delivery:
    holds = None if account.design is None else room(ledger, scenario, account.design, arm, name)
    return delivery(ledger, arm, name, holds)


def _runs_off(scenario: Scenario, each: Delivery) -> bool:
    """Whether it is a programme that people finish after recruitment has ended, and somebody does."""
    programme = scenario.programmes.get(each.support)
    finite = programme is not None and run_off_day(scenario, programme) < float("inf")
    return finite and bool(each.run_off[..., 0].any())


def _must_leave(scenario: Scenario, each: Delivery) -> bool:
    """Whether it is a programme that people have to leave when recruitment ends, and somebody does."""
    programme = scenario.programmes.get(each.support)
    if not isinstance(programme, Programme) or programme.after_funding != "stop":
        return False
    last = max(ceil(closing_day(scenario, programme) / DAYS_PER_YEAR) - 1, 0)
    on_it, lapses = _of_all(each.on_it), _of_all(each.lapses)
    return last < len(on_it) and bool(on_it[last] > 0 and lapses[last:].any())


def _keeps_a_list(programme: Programme) -> bool:
    return programme.staff is not None and programme.staff.when_full == "wait"


def _closes_on_its_own(programme: Programme) -> bool:
    """Whether recruitment ends on a stated day."""
    return programme.closes_day is not None or programme.ends_day is not None


def _of_all(values: Array) -> Array:
    """Mean over rows of everyone: [row, year, part] -> [year]."""
    return np.asarray(values[..., 0].mean(axis=0))


def _mean(values: Array, batch: NDArray[np.int64]) -> Value:
    """Mean over rows with its error: [row, ...] -> [...]."""
    return Value(values.mean(axis=0), standard_error(values, batch))


def _per(days: Array, of: Array, batch: NDArray[np.int64]) -> Value:
    """People at a time as days for each of something, nan where there is none: a ratio of means over rows."""
    ratio, number = _each(days, of), of.mean(axis=0)
    apart = days * DAYS_PER_YEAR - ratio * of
    return Value(ratio, standard_error(apart / np.where(number > 0.0, number, np.nan), batch))


def _each(days: Array, of: Array) -> Array:
    """The same without its error."""
    amount, number = days.mean(axis=0) * DAYS_PER_YEAR, of.mean(axis=0)
    return np.asarray(np.divide(amount, number, out=np.full(amount.shape, np.nan), where=number > 0.0))


def _use(each: Delivery, year: int, batch: NDArray[np.int64]) -> Value:
    """Mean caseload use of a year over the rows with room; nan without a limit, or where posts follow need."""
    runs_off = _of_all(each.offers)[year] == 0 or _of_all(each.run_off)[year] > 0
    use = np.full(len(batch), np.nan) if each.caseload_use is None or runs_off else each.caseload_use[:, year]
    has_room = ~np.isnan(use)
    return _mean(use[has_room], batch[has_room]) if has_room.any() else UNKNOWN


def delivery_rows(arm: ArmFindings) -> Iterator[Row]:
    """What became of each support by year, for everyone and each cluster, each figure with its error."""
    batch = arm.service.batch
    for each in arm.service.supports:
        figures = {name: _mean(getattr(each, name), batch) for name in (*COUNTED, *AT_A_TIME)}
        figures |= {"days_waited": _per(each.waiting, each.starts, batch), "volunteers": _mean(each.volunteers, batch)}
        for year in range(each.starts.shape[1]):
            for k, part in enumerate(each.parts):
                now = {name: figure.at(k).at(year) for name, figure in figures.items()}
                use = UNKNOWN if k else _use(each, year, batch)
                yield {"support": each.support, "year": year, "part": part, **_with_errors(now | {"caseload_use": use})}


def occupancy_rows(arm: ArmFindings) -> Iterator[Row]:
    """How full each limited place was by year, in the arm and in usual care."""
    seen = arm.service
    for each, usual in zip(seen.places, seen.usual, strict=True):
        figures = _used(each, seen.batch)
        figures |= {f"usual_{name}": figure for name, figure in _used(usual, seen.batch).items()}
        for year in range(each.in_use.shape[1]):
            now = {name: figure.at(year) for name, figure in figures.items()}
            yield {"place": each.place, "year": year, **_with_errors(now)}


def _used(each: Occupancy, batch: NDArray[np.int64]) -> dict[str, Value]:
    """How full a place was: [year] each."""
    means = {name: _mean(getattr(each, name), batch) for name in ("in_use", "waiting", "waits", "held")}
    return means | {"days_waited": _per(each.waiting, each.waits, batch)}


def _with_errors(figures: Mapping[str, Value]) -> Row:
    """Figures by name, each beside its error."""
    return plain({f"{name}{of}": x for name, v in figures.items() for of, x in (("", v.value), ("_mcse", v.mcse))})


def facts(arm: ArmFindings) -> Row:
    """The rows of both tables."""
    return {"delivery": list(delivery_rows(arm)), "occupancy": list(occupancy_rows(arm))}


def brief(facts: Row) -> Row:
    """The same, of everyone alone."""
    everyone = [row for row in facts["delivery"] if row["part"] == EVERYONE]
    return {"delivery": everyone, "occupancy": facts["occupancy"]}


def _kinds(kind: str, names: Sequence[str]) -> dict[str, str]:
    return kinds_of(kind, *names, *(f"{name}_mcse" for name in names))


def sentences(arm: ArmFindings) -> Sequence[str]:
    """Lists and queues that still grow, and what becomes of those who are on a programme at its end; none else."""
    return (*_growing(arm.service), *_after_recruitment(arm.service))


def notes(arm: ArmFindings) -> Iterator[str]:
    """The lists on which people stay for as long as it takes."""
    for name in arm.service.lists:
        title = arm.service.titles[name]
        yield f"{title}: who is on its waiting list stays there until there is room or recruitment ends; nobody lapses"


def _growing(seen: Service) -> Iterator[str]:
    for each in seen.supports:
        if each.still_grows:
            last = int(np.flatnonzero(_of_all(each.offers))[-1])
            days = _each(each.waiting[..., 0], each.starts[..., 0])[last]
            waiting = _of_all(each.waiting)[last]
            pace = "at the pace of that year's starts"
            yield f"The waiting list of {seen.titles[each.support]} {_still(waiting, days, pace)}"
    for place in seen.places:
        if place.still_grows:
            waiting, days = place.waiting.mean(axis=0)[-1], _each(place.waiting, place.waits)[-1]
            yield f"The queue for {seen.titles[place.place]} {_still(waiting, days, 'on average')}"


def _still(waiting: float, days: float, how: str) -> str:
    """How long a queue is in its last year."""
    each = f", {rounded(float(days)):,.0f} days {how}" if days == days else ""
    return f"still grows at the end: {_people(float(waiting))}{each}."


def _people(waiting: float) -> str:
    if waiting < 1:
        return "fewer than one person waits at a time"
    number = f"{rounded(waiting):,.0f}"
    return "1 person waits" if number == "1" else f"{number} people wait"


def _after_recruitment(seen: Service) -> Iterator[str]:
    for name, years in seen.runs_off.items():
        amount = f"{rounded(years):,.0f}" if years >= 1 else "under 1"
        yield (
            f"After {_what_ends(seen, name)} ends those still on {seen.titles[name]} are supported until they finish "
            f"(run-off), {amount} person-years, and it is paid for."
        )
    for name in seen.leave:
        yield f"When {_what_ends(seen, name)} ends those still on {seen.titles[name]} leave that day."


def _what_ends(seen: Service, name: str) -> str:
    return "recruitment" if name in seen.own_dates else "funding"


SUPPORT_FIGURES = (*COUNTED, *AT_A_TIME, "days_waited", "volunteers")
PLACE_FIGURES = tuple(
    f"{of}{name}" for of in ("", "usual_") for name in ("in_use", "waiting", "waits", "days_waited", "held")
)
DELIVERY_KINDS = _kinds(COUNT, SUPPORT_FIGURES) | _kinds(SHARE, ("caseload_use",))
OCCUPANCY_KINDS = _kinds(COUNT, PLACE_FIGURES)
DELIVERY = Finding(
    tables=(
        Table("delivery", delivery_rows, DELIVERY_KINDS),
        Table("occupancy", occupancy_rows, OCCUPANCY_KINDS),
    ),
    sentences=sentences,
    notes=lambda arm: tuple(notes(arm)),
    facts=facts,
    brief=brief,
)
