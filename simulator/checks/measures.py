"""Turns simulated lives into the figures that checks name.

The measures, with names as in the scenario:

===================================  ==================================================================================
comparison "usual care"              first year, or ``years`` of the check, no programme
===================================  ==================================================================================
an item of the ledger                ``visits:gp``, ``deaths``, ``days:inpatient`` ...: so many for ``per`` people, all
                                     years together; several joined by ``+``
ITEM/ITEM                            so many of the first for each of the second: ``starts:relapse/starts:discharge``
average_on:SUPPORT                   people on a support on an average day, for ``per`` people
through_share:PLACE                  share of emergency entries that came through another place (A&E)
readmission_share:PLACE              share of emergency entries within the readmission days of an emergency stay
delayed_share:PLACE                  share of the days in a place that people were held there
occupancy:PLACE                      days in a place over those that its slots have
cost:PAYERS, price:NAME              pounds spent by these payers (joined by ``+``), or by one price, for ``per`` people
unit_cost:NAME                       pounds for each unit that a price counts, in prices of the scenario's year
mean_utility                         QALYs for each person-year
extra_cost:PAYERS:STATE              pounds a person-year more in a health state than in the first, at the same ages
cost_ratio:PAYERS:STATE              the same as a ratio
concentration:PLACE:SHARE            share of emergency entries by the SHARE of people at highest risk at the start
repeat_share_same_year:PLACE         share of emergency entries by people with two or more of them that year
repeat_share_next_year:PLACE         what these people make a year later, as a share of the first year's entries
repeat_share_year_five:PLACE         the same five years later
===================================  ==================================================================================

===================================  ==================================================================================
a programme, one evidence mode       until a year after its funding, or as long as ``horizon.window_days``
===================================  ==================================================================================
visits, emergency, days:PLACE        change per person-year alive of those who started (several joined by ``+``) over 12
                                     months (``window_days``): "before and after" against as long before; "with and
                                     without" against the same people and months without the programme
unselected, the same:                the same people and months, all without the programme: what selection alone does
starts                               people who start while it is funded, for ``per`` people
volunteer_share                      new volunteers for each person who completes the programme
unit_cost:LABEL                      pounds for each unit of one cost of the programme (a start, a day on it, a year)
cost_per_start                       pounds of programme spending for each start, what is paid once on day 0 left out;
cost_per_participant_year            the same for each year that someone is on it;
cost_per_year                        the same for each year of funding; each with ``:LABEL+LABEL`` of these costs alone
benefit_per_start_year               pounds of stated benefits for each year of their term; ``:LABEL+LABEL`` of these
benefit_share:LABEL:PRICE            a stated benefit as a share of what those who start cost at one price without it
care_saving_per_start                pounds of care less per person-year alive, of public payers or ``:PAYERS``
qaly_per_start                       QALYs gained for each start
days_averted_per_pound:PLACE         days in the place that the whole area is spared, at ``per`` pounds a day, for each
                                     pound of programme spending: an area comparison
===================================  ==================================================================================

With ``group:NAME.VALUE:`` before it a measure is of those people alone who have this value of a group, for ``per`` of
them: all but those of a place or of what is paid for everybody together.

Every figure is a function of sums over groups of people, so that its error can be found by leaving out one group after
the other. The record of repeated admissions counts a place whose people are replaced as they die; with the entries of
the first year as the denominator, people followed until they die give the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import SIDES, WORLDS, Ledger
from simulator.activity.results import Lives
from simulator.engines.shared.hazards import band_at
from simulator.engines.shared.people import Person, draw_people
from simulator.errors import RunError, nearest
from simulator.model.dates import paid_days
from simulator.model.model import ClockKind, Model
from simulator.money.account import Account
from simulator.money.price import CHARGED, COUNTED, counted, uplift
from simulator.scenario.tables import Check, Scenario
from simulator.units import DAYS_PER_YEAR, ENTRANT_IDS_FROM

Array: TypeAlias = NDArray[np.float64]
Parts: TypeAlias = tuple[Array, Callable[[Array], float]]
"""Sums [block, part] and the figure as a function of their totals [part]."""

LATER = {"repeat_share_same_year": 0, "repeat_share_next_year": 1, "repeat_share_year_five": 5}
WITH_COSTS = (
    "cost", "price", "unit_cost", "extra_cost", "cost_ratio", "benefit_share", "care_saving_per_start", "mean_utility",
)  # fmt: skip
WITHOUT_LABEL = ("starts", "volunteer_share", "mean_utility", "qaly_per_start")
NOT_BY_GROUP = (
    "occupancy", "concentration", "unit_cost", "cost_per_start", "cost_per_participant_year", "cost_per_year",
    "benefit_share", "days_averted_per_pound",
)  # fmt: skip
"""Measures of a place or of what is paid for everybody together."""
BEFORE = (WORLDS.index("with"), SIDES.index("before"))
AFTER = (WORLDS.index("with"), SIDES.index("after"))
WITHOUT = (WORLDS.index("without"), SIDES.index("after"))
WITHOUT_BEFORE = (WORLDS.index("without"), SIDES.index("before"))


@dataclass(frozen=True)
class Simulated:
    """Some people in usual care, or with and without one programme; a block is a group of them.

    ``ledger`` has a row for each sample and a replicate for each of its groups. ``lives``: those of usual care alone.
    """

    scenario: Scenario
    model: Model
    ledger: Ledger
    account: Account
    lives: tuple[Lives, ...]  # [sample] on streams 0, 1, ...
    members: tuple[tuple[NDArray[np.bool_], ...], ...]  # [sample][group][person]

    def total(self, item: str, arm: int = 0, year: int | None = 0) -> Array:
        """[block] sum of an item over people, in one year or in all.

        Args:
            item: an item of the ledger.
            arm: 0 for usual care.
            year: None for all years.

        Raises:
            RunError: there is no such item.
        """
        if item not in self.ledger.items:
            close = nearest(item, (*self.ledger.items, *USUAL_CARE, *PROGRAMME))
            hint = f"; did you mean {close}?" if close else ""
            raise RunError(f'found the measure "{item}"; allowed an item of the ledger or a named measure{hint}')
        return _in_blocks(self.ledger.item(item)[:, :, arm, 0], year)

    def spent(self, chosen: Array, arm: int = 0, year: int | None = 0) -> Array:
        """[block] pounds of some lines, for the people of the block alone."""
        pounds = self.account.spending[:, :, arm, 0] @ chosen / self.ledger.weight()[:, :, None]
        return _in_blocks(pounds, year)

    @property
    def people(self) -> Array:
        """[block] people at the start."""
        return self.ledger.people.ravel()

    def groups(self) -> Iterator[tuple[int, Lives, NDArray[np.bool_]]]:
        """Stream, lives and members of each block."""
        for stream, (lives, members) in enumerate(zip(self.lives, self.members, strict=True)):
            yield from ((stream, lives, who) for who in members)


def whom_and_what(measure: str) -> tuple[str, str]:
    """Whom a measure is of, a value of a group or empty for everyone, and what is measured.

    Args:
        measure: of a check.

    Raises:
        RunError: a measure that is of a place or of everybody together.

    >>> whom_and_what("group:illness.copd:visits:gp"), whom_and_what("deaths")
    (('illness.copd', 'visits:gp'), ('', 'deaths'))
    """
    if not measure.startswith("group:"):
        return "", measure
    whom, _, what = measure.removeprefix("group:").partition(":")
    if what.partition(":")[0] in (*NOT_BY_GROUP, ""):
        raise RunError(f'found the measure "{measure}"; allowed group:NAME.VALUE: and a measure of people')
    return whom, what


def figure(stated: Check, simulated: Simulated) -> Parts:
    """The sums that a check needs, and its figure as a function of them.

    Args:
        stated: the check.
        simulated: what was simulated for it.

    Returns:
        Sums [block, part], and a function of their totals [part].

    Raises:
        RunError: a measure that does not exist.
    """
    simulated, (_, measure) = over_years(simulated, *stated.years), whom_and_what(stated.measure)
    kind, _, subject = measure.partition(":")
    usual = stated.comparison == "usual care"
    named = (USUAL_CARE if usual else PROGRAMME).get(kind)
    if subject and named is not None and kind in WITHOUT_LABEL:
        raise RunError(f'found the measure "{stated.measure}"; allowed {kind} alone; it has no parts to name')
    if named is not None:
        return named(subject, stated, simulated)
    return _item(measure, stated, simulated) if usual else _change(measure, stated, simulated)


def over_years(simulated: Simulated, first: int, end: int) -> Simulated:
    """The same people with some years taken together in place of the first.

    Args:
        simulated: some people.
        first: the first of the years.
        end: the one after the last of them.
    """
    if (first, end) == (0, 1):
        return simulated
    ledger, account = simulated.ledger, simulated.account
    spending, qaly = (x[:, :, :, :, first:end].sum(axis=4, keepdims=True) for x in (account.spending, account.qaly))
    activity = ledger.activity[:, :, :, :, first:end].sum(axis=4, keepdims=True)
    return replace(
        simulated,
        ledger=replace(ledger, activity=activity),
        account=replace(account, spending=spending, qaly=qaly),
    )


def _in_blocks(yearly: Array, year: int | None) -> Array:
    """[row, replicate, year] -> [block]."""
    chosen = yearly.sum(axis=-1) if year is None else yearly[..., year]
    return np.asarray(chosen.ravel())


def _ratio(top: Array, bottom: Array, scale: float = 1.0) -> Parts:
    return np.stack([top, bottom], axis=1), lambda s: scale * _over(s[0], s[1])


def _over(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom else float("nan")


# ------------------------------------------------------------------------------------------- usual care


def _item(name: str, stated: Check, simulated: Simulated) -> Parts:
    top, _, bottom = name.partition("/")
    if bottom:
        return _ratio(_sum(top, simulated), _sum(bottom, simulated))
    return _ratio(_sum(top, simulated), simulated.people, stated.per)


def _sum(names: str, simulated: Simulated) -> Array:
    return np.asarray(sum((simulated.total(name) for name in names.split("+")), np.zeros(1)))


def _average_on(support: str, stated: Check, simulated: Simulated) -> Parts:
    return _ratio(simulated.total(f"active_days:{support}"), simulated.people, stated.per / _days(stated))


def _days(stated: Check) -> float:
    """Days that a check is taken over."""
    return DAYS_PER_YEAR * (stated.years[1] - stated.years[0])


def _through(place: str, stated: Check, simulated: Simulated) -> Parts:
    return _ratio(simulated.total(f"through:{place}"), simulated.total(f"emergency:{place}"))


def _readmitted(place: str, stated: Check, simulated: Simulated) -> Parts:
    return _ratio(simulated.total(f"readmissions:{place}"), simulated.total(f"emergency:{place}"))


def _delayed(place: str, stated: Check, simulated: Simulated) -> Parts:
    return _ratio(simulated.total(f"delay_days:{place}"), simulated.total(f"days:{place}"))


def _occupied(place: str, stated: Check, simulated: Simulated) -> Parts:
    slots = simulated.model.places["slots"][list(simulated.scenario.places).index(place)]
    full = simulated.people * (float(slots) * _days(stated) / simulated.model.population.people)
    return _ratio(simulated.total(f"days:{place}"), full)


def _cost(payers: str, stated: Check, simulated: Simulated) -> Parts:
    chosen = simulated.account.chosen(payers.split("+"), ("care",), cash=False, social=False)
    return _ratio(simulated.spent(chosen), simulated.people, stated.per)


def _price(name: str, stated: Check, simulated: Simulated) -> Parts:
    chosen = np.array([float(line.name == f"prices.{name}") for line in simulated.account.lines])
    return _ratio(simulated.spent(chosen), simulated.people, stated.per)


def _unit_cost(name: str, stated: Check, simulated: Simulated) -> Parts:
    prices = simulated.scenario.prices
    if name not in prices:
        raise _unknown("price", name, prices)
    units = sum(
        (simulated.total(item) * each for item, each in counted(prices[name], simulated.ledger, name)), np.zeros(1)
    )
    return _ratio(_price(name, stated, simulated)[0][:, 0], units)


def _mean_utility(subject: str, stated: Check, simulated: Simulated) -> Parts:
    qalys = simulated.account.qaly[:, :, 0, 0] / simulated.ledger.weight()[:, :, None]
    return _ratio(_in_blocks(qalys, 0), _days_alive(simulated, 0), DAYS_PER_YEAR)


def _days_alive(simulated: Simulated, year: int | None, group: int = 0) -> Array:
    """[block] person-days alive under usual care."""
    names = [item for item in simulated.ledger.items if item.startswith("person_days:")]
    days = sum((simulated.ledger.item(item)[:, :, 0, group] for item in names), np.zeros(1))
    return _in_blocks(days, year)


def _unknown(what: str, name: str, known: Iterable[str]) -> RunError:
    close = nearest(name, tuple(known))
    hint = f"; did you mean {close}?" if close else ""
    return RunError(f'found the {what} "{name}"; allowed {", ".join(known)}{hint}')


def _repeated(later: int) -> Callable[[str, Check, Simulated], Parts]:
    def measure(place: str, stated: Check, simulated: Simulated) -> Parts:
        item = simulated.ledger.items.index(f"emergency:{place}")
        top, bottom = [], []
        for _, lives, who in simulated.groups():
            entries = lives.counts[0, who, :, item]
            top.append(entries[entries[:, 0] >= 2, later].sum())
            bottom.append(entries[:, 0].sum())
        return _ratio(np.array(top, dtype=np.float64), np.array(bottom, dtype=np.float64))

    return measure


# ------------------------------------------------------------------------------------ who uses the most


def _concentration(subject: str, stated: Check, simulated: Simulated) -> Parts:
    place, _, share = subject.partition(":")
    item = simulated.ledger.items.index(f"emergency:{place}")
    highest = [_highest(k, lives, simulated, place, float(share)) for k, lives in enumerate(simulated.lives)]
    top, bottom = [], []
    for stream, lives, who in simulated.groups():
        entries = lives.counts[0, :, 0, item]
        top.append(entries[who & highest[stream]].sum())
        bottom.append(entries[who].sum())
    return _ratio(np.array(top, dtype=np.float64), np.array(bottom, dtype=np.float64))


def _highest(stream: int, lives: Lives, simulated: Simulated, place: str, share: float) -> NDArray[np.bool_]:
    """Who is in the top share by their rate of emergency entries at the start: [person]."""
    there = np.flatnonzero(lives.person < ENTRANT_IDS_FROM)
    number = list(simulated.scenario.places).index(place)
    people = draw_people(simulated.model, stream, lives.person[there])
    rates = np.array([_emergency_rate(person, number, simulated.model) for person in people])
    first = np.zeros(len(lives.person), dtype=np.bool_)
    first[there[np.argsort(-rates, kind="stable")[: round(share * len(there))]]] = True
    return first


def _emergency_rate(person: Person, place: int, model: Model) -> float:
    """Yearly emergency entries to a place that age, health and personal risk give, outside flares."""
    band, total = band_at(person.age, model.bands), 0.0
    for k in np.flatnonzero(model.clocks["kind"] == ClockKind.NEED):
        clock, need = model.clocks[k], model.needs[model.clocks[k]["subject"]]
        rate = clock["base"] * model.by_health[k, person.health] * model.by_band[k, band]
        rate *= model.by_kind[k, person.kind] * person.risk ** clock["risk_power"]
        if need["emergency"]:
            total += rate * _arrives(need["goes_to"], place, person.health, model)
    return float(total)


def _arrives(start: int, place: int, health: int, model: Model) -> float:
    """The share of those who enter a place that go on to another one, straight or by one route."""
    if start == place:
        return 1.0
    first, count = model.places[start]["first_route"], model.places[start]["routes"]
    ways = range(first, first + count)
    return float(sum(model.route_share[r, health] for r in ways if model.routes[r]["to"] == place))


# ------------------------------------------------------------------------------------- cost by health


def _extra_cost(subject: str, stated: Check, simulated: Simulated) -> Parts:
    parts, bands = _cost_by_health(subject, simulated)
    return parts, lambda s: _at_same_ages(s, 1, bands) - _at_same_ages(s, 0, bands)


def _cost_ratio(subject: str, stated: Check, simulated: Simulated) -> Parts:
    parts, bands = _cost_by_health(subject, simulated)
    return parts, lambda s: _over(_at_same_ages(s, 1, bands), _at_same_ages(s, 0, bands))


def _cost_by_health(subject: str, simulated: Simulated) -> tuple[Array, int]:
    """[block, part]: pounds and days by band in the first state, then in the other, then everyone's days by band.

    People are counted whose whole first year is spent in one state, in the band they spend most of it in.
    """
    payers, _, state = subject.partition(":")
    pounds = _pounds_by_item(payers.split("+"), simulated)
    states, bands = simulated.scenario.health.states, len(simulated.model.bands)
    first = simulated.ledger.items.index(f"person_days:{states[0]}:{simulated.model.bands[0]:g}")
    rows = []
    for _, lives, who in simulated.groups():
        activity = np.concatenate([lives.counts[0, who, 0], lives.days[0, who, 0]], axis=1)
        days = activity[:, first : first + len(states) * bands].reshape(-1, len(states), bands)
        spent, in_state, in_band = activity @ pounds, days.sum(axis=2), days.sum(axis=1)
        row: list[float] = []
        for chosen in (0, states.index(state)):
            only = (in_state[:, chosen] > 0) & (in_state[:, chosen] == in_state.sum(axis=1))
            for band in range(bands):
                there = only & (in_band.argmax(axis=1) == band)
                row += [spent[there].sum(), in_state[there].sum()]
        rows.append([*row, *in_band.sum(axis=0)])
    return np.array(rows, dtype=np.float64), bands


def _at_same_ages(sums: Array, state: int, bands: int) -> float:
    """Pounds a person-year in a state, each band weighted by everyone's days in it."""
    own = sums[2 * bands * state : 2 * bands * (state + 1)].reshape(bands, 2)
    rates = np.array([_over(pounds, days) for pounds, days in own]) * DAYS_PER_YEAR
    return float(np.average(rates, weights=sums[4 * bands :]))


