"""What is counted: every item, its kind (a count, or days), its place in the order, and its name in the ledger.

An *item* is what is counted about a *subject*: the visits to a ward, the days on a support, the deaths among all. Items
stand in blocks; within a block by subject, then in the order of its enumeration:

    place of an item = where its block begins + number of the subject x items of the block + item

Its name in a ledger is ``item:subject`` in small letters, ``visits:ward``, and ``deaths`` where there is but one
subject. Counts are whole numbers, days are person-days of the simulated people. A new item is a line here, and a call
where it happens in each engine; everything that comes after finds it by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TypeVar

__all__ = [
    "COUNTS",
    "DAYS",
    "EVENTS",
    "MEASURES",
    "BenefitDays",
    "EffectDays",
    "HealthDays",
    "Item",
    "Items",
    "Layout",
    "LifeCount",
    "LifeDays",
    "LifeMeasure",
    "NeedCount",
    "PlaceCount",
    "PlaceDays",
    "PlaceMeasure",
    "SupportCount",
    "SupportDays",
]


class Item(IntEnum):
    """One thing that is counted of a subject; its number is its place among these."""

    @property
    def label(self) -> str:
        """Its name in a ledger, without the subject."""
        return self.name.lower()


class PlaceCount(Item):
    """What is counted of a place."""

    VISITS = 0  # entries to the place, all origins
    EMERGENCY = 1  # entries that are emergencies (direct, or through an emergency place)
    THROUGH = 2  # emergency entries that came through another place (A&E)
    READMISSIONS = 3  # emergency entries within the place's readmission days of an emergency stay
    WAITS = 4  # entries or joins that had to queue
    LOST = 5  # waits cancelled because the person went elsewhere or died
    GAVE_UP = 6  # waits that reached their limit
    UNFINISHED = 7  # stays cut by the horizon


class NeedCount(Item):
    """What is counted of a need."""

    NEEDS = 0  # needs that arose at home
    MET_ELSEWHERE = 1  # of these, met by a programme instead (redirect)


class SupportCount(Item):
    """What is counted of a support or programme."""

    OFFERS = 0
    REFUSALS = 1
    STARTS = 2
    COMPLETIONS = 3
    DROP_OUTS = 4
    LAPSES = 5  # ended otherwise: everyone leaves, its place was given up, another support took its place
    NEW_VOLUNTEERS = 6
    LAPSED_REFERRALS = 7  # off the waiting list after too many days


class LifeCount(Item):
    """What is counted of lives, wherever they are lived."""

    DEATHS = 0
    ENTRANTS = 1
    LEAVERS = 2
    FLARES = 3


class PlaceDays(Item):
    """Days that belong to a place."""

    DAYS = 0  # in the place
    EMERGENCY_DAYS = 1  # of these, in emergency stays
    WAIT_DAYS = 2  # waiting for the place from home
    DELAY_DAYS = 3  # held in the place because the next one or a support was full


class SupportDays(Item):
    """Days that belong to a support or programme."""

    ACTIVE_DAYS = 0  # enrolled (less hospital days with `pause_in_hospital`)
    LISTED_DAYS = 1  # on the waiting list
    VOLUNTEER_DAYS = 2  # active volunteers
    RUN_OFF_DAYS = 3  # of the active days, those after recruitment has ended


class LifeDays(Item):
    """Days of lives."""

    HOME_ALONE_DAYS = 0  # alive, at home, on no support
    COMMUNITY_DAYS = 1  # alive, at home, on at least one support
    DEAD_DAYS = 2  # from death to the horizon
    FLARE_DAYS = 3  # in a flare


class HealthDays(Item):
    """Days of a health state in an age band: ``person_days:STATE:BAND``."""

    PERSON_DAYS = 0  # alive


class EffectDays(Item):
    """Days of a utility effect: ``effect_days:SUPPORT.NAME``."""

    EFFECT_DAYS = 0  # weight times days alive


class BenefitDays(Item):
    """Days of a stated benefit: ``benefit_days:SUPPORT.NAME``."""

    BENEFIT_DAYS = 0  # days alive within its years of the first start


class PlaceMeasure(Item):
    """What the windows before and after an index date hold of a place."""

    VISITS = 0
    EMERGENCY = 1
    DAYS = 2
    EMERGENCY_DAYS = 3


class LifeMeasure(Item):
    """What they hold of lives: exposure, and people."""

    ALIVE_DAYS = 0
    PEOPLE = 1


T = TypeVar("T")
Block = type[Item]
COUNTS: tuple[Block, ...] = (PlaceCount, NeedCount, SupportCount, LifeCount)
DAYS: tuple[Block, ...] = (PlaceDays, SupportDays, LifeDays, HealthDays, EffectDays, BenefitDays)
MEASURES: tuple[Block, ...] = (PlaceMeasure, LifeMeasure)
EVENTS: tuple[Item, ...] = (
    PlaceCount.VISITS,
    NeedCount.NEEDS,
    SupportCount.OFFERS,
    SupportCount.STARTS,
    SupportCount.COMPLETIONS,
    SupportCount.DROP_OUTS,
    SupportCount.LAPSES,
    SupportCount.NEW_VOLUNTEERS,
    LifeCount.DEATHS,
    LifeCount.ENTRANTS,
    LifeCount.LEAVERS,
    LifeCount.FLARES,
)
"""Counts that are events of a run: something happened to a person. Each is listed, as a new count need not be one."""


def _about(places: T, needs: T, supports: T, lives: T, health: T, utility_effects: T, benefits: T) -> dict[Block, T]:
    """What each block is about."""
    return {
        **dict.fromkeys((PlaceCount, PlaceDays, PlaceMeasure), places),
        **dict.fromkeys((SupportCount, SupportDays), supports),
        **dict.fromkeys((LifeCount, LifeDays, LifeMeasure), lives),
        NeedCount: needs,
        HealthDays: health,
        EffectDays: utility_effects,
        BenefitDays: benefits,
    }


@dataclass(frozen=True)
class Layout:
    """Where each item stands in a row of counts, of days or of measures: made from how many subjects there are.

    >>> layout = Layout(years=1, places=2, needs=1, supports=0, states=1, bands=1, utilities=0, benefits=0)
    >>> layout.at(PlaceCount.WAITS, 1), layout.at(LifeCount.FLARES), layout.counts_size
    (12, 21, 22)
    """

    years: int
    places: int
    needs: int
    supports: int
    states: int
    bands: int
    utilities: int
    benefits: int

    @cached_property
    def subjects(self) -> dict[Block, int]:
        """How many subjects each block is about."""
        health = self.states * self.bands
        return _about(self.places, self.needs, self.supports, 1, health, self.utilities, self.benefits)

    @cached_property
    def first(self) -> dict[Block, int]:
        """Where each block begins, among the counts, the days or the measures."""
        starts: dict[Block, int] = {}
        for blocks in (COUNTS, DAYS, MEASURES):
            starts |= {block: self._size(blocks[:i]) for i, block in enumerate(blocks)}
        return starts

    def at(self, item: Item, subject: int = 0) -> int:
        """Where an item of a subject stands, among the counts, the days or the measures."""
        first, items = self._steps[type(item)]
        return first + subject * items + item

    @cached_property
    def _steps(self) -> dict[Block, tuple[int, int]]:
        """Where each block begins, and how far it is from one subject to the next."""
        return {block: (first, len(block)) for block, first in self.first.items()}

    def all_at(self, item: Item) -> range:
        """Where an item stands for each subject."""
        block, first = type(item), self.at(item)
        return range(first, first + self.subjects[block] * len(block), len(block))

    def block(self, block: Block) -> slice:
        """Where all items of a block stand."""
        return slice(self.first[block], self.first[block] + self.subjects[block] * len(block))

    @cached_property
    def counts_size(self) -> int:
        """Number of counted items."""
        return self._size(COUNTS)

    @cached_property
    def days_size(self) -> int:
        """Number of items in days."""
        return self._size(DAYS)

    @cached_property
    def size(self) -> int:
        """Number of items: counts, then days."""
        return self.counts_size + self.days_size

    @cached_property
    def measures_size(self) -> int:
        """Number of measures of a window."""
        return self._size(MEASURES)

    def _size(self, blocks: tuple[Block, ...]) -> int:
        return sum(self.subjects[block] * len(block) for block in blocks)


@dataclass(frozen=True)
class Items:
    """Names of what is counted, in the order in which it stands in a row."""

    counts: tuple[str, ...]
    days: tuple[str, ...]
    measures: tuple[str, ...]

    @classmethod
    def of(
        cls,
        *,
        places: tuple[str, ...],
        needs: tuple[str, ...],
        supports: tuple[str, ...],
        states: tuple[str, ...],
        bands: tuple[str, ...],
        utility_effects: tuple[str, ...],
        benefits: tuple[str, ...],
    ) -> Items:
        """The names for these subjects.

        Args:
            places: by name, as all others; in their order in the scenario.
            needs: likewise.
            supports: and programmes.
            states: of health.
            bands: of age.
            utility_effects: ``SUPPORT.NAME``.
            benefits: ``SUPPORT.NAME``.

        >>> nobody = {"supports": (), "states": (), "bands": (), "utility_effects": (), "benefits": ()}
        >>> Items.of(places=("gp",), needs=("cough",), **nobody).counts[7:]
        ('unfinished:gp', 'needs:cough', 'met_elsewhere:cough', 'deaths', 'entrants', 'leavers', 'flares')
        """
        health = tuple(f"{state}:{band}" for state in states for band in bands)
        subjects = _about(places, needs, supports, ("",), health, utility_effects, benefits)
        return cls(*(tuple(_names(blocks, subjects)) for blocks in (COUNTS, DAYS, MEASURES)))


def _names(blocks: tuple[Block, ...], subjects: Mapping[Block, tuple[str, ...]]) -> Iterator[str]:
    for block in blocks:
        for subject in subjects[block]:
            yield from (f"{item.label}:{subject}" if subject else item.label for item in block)
