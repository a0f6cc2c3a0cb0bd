"""Simulates who takes part in a programme, and people like them who do not: what a year holds before and after a date.

Participants have windows around their start, with the programme and without. So that others have windows too, an arm is
added with a programme that does nothing and takes people at random dates: its start is the date at which somebody is
looked at, and their lives are those of usual care to the last bit. Whom a study can tell them to be like is their
*stratum*: the calendar year, the age band and state of health on record (in the year before; at first as people
began), and what they used in the window before the date: of what is counted, and contacts of all kinds in bands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import ceil

import numpy as np
from numpy.typing import NDArray

from simulator.activity.items import HealthDays
from simulator.activity.ledger import SIDES, WORLDS
from simulator.activity.results import Lives
from simulator.analysis.studies.estimate import Array
from simulator.checks.imitation.sought import Crowd, Sought, Work, each_crowd, lived_in_a_sample
from simulator.engines.shared.people import cells_of
from simulator.errors import RunError
from simulator.model.build import build, items
from simulator.model.model import Model
from simulator.scenario.tables import Arm, Offer, Programme, Scenario
from simulator.units import DAYS_PER_YEAR

LOOKED_AT = "looked at"  # no programme of a file can be called so
MOST_PRIOR = 6  # events before the date above which people are taken to be alike
BANDS_TO_DOUBLE = 2  # of contacts before the date
MOST_BANDS, MOST_CELLS = 64, 2**16  # of contacts; age bands times states of health
PARTICIPANTS, OTHERS = 1, 2  # arms
BEFORE, WITHOUT = SIDES.index("before"), WORLDS.index("without")


@dataclass(frozen=True)
class Studied:
    """What the windows of some people hold."""

    events: Array  # [person, world, side]
    years: Array  # [person, world, side] alive
    stratum: NDArray[np.int64]  # [person] whose members a study takes to be alike

    def __len__(self) -> int:
        return len(self.stratum)

    def none(self) -> Studied:
        """Nobody."""
        return Studied(self.events[:0], self.years[:0], self.stratum[:0])


def who_takes_part(
    wanted: Sought, work: Work, row: Mapping[str, float] | None = None, *, others: bool = True
) -> tuple[Studied, Studied]:
    """Participants, and people who had not started by the date at which they are looked at.

    Args:
        wanted: the programme, and what is counted.
        work: how many people are lived.
        row: sampled values by path; where rows are centred if left out.
        others: whether others are looked at; without them there are none.

    Returns:
        Participants in both worlds; the others live without the programme in either.

    Raises:
        RunError: fewer than two people start with a whole window before and after.
    """
    horizon = wanted.scenario.horizon
    years = min(ceil(horizon.funding_years) + ceil(horizon.window_days / DAYS_PER_YEAR), horizon.years)
    scenario = wanted.only(years, ("age", "health"))
    alone = wanted.without_other_places(scenario)
    scenario = _with_a_date_for_all(scenario, wanted.programme) if others else alone
    size = lived_in_a_sample(scenario, work.people)
    model = build(scenario, row or {}, people=size, seed=work.seed, evidence=wanted.evidence)
    measures = items(scenario).measures
    read = _Columns(
        alive=measures.index("alive_days"),
        counted=[measures.index(part) for part in wanted.parts],
        contacts=[k for k, measure in enumerate(measures) if measure.startswith("visits:")],
    )

    def of(crowd: Crowd, lives: Lives) -> tuple[Studied, Studied]:
        record = _on_record(model, crowd, lives)
        started = lives.index_day[PARTICIPANTS]
        participants = _studied(lives, PARTICIPANTS, ~np.isnan(started), record, read)
        if not others:
            return participants, participants.none()
        not_yet = np.isnan(started) | (started > lives.index_day[OTHERS])
        return participants, _studied(lives, OTHERS, not_yet, record, read)

    made = list(each_crowd(model, work, of))
    participants, alike = (_all([pair[k] for pair in made]) for k in (0, 1))
    if len(participants) < 2:
        raise RunError(
            f"found {len(participants)} people who start {wanted.programme} with whole windows before and after, "
            f"among {work.people:,}; allowed 2 or more; simulate more with --people"
        )
    return participants, alike


def as_many_as_start(wanted: Sought, participants: Studied, work: Work) -> int:
    """How many people with whole windows there are in one place, 2 or more.

    Args:
        wanted: the scenario.
        participants: those who are simulated.
        work: among how many.
    """
    return max(2, round(len(participants) * wanted.scenario.population.place_size / work.people))


@dataclass(frozen=True)
class _Columns:
    """Where the measures stand that are read."""

    alive: int
    counted: list[int]
    contacts: list[int]


def _with_a_date_for_all(scenario: Scenario, programme: str) -> Scenario:
    """The scenario with an arm in which people are looked at, on dates spread over the time of recruitment."""
    recruits = scenario.programmes[programme]
    rate = 1.0 / min(scenario.horizon.funding_years, scenario.horizon.years)
    dates = {name: getattr(recruits, name) for name in ("opens_day", "closes_day")}
    looked_at = Programme(offers={"any_day": Offer.model_validate({"rate": rate})}, once=True, **dates)
    arms = scenario.arms or {programme: Arm(programmes=(programme,))}
    changes = {
        "programmes": {programme: recruits, LOOKED_AT: looked_at},
        "arms": {**arms, LOOKED_AT: Arm(programmes=(LOOKED_AT,))},
    }
    return scenario.model_copy(update=changes)


def _on_record(model: Model, crowd: Crowd, lives: Lives) -> NDArray[np.int64]:
    """Age band and state of health on record in each year, most days of the year before: [person, year].

    Who was not there yet, and everybody in the first year, is on record as they began.
    """
    states, bands = model.by_health.shape[1], len(model.bands)
    by_state = lives.days[0][:, :-1, model.layout.block(HealthDays)]
    state, band = np.divmod(by_state.argmax(axis=-1), bands)
    begun = cells_of(model, crowd.stream, lives.person)[:, None] % (states * bands)  # in whichever cluster
    return np.concatenate([begun, np.where(by_state.any(axis=-1), band * states + state, begun)], axis=1)


def _studied(lives: Lives, arm: int, who: NDArray[np.bool_], record: NDArray[np.int64], read: _Columns) -> Studied:
    """Those whose windows lie in the simulated time."""
    windows = lives.windows[arm - 1]  # [person, world, side, measure]
    some = np.flatnonzero(who & ~np.isnan(windows[:, 0, 0, read.alive]))
    windows, year = windows[some], (lives.index_day[arm, some] / DAYS_PER_YEAR).astype(np.int64)
    events, contacts = (windows[..., these].sum(axis=-1) for these in (read.counted, read.contacts))
    prior = np.minimum(np.ceil(events[:, WITHOUT, BEFORE]), MOST_PRIOR).astype(np.int64)
    band = (BANDS_TO_DOUBLE * np.log2(1.0 + contacts[:, WITHOUT, BEFORE])).astype(np.int64)
    stratum = ((year * MOST_CELLS + record[some, year]) * MOST_BANDS + band) * (MOST_PRIOR + 1) + prior
    return Studied(events, windows[..., read.alive] / DAYS_PER_YEAR, stratum)


def _all(parts: list[Studied]) -> Studied:
    return Studied(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Studied)))