def _pounds_by_item(payers: list[str], simulated: Simulated) -> Array:
    """[item] pounds for one of an item, at the stated prices of these payers."""
    scenario, names = simulated.scenario, simulated.ledger.items
    pounds = np.zeros(len(names))
    for name, price in scenario.prices.items():
        kind, _, subject = price.per.partition(":")
        if price.payer not in payers or kind == "person_day":
            continue
        year = uplift(price.amount, scenario.price_year, scenario.economics, f"prices.{name}")
        for item, units in COUNTED[kind]:
            pounds[names.index(f"{item}:{subject}")] += float(price.amount) * year * units
    return pounds


# ------------------------------------------------------------------------------------------- programmes


def _window(measure: str, at: tuple[int, int], simulated: Simulated) -> Array:
    """[block] a measure of those who started, in one world and on one side of the start."""
    names, (world, side) = simulated.ledger.measures, at
    if unknown := [part for part in measure.split("+") if part not in names]:
        close = nearest(unknown[0], (*names, *PROGRAMME))
        hint = f"; did you mean {close}?" if close else ""
        raise RunError(f'found the measure "{unknown[0]}"; allowed {", ".join((*names, *PROGRAMME))}{hint}')
    chosen = simulated.ledger.windows[:, :, 0, 0, world, side]
    return np.asarray(chosen[..., [names.index(part) for part in measure.split("+")]].sum(axis=-1).ravel())


