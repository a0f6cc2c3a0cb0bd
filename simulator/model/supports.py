"""Supports and programmes of one row: who may have them, how many at once, for how long."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.model.dates import closing_day, ending_day
from simulator.model.model import CHANGE, CRITERIA, NONE, OFFER, SUPPORT, ClockKind, Table
from simulator.model.pathway import Clocks, Durations, place_number, whole_slots
from simulator.model.reach import Reach, pace
from simulator.model.values import Values
from simulator.scenario.tables import EVERY_STATE, Eligibility, Offer, Programme, Scenario, Staff, Support
from simulator.uncertainty.quantity import Quantity


@dataclass
class Supports:
    """Collects support rows, offers and eligibility criteria."""

    scenario: Scenario
    values: Values
    durations: Durations
    clocks: Clocks
    reach: Reach
    criteria: list[tuple[float, ...]] = field(default_factory=list)
    offers: list[tuple[float, ...]] = field(default_factory=list)
    offer_names: list[str] = field(default_factory=list)
    offer_by_health: list[NDArray[np.float64]] = field(default_factory=list)
    offer_by_kind: list[NDArray[np.float64]] = field(default_factory=list)
    criterion_kinds: list[NDArray[np.bool_]] = field(default_factory=list)
    changes: list[tuple[float, int, float, int, int]] = field(default_factory=list)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Supports in the order of their numbers."""
        return tuple(self.scenario.all_supports())

    def table(self) -> Table:
        """One row a support; offers, criteria, clocks and capacity changes are collected on the way."""
        table = np.zeros(len(self.names), dtype=SUPPORT)
        for number, (name, (path, support)) in enumerate(self.scenario.all_supports().items()):
            self._fill(table, number, path, support)
            often = pace(self.reach, name, support) if isinstance(support, Programme) else 1.0
            for label, offer in support.offers.items():
                self._offer(f"{name}.{label}", number, f"{path}.offers.{label}", offer, often)
            if support.drop_out_rate is not None:
                rate = self.values.of(f"{path}.drop_out_rate", support.drop_out_rate)
                table[number]["drop_out_clock"] = self.clocks.add(
                    f"drop_out:{name}", ClockKind.DROP_OUT, number, rate, runs_away=1, in_warm_up=1
                )
        return table

    def _fill(self, table: Table, number: int, path: str, support: Support) -> None:
        values, row = self.values, table[number]
        row["programme"] = path.startswith("programmes.")
        row["uptake"] = values.of(f"{path}.uptake", support.uptake, 1.0)
        row["reoffer_days"] = np.inf if support.reoffer_after_days is None else support.reoffer_after_days
        row["closes_day"] = closing_day(self.scenario, support)
        row["ends_day"] = ending_day(self.scenario, support)
        row["length"] = self.durations.add(f"{path}.length", support.length)
        row["pause"] = support.pause_in_hospital
        row["keep_days"] = 0.0 if support.keep_days is None else support.keep_days
        row["once"] = support.once
        row["criteria"] = self._criteria(support.eligible)
        row["drop_out_clock"] = NONE
        row["has_offers"] = bool(support.offers)
        for key in ("ends", "starts", "on_end"):
            row[key] = _bits(tuple(name for name in getattr(support, key) if name in self.names), self.names)
        self._fill_staff(row, number, path, support.staff)
        self._fill_volunteers(row, path, support)
        row["redirect_place"] = (
            NONE if support.redirect is None else place_number(self.scenario, support.redirect.place)
        )
        row["redirect_share"] = values.of(f"{path}.redirect.share", support.redirect.share) if support.redirect else 0.0

    def _fill_staff(self, row: Table, number: int, path: str, staff: Staff | None) -> None:
        row["places"] = row["lapse_days"] = np.inf
        if staff is None:
            return
        caseload = self.values.of(f"{path}.staff.caseload", staff.caseload)
        workers = self.values.of(f"{path}.staff.workers", staff.workers)
        row["places"] = self._whole(f"{path}.staff", workers * caseload)
        row["refuse_when_full"] = staff.when_full == "refuse"
        row["lapse_days"] = np.inf if staff.lapse_days is None else staff.lapse_days
        changes = ((c.day, self._whole(f"{path}.staff.changes", c.slots * caseload)) for c in staff.changes)
        self.changes += [(day, number, places, 0, NONE) for day, places in changes]

    def _whole(self, path: str, slots: float) -> float:
        return float(whole_slots(self.scenario, path, slots))

    def _fill_volunteers(self, row: Table, path: str, support: Support) -> None:
        row["tenure"] = NONE
        if (them := support.volunteers) is None:
            return
        row["volunteer_share"] = self.values.of(f"{path}.volunteers.share", them.share)
        row["volunteer_supports"] = self.values.of(f"{path}.volunteers.supports", them.supports)
        row["training_days"] = them.training_days
        row["tenure"] = self.durations.add(f"{path}.volunteers.tenure", them.tenure)

    def _criteria(self, eligible: Eligibility) -> int:
        states, places = self.scenario.health.states, tuple(self.scenario.places)
        recent, absent = eligible.recent, {*eligible.on, *eligible.off} - {*self.names}  # programmes of other arms
        self.criterion_kinds.append(self.clocks.kinds.among(eligible.groups))
        self.criteria.append(
            (
                math.inf if absent & {*eligible.on} else eligible.min_age,
                eligible.max_age,
                _bits(eligible.health, states),
                _bits((name for name in eligible.on if name not in absent), self.names),
                _bits((name for name in eligible.off if name not in absent), self.names),
                places.index(recent.place) if recent else NONE,
                recent.at_least if recent else 0,
                recent.days if recent else 0.0,
            )
        )
        return len(self.criteria) - 1

    def _offer(self, name: str, support: int, path: str, offer: Offer, often: float) -> None:
        event, _, place = offer.on.partition(":")
        number = place_number(self.scenario, place) if place else NONE
        by_health = self.clocks.health_ratios(f"{path}.by_health", offer.by_health)
        by_kind = self.clocks.kinds.ratios(f"{path}.by_group", offer.by_group)
        clock = NONE
        if offer.rate is not None:
            clock = self.clocks.add(
                f"offer:{name}",
                ClockKind.OFFER,
                len(self.offers),
                self.values.of(f"{path}.rate", offer.rate) * often,
                by_health=by_health,
                by_kind=by_kind,
                risk_power=offer.risk_power,
                in_warm_up=self.scenario.programmes.get(self.names[support]) is None,
            )
        self.offers.append(
            (
                support,
                number if event == "visit" else NONE,
                number if event == "discharge" else NONE,
                self.values.of(f"{path}.share", offer.share) * often,
                offer.risk_power,
                self.durations.add(f"{path}.delay", offer.delay),
                self._criteria(offer.eligible),
                clock,
            )
        )
        self.offer_names.append(name)
        self.offer_by_health.append(by_health)
        self.offer_by_kind.append(by_kind)

    def opens(self) -> NDArray[np.float64]:
        """First day in each cluster (stepped wedge): [support, cluster].

        Usual care is always open; a programme never opens in the warm-up.
        """
        clusters = self.scenario.population.clusters
        rows = []
        for path, support in self.scenario.all_supports().values():
            programme = path.startswith("programmes.")
            first = support.opens_day if programme else -np.inf
            days = support.cluster_opens_days or (first,) * clusters
            rows.append([max(day, 0.0) if programme else day for day in days])
        return np.array(rows, dtype=np.float64).reshape(len(rows), clusters)

    def starting_share(self) -> NDArray[np.float64]:
        """Share already on each support when the warm-up starts, on a programme on day 0: [support, state]."""
        states = self.scenario.health.states
        rows = [
            [self._share(f"{path}.starting_share", support.starting_share, state) for state in states]
            for path, support in self.scenario.all_supports().values()
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(states))

    def _share(self, path: str, shares: Mapping[str, Quantity], state: str) -> float:
        key = state if state in shares else EVERY_STATE
        return self.values.of(f"{path}.{key}", shares.get(key))

    def all_changes(self) -> Table:
        """Dates at which places or supports change capacity, by day; of one day those of an arm come last, and stay."""
        places = [
            (c.day, i, self._whole(f"places.{name}.changes", c.slots), 1, NONE)
            for i, (name, place) in enumerate(self.scenario.places.items())
            for c in place.changes
        ]
        changes = [*self.changes, *places, *self._arm_changes()]
        return np.array(sorted(changes, key=lambda row: (row[0], row[4] != NONE, *row)), dtype=CHANGE)

    def _arm_changes(self) -> Iterator[tuple[float, int, float, int, int]]:
        places, supports = tuple(self.scenario.places), self.scenario.all_supports()
        for number, (arm, stated) in enumerate(self.scenario.arms.items(), 1):
            for each in stated.capacity:
                if each.place:
                    slots = self._whole(f"arms.{arm}.capacity", each.slots or 0.0)
                    yield each.day, places.index(each.place), slots, 1, number
                elif each.support in supports:
                    path, support = supports[each.support]
                    caseload = self.values.of(
                        f"{path}.staff.caseload", support.staff.caseload if support.staff else None
                    )
                    slots = self._whole(f"arms.{arm}.capacity", (each.workers or 0.0) * caseload)
                    yield each.day, self.names.index(each.support), slots, 0, number

    def offer_table(self) -> tuple[Table, NDArray[np.float64]]:
        """Offers and their ratios by health: [offer], [offer, state]."""
        shape = (len(self.offers), len(self.scenario.health.states))
        return np.array(self.offers, dtype=OFFER), np.array(self.offer_by_health, dtype=np.float64).reshape(shape)

    def criteria_table(self) -> Table:
        """Eligibility criteria."""
        return np.array(self.criteria, dtype=CRITERIA)


def _bits(names: Iterable[str], known: tuple[str, ...]) -> int:
    return sum(1 << known.index(name) for name in names)
