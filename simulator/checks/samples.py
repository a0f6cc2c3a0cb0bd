"""Turns a scenario with one programme at most into samples of people who live it, in blocks that share nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from os import cpu_count
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.activity.ledger import Ledger
from simulator.activity.results import Lives
from simulator.engines.shared.people import values_of
from simulator.engines.totals import tally, totals
from simulator.errors import RunError, nearest
from simulator.model.build import build, items
from simulator.model.model import Model
from simulator.money.account import Account
from simulator.money.price import price
from simulator.scenario.evidence import active_quantities
from simulator.scenario.tables import EvidenceMode, Scenario
from simulator.uncertainty.sample import central

Array: TypeAlias = NDArray[np.float64]
Simulate: TypeAlias = Callable[[Model, int], Lives]
GROUPS = 10


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
            close = nearest(item, self.ledger.items)
            hint = f"; did you mean {close}?" if close else ""
            raise RunError(f'found the measure "{item}"; allowed an item of the ledger or a named measure{hint}')
        return in_blocks(self.ledger.item(item)[:, :, arm, 0], year)

    def spent(self, chosen: Array, arm: int = 0, year: int | None = 0) -> Array:
        """[block] pounds of some lines, for the people of the block alone."""
        pounds = self.account.spending[:, :, arm, 0] @ chosen / self.ledger.weight()[:, :, None]
        return in_blocks(pounds, year)

    @property
    def people(self) -> Array:
        """[block] people at the start."""
        return self.ledger.people.ravel()

    def groups(self) -> Iterator[tuple[int, Lives, NDArray[np.bool_]]]:
        """Stream, lives and members of each block."""
        for stream, (lives, members) in enumerate(zip(self.lives, self.members, strict=True)):
            yield from ((stream, lives, who) for who in members)


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


def in_blocks(yearly: Array, year: int | None) -> Array:
    """Yearly figures of rows and replicates as blocks: [row, replicate, year] -> [block].

    Args:
        yearly: [row, replicate, year].
        year: None for all years together.
    """
    chosen = yearly.sum(axis=-1) if year is None else yearly[..., year]
    return np.asarray(chosen.ravel())


def simulated(
    scenario: Scenario,
    evidence: EvidenceMode,
    people: int,
    rows: int,
    seed: int,
    simulate: Simulate,
    whom: str = "",
) -> Simulated:
    """Samples of people who live a scenario, every quantity where sampled rows are centred, and what that costs.

    Args:
        scenario: resolved scenario, with one programme at most.
        evidence: the mode of evidence.
        people: lived in each sample.
        rows: samples of them.
        seed: key of every draw.
        simulate: the engine.
        whom: a value of a group, ``NAME.VALUE``, of whose people alone the figures are; everyone if left out.

    Raises:
        RunError: there is no such group, or no such value of it.
    """
    model = build(scenario, {}, people=people, seed=seed, evidence=evidence)
    shared = model.shares_anything

    def sample_of(stream: int) -> tuple[Ledger, Lives | None, tuple[NDArray[np.bool_], ...]]:
        lives = simulate(model, stream)
        there = _among(scenario, model, stream, lives.person, whom)
        members = tuple(who & there for who in _members(lives, shared))
        return _tallied(scenario, lives, members), None if scenario.programmes else lives, members

    with ThreadPoolExecutor(cpu_count()) as threads:
        samples = list(threads.map(sample_of, range(rows)))
    ledger = reduce(Ledger.append, (part for part, _, _ in samples))
    account = price(ledger, scenario, central(active_quantities(scenario, evidence), seed=seed), evidence)
    lives = tuple(one for _, one, _ in samples if one is not None)
    return Simulated(scenario, model, ledger, account, lives, tuple(members for _, _, members in samples))


def _among(scenario: Scenario, model: Model, stream: int, people: NDArray[np.int64], whom: str) -> NDArray[np.bool_]:
    """Who has a value of a group; everyone where none is named: [person]."""
    if not whom:
        return np.ones(len(people), dtype=np.bool_)
    groups = scenario.population.group_values
    known = [f"{name}.{value}" for name, values in groups.items() for value in values]
    if whom not in known:
        close = nearest(whom, known)
        hint = f"; did you mean {close}?" if close else ""
        raise RunError(f'found a measure of the group "{whom}"; allowed {", ".join(known) or "none"}{hint}')
    name, _, value = whom.partition(".")
    return np.asarray(values_of(model, stream, people)[list(groups).index(name)] == groups[name].index(value))


def _members(lives: Lives, shared: bool) -> tuple[NDArray[np.bool_], ...]:
    """Groups of people who are independent of each other: everyone, when something is shared."""
    if shared:
        return (np.ones(len(lives.person), dtype=np.bool_),)
    return tuple(lives.person % GROUPS == group for group in range(GROUPS))


def _tallied(scenario: Scenario, lives: Lives, members: Sequence[NDArray[np.bool_]]) -> Ledger:
    names = items(scenario)
    return tally(
        [totals(lives, who) for who in members],
        row=0,
        place_size=scenario.population.place_size,
        arms=scenario.all_arms(),
        items=(*names.counts, *names.days),
        measures=names.measures,
    )