def _change(measure: str, stated: Check, simulated: Simulated) -> Parts:
    return _between(measure, AFTER, BEFORE if stated.comparison == "before and after" else WITHOUT, simulated)


def _unselected(measure: str, stated: Check, simulated: Simulated) -> Parts:
    return _between(measure, WITHOUT, WITHOUT_BEFORE, simulated)


def _between(measure: str, new: tuple[int, int], old: tuple[int, int], simulated: Simulated) -> Parts:
    """Change of a measure per person-year alive from one side to another."""
    sums = [_window(name, at, simulated) for at in (new, old) for name in (measure, "alive_days")]
    return np.stack(sums, axis=1), lambda s: _over(_over(s[0], s[1]), _over(s[2], s[3])) - 1.0


def _programme_lines(kind: str, simulated: Simulated) -> Array:
    """[line] 1 for spending on the programme, or for its benefits; costs before the first day are left out."""
    lines = simulated.account.lines
    return np.array([float(line.kind == kind and not line.upfront) for line in lines])


def _labelled(kind: str, label: str, stated: Check, simulated: Simulated) -> Array:
    """[line] 1 for the line of one cost or benefit of the programme."""
    root, programme = f"programmes.{stated.programme}.{kind}", simulated.scenario.programmes[stated.programme]
    known = getattr(programme, kind)
    if label not in known:
        raise _unknown(kind.removesuffix("s"), label, known)
    path = f"{root}.{label}"
    return np.array([float(f"{line.name}.".startswith(f"{path}.")) for line in simulated.account.lines])


def _spent(subject: str, stated: Check, simulated: Simulated, year: int | None = None) -> Array:
    """[block] programme spending: of the costs that are named, else of all but what is paid once on day 0."""
    if not subject:
        return simulated.spent(_programme_lines("programme", simulated), 1, year)
    chosen = sum((_labelled("costs", label, stated, simulated) for label in subject.split("+")), np.zeros(1))
    return simulated.spent(np.asarray(chosen), 1, year)


def _starts(subject: str, stated: Check, simulated: Simulated) -> Parts:
    return _ratio(simulated.total(f"starts:{stated.programme}", 1, None), simulated.people, stated.per)


def _volunteer_share(subject: str, stated: Check, simulated: Simulated) -> Parts:
    new, done = (simulated.total(f"{item}:{stated.programme}", 1, None) for item in ("new_volunteers", "completions"))
    return _ratio(new, done)


def _cost_per(item: str, units: float) -> Callable[[str, Check, Simulated], Parts]:
    def measure(subject: str, stated: Check, simulated: Simulated) -> Parts:
        spent = _spent(subject, stated, simulated)
        return _ratio(spent, simulated.total(f"{item}:{stated.programme}", 1, None), units)

    return measure


def _cost_per_year(subject: str, stated: Check, simulated: Simulated) -> Parts:
    """Of the whole years that are funded: what runs on after them falls with those who are left."""
    years = _funded_years(stated, simulated)
    spent = sum((_spent(subject, stated, simulated, year) for year in years), np.zeros(1))
    return _ratio(np.asarray(spent), _share_of_place(simulated) * len(years))


def _share_of_place(simulated: Simulated) -> Array:
    """[block] the share of the place that its people are, and so of what the place pays once."""
    return simulated.people / simulated.ledger.place_size


def _funded_years(stated: Check, simulated: Simulated) -> range:
    """Whole years in which the fixed costs of the programme are paid in full, as far as it was followed."""
    first, last = paid_days(simulated.scenario, simulated.scenario.programmes[stated.programme])
    end = min(last / DAYS_PER_YEAR, simulated.ledger.activity.shape[4])
    return range(math.ceil(first / DAYS_PER_YEAR), math.floor(end + 1e-9))


def _unit_cost_of(label: str, stated: Check, simulated: Simulated) -> Parts:
    """Pounds of one cost for each unit of what it is paid for."""
    spent, name = _spent(label, stated, simulated), stated.programme
    cost = simulated.scenario.programmes[name].costs[label]
    if cost.kind in CHARGED:
        counts = (simulated.total(f"{item}:{name}", 1, None) * units for item, units in CHARGED[cost.kind])
        return _ratio(spent, np.asarray(sum(counts, np.zeros(1))))
    if cost.kind == "one_off":
        return _ratio(spent, _share_of_place(simulated))
    sums, years = _cost_per_year(label, stated, simulated)
    staff = simulated.scenario.programmes[name].staff
    posts = float(staff.workers) if cost.kind == "per_worker_year" and staff is not None else 1.0
    return sums, lambda s: years(s) / posts


def _benefit(subject: str, stated: Check, simulated: Simulated) -> Parts:
    """Pounds a starter-year of the benefits that are named, else of all: each over its own term."""
    labels = subject.split("+") if subject else list(simulated.scenario.programmes[stated.programme].benefits)
    parts = [part for label in labels for part in _worth_and_days(label, stated, simulated)]
    pairs = range(0, len(parts), 2)
    return np.stack(parts, axis=1), lambda s: float(DAYS_PER_YEAR * sum(_over(s[k], s[k + 1]) for k in pairs))


def _worth_and_days(label: str, stated: Check, simulated: Simulated) -> tuple[Array, Array]:
    """[block] pounds of a stated benefit, and days within its term."""
    worth = -simulated.spent(_labelled("benefits", label, stated, simulated), 1, None)
    return worth, simulated.total(f"benefit_days:{stated.programme}.{label}", 1, None)


def _benefit_share(subject: str, stated: Check, simulated: Simulated) -> Parts:
    label, _, name = subject.partition(":")
    if name not in simulated.scenario.prices:
        raise _unknown("price", name, simulated.scenario.prices)
    line = [f"prices.{name}" == each.name for each in simulated.account.lines].index(True)
    spent = simulated.account.spending[:, :, 0, 1, :, line] / simulated.ledger.weight()[:, :, None]
    sums = (*_worth_and_days(label, stated, simulated), _in_blocks(spent, None), _days_alive(simulated, None, group=1))
    return np.stack(sums, axis=1), lambda s: _over(_over(s[0], s[1]), _over(s[2], s[3]))


def _care_saving(payers: str, stated: Check, simulated: Simulated) -> Parts:
    """Pounds of care per person-year alive that those who started need less, at stated prices."""
    names, items = simulated.ledger.measures, simulated.ledger.items
    chosen = payers.split("+") if payers else list(simulated.account.public_payers)
    by_item = _pounds_by_item(chosen, simulated)
    pounds = np.array([by_item[items.index(name)] if name in items else 0.0 for name in names])
    old = BEFORE if stated.comparison == "before and after" else WITHOUT
    sums = []
    for side in (old, AFTER):
        windows = simulated.ledger.windows[:, :, 0, 0, side[0], side[1]]
        sums += [(windows @ pounds).ravel(), _window("alive_days", side, simulated)]
    return np.stack(sums, axis=1), lambda s: DAYS_PER_YEAR * (_over(s[0], s[1]) - _over(s[2], s[3]))


def _qaly_per_start(subject: str, stated: Check, simulated: Simulated) -> Parts:
    gained = (simulated.account.qaly[:, :, 1, 0] - simulated.account.qaly[:, :, 0, 0]).sum(axis=-1)
    start = simulated.total(f"starts:{stated.programme}", 1, None)
    return _ratio((gained / simulated.ledger.weight()).ravel(), start)


def _averted(place: str, stated: Check, simulated: Simulated) -> Parts:
    days = simulated.total(f"days:{place}", 0, None) - simulated.total(f"days:{place}", 1, None)
    return _ratio(days, simulated.spent(_programme_lines("programme", simulated), 1, None), stated.per)


USUAL_CARE: dict[str, Callable[[str, Check, Simulated], Parts]] = {
    "average_on": _average_on,
    "through_share": _through,
    "readmission_share": _readmitted,
    "delayed_share": _delayed,
    "occupancy": _occupied,
    "cost": _cost,
    "price": _price,
    "unit_cost": _unit_cost,
    "mean_utility": _mean_utility,
    "extra_cost": _extra_cost,
    "cost_ratio": _cost_ratio,
    "concentration": _concentration,
    **{name: _repeated(later) for name, later in LATER.items()},
}
PROGRAMME: dict[str, Callable[[str, Check, Simulated], Parts]] = {
    "unselected": _unselected,
    "starts": _starts,
    "cost_per_start": _cost_per("starts", 1.0),
    "cost_per_participant_year": _cost_per("active_days", DAYS_PER_YEAR),
    "volunteer_share": _volunteer_share,
    "unit_cost": _unit_cost_of,
    "cost_per_year": _cost_per_year,
    "benefit_per_start_year": _benefit,
    "benefit_share": _benefit_share,
    "care_saving_per_start": _care_saving,
    "qaly_per_start": _qaly_per_start,
    "days_averted_per_pound": _averted,
}


OF_USE = ("through_share", "readmission_share", "delayed_share", "occupancy", "concentration")
SHARES = (*OF_USE, "volunteer_share", "benefit_share", *LATER)
FIXED_UNITS = {
    **dict.fromkeys(SHARES, "share"),
    "extra_cost": "pounds a person-year",
    "cost_ratio": "ratio",
    "unselected": "change",
    "cost_per_start": "pounds a start",
    "cost_per_participant_year": "pounds a participant-year",
    "unit_cost": "pounds a unit",
    "mean_utility": "QALYs a person-year",
    "cost_per_year": "pounds a year",
    "benefit_per_start_year": "pounds a starter-year",
    "care_saving_per_start": "pounds a person-year",
    "qaly_per_start": "QALYs a start",
    "days_averted_per_pound": "pounds for each pound",
}


def unit(stated: Check) -> str:
    """What the figure of a check is counted in.

    Args:
        stated: the check.

    >>> unit(Check(measure="visits:gp", low=0, high=1, per=1000)), unit(Check(measure="occupancy:ward", low=0, high=1))
    ('number for 1,000 people', 'share')
    """
    kind = whom_and_what(stated.measure)[1].partition(":")[0]
    if "/" in stated.measure:
        return "ratio"
    if kind in FIXED_UNITS:
        return FIXED_UNITS[kind]
    if stated.comparison != "usual care" and kind not in PROGRAMME:
        return "change"
    people = "a person" if stated.per == 1 else f"for {stated.per:,.0f} people"
    return f"{'pounds' if kind in WITH_COSTS else 'number'} {people}"
