"""What the analyst wrote, fully resolved: the scenario as frozen, validated types.

One class per table of a scenario file. A class checks what one table can know about itself; what
needs two tables (does this route lead to a place that exists?) is checked in :mod:`simulator.scenario.read`.
Money is in pounds of ``price_year``, times are days unless the name says otherwise, rates are per
person-year.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from simulator.scenario.rule_sets import RULE_SETS, Headline, Rules, fixed_by
from simulator.uncertainty.quantity import (
    Amount,
    Change,
    Cost,
    Days,
    Number,
    Probability,
    Quantity,
    Rate,
    Ratio,
    Shares,
    Times,
)
from simulator.units import DAYS_PER_YEAR

WHOLE_MONTHS = 0.03  # so near are 365 days to 12 months of 30.44, and 1095 to 36
T = TypeVar("T")
PRICED, ASIDE = "priced", "aside"
Priced = Annotated[T, PRICED]
"""A key of money alone, which prices what has been simulated: with another value, the same lives are priced again."""
Aside = Annotated[T, ASIDE]
"""A key on which neither lives nor money depend: words, checks, alternatives."""


class _Dated:
    """Marks a day; editors that know the schema accept a date there too."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return _or_date(handler(core))


def _or_date(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "number":
        rest = {key: value for key, value in schema.items() if key != "type"}
        return {"anyOf": [{"type": "number"}, {"type": "string", "format": "date"}], **rest}
    if "anyOf" in schema:
        return schema | {"anyOf": [_or_date(choice) for choice in schema["anyOf"]]}
    return schema | {"items": _or_date(schema["items"])} if "items" in schema else schema


class _OrList:
    """Marks a table in whose place a list of names may stand; editors that know the schema accept both."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {"anyOf": [{"type": "array", "items": {"type": "string"}}, handler(core)]}


OR_LIST = _OrList()
DATED = _Dated()
Dated = Annotated[T, DATED]
"""A day, counted from the start of year 0; a file may hold a date instead where ``horizon.first_year`` is stated."""
FIRST_YEAR = re.compile(r"\d{4}(/\d{2})?")
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Paid = Annotated[
    Annotated[str, Tag("one")] | Annotated[dict[str, float], Tag("shares")],
    Discriminator(lambda written: "shares" if isinstance(written, dict) else "one"),
]
"""A payer by name, or several with the share that each bears."""
Ratios = dict[str, Times]
"""Ratios by name (health state, or lower end of an age band); a missing name means 1, and 0 is never."""
GroupRatios = dict[str, Ratios]
"""Ratios by group of people and value of it; a missing one means 1, and 0 is never."""
Members = dict[str, Annotated[tuple[str, ...], Field(min_length=1)]]
"""Values by group: those are meant who have one of them in every group that is named."""

EvidenceMode = Literal["calibrated", "claimed", "sceptical"]
EVIDENCE_MODES: tuple[EvidenceMode, ...] = get_args(EvidenceMode)
MODE_WORDS = {
    "claimed": "as reported",
    "calibrated": "best independent evidence",
    "sceptical": "track record of similar programmes",
}
USUAL_CARE = "usual care"
PART_KINDS = ("cluster", "age", "health")
"""What parts of the population are counted apart by, besides the groups of people that a scenario defines."""
EVERY_STATE = "all"
"""In place of a state of health, where a share is the same in all that are not named."""
CostPart = Literal[
    "on-costs", "overheads", "supervision", "involvement payments", "evaluation", "double running", "exit", "VAT"
]
COST_PARTS: tuple[CostPart, ...] = get_args(CostPart)
"""What the full cost of a programme is made of; what no cost of it includes is said to be missing, not zero."""


class Table(BaseModel):
    """A table of a scenario file: unknown keys are faults, values never change.

    ``AS_LIST``: the key that a list in place of the table is taken for.
    """

    AS_LIST: ClassVar[str] = ""
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)


class Horizon(Table):
    """How long the programme is paid for, how long it is followed, and the unreported warm-up.

    ``first_year``: what year 0 is called, "2026/27" (a financial year) or "2026"; years are numbers without it.
    ``window_days``: how long the ledger looks at those who start before their first start, and after it.
    """

    first_year: Aside[str] = Field("", pattern=rf"^({FIRST_YEAR.pattern})?$")
    years: int = Field(10, ge=1, le=100)
    warm_up_years: float = Field(0.0, ge=0, le=30)
    funding_years: float = Field(5.0, gt=0, le=100)
    window_days: float = Field(365.0, ge=30, le=1825)

    @property
    def window_words(self) -> str:
        """The windows before and after a start in words: whole months where they are.

        >>> Horizon().window_words, Horizon(window_days=730.5).window_words, Horizon(window_days=90).window_words
        ('12 months', '24 months', '90 days')
        """
        months = 12 * self.window_days / DAYS_PER_YEAR
        return f"{months:.0f} months" if abs(months - round(months)) < WHOLE_MONTHS else f"{self.window_days:g} days"

    def year_name(self, year: int) -> str:
        """What a year is called: a financial year where the first is one.

        >>> Horizon(first_year="2026/27").year_name(3), Horizon(first_year="2026").year_name(3), Horizon().year_name(3)
        ('2029/30', '2029', 'year 3')
        """
        if not self.first_year:
            return f"year {year}"
        first = int(self.first_year[:4]) + year
        return f"{first}/{(first + 1) % 100:02d}" if "/" in self.first_year else str(first)


class Duration(Table):
    """A length of time: how long a stay, a flare, a programme or a delay lasts.

    ``mean`` includes the zero-day share; ``cv`` (standard deviation over mean) describes those
    longer than zero. ``table`` is read as an empirical distribution (equally likely lengths).
    """

    dist: Literal["fixed", "exponential", "lognormal", "weibull", "uniform", "table"] = "exponential"
    mean: Days | None = None
    cv: Days | None = None
    low: Days | None = None
    high: Days | None = None
    days: tuple[float, ...] = ()
    zero_share: Probability | None = None
    by_health: Ratios = {}


class AgeSpread(Table):
    """Shares of people between neighbouring ages in ``edges``; even within each interval."""

    edges: tuple[float, ...] = Field(min_length=2)
    share: Shares


class Entrants(Table):
    """People who join an open population: moving in, or reaching the lowest age."""

    per_year: Rate
    ages: AgeSpread
    health: Shares


class PersonalRisk(Table):
    """A lognormal multiplier of every need, mean 1: a few people use most of the care."""

    log_sd: Amount


class Group(Table):
    """A fixed characteristic of people beside their state of health: a diagnosis, a practice, living alone.

    Everybody has one of the ``values``, by ``share``, or by that of the age band in which they begin where
    ``share_by_age`` has it; apart from that it is independent of everything else. What goes together (a diagnosis and
    living alone) is one group of the combinations.
    """

    values: tuple[Name, ...] = Field(min_length=1)
    share: Shares
    share_by_age: dict[str, Shares] = {}


class Population(Table):
    """Who lives in the place. ``place_size`` sets the pounds, ``people`` only the precision.

    Where a place or a support is limited everybody is lived, since queues do not scale: ``people`` is then
    ``place_size``, or that of one of ``identical_places`` with a share of every capacity.

    ``subgroups`` are counted apart in the ledger: clusters (always, where there are several), age bands, states of
    health as people begin, and groups.
    """

    place_size: float = Field(gt=0)
    people: int = Field(gt=0)
    identical_places: int | None = Field(None, ge=1)
    ages: AgeSpread
    age_bands: tuple[float, ...] = Field(min_length=1)
    risk: PersonalRisk | None = None
    clusters: int = Field(1, ge=1)
    groups: dict[Name, Group] = {}
    subgroups: tuple[str, ...] = ()
    entrants: Entrants | None = None
    leaving_rate: Rate | None = None

    @property
    def places(self) -> int:
        """How many places of equal size people live in; nobody queues in another's."""
        return self.identical_places or 1

    @property
    def band_names(self) -> tuple[str, ...]:
        """Age bands by their lower ends, as they are written in a scenario file and in the items of a ledger."""
        return tuple(f"{lower:g}" for lower in self.age_bands)

    @property
    def group_values(self) -> dict[str, tuple[str, ...]]:
        """The values of each group by its name."""
        return {name: group.values for name, group in self.groups.items()}


class HealthMove(Table):
    """A rate of moving from one health state to another, with a ``trend`` as a need has it."""

    from_: str = Field(alias="from")
    to: str
    rate: Rate
    by_age: Ratios = {}
    by_group: GroupRatios = {}
    trend: Change | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Utility(Table):
    """Quality of life: an age norm plus a change by health state.

    With ``recentre`` the changes are taken about their mean in the starting mix of each age band,
    so that the norm of the whole band is met.
    """

    norm_by_age: dict[str, Number] = {}
    change: dict[str, Number] = {}
    recentre: bool = True


class Health(Table):
    """The slow-moving health states, their starting mix by age band, and the moves between them."""

    states: tuple[Name, ...] = Field(min_length=1)
    initial: dict[str, Shares] = {}
    pace: Ratio | None = None
    moves: dict[Name, HealthMove] = {}
    utility: Utility | None = None


class Death(Table):
    """Gompertz hazard ``rate * exp(growth * (age - reference_age))`` times a health ratio.

    With ``recentre`` the ratio, groups included, is divided by its mean in the starting mix of the age band, so that
    deaths in the whole band follow the life table.
    """

    rate: Rate
    reference_age: float
    growth: Number
    by_health: Ratios = {}
    by_group: GroupRatios = {}
    recentre: bool = True
    at_risk: Literal["anywhere", "home"] = "anywhere"


class Flares(Table):
    """Bad spells: they begin at a rate, last a while, and multiply the needs in ``ratio``."""

    rate: Rate
    length: Duration
    ratio: dict[str, Ratio]
    by_health: Ratios = {}
    by_group: GroupRatios = {}


class Boost(Table):
    """Needs multiplied for some days after leaving a place alive; renewed, never stacked."""

    after: str
    days: float = Field(gt=0)
    ratio: dict[str, Ratio]
    emergency_only: bool = True


class Season(Table):
    """A yearly wave on a rate: 1 + amplitude * cos(2 pi (day - peak_day) / 365.25)."""

    amplitude: float = Field(ge=0, lt=1)
    peak_day: Dated[float] = 0.0


class Need(Table):
    """An occasion that takes a person at home to a place of care.

    ``rate_is = "mean"``: ``rate`` is the mean of the starting population, risk, flares, health, groups and
    age mix included, and the rate of the reference person is derived, so every sampled row meets
    it. ``rate_is = "reference"``: ``rate`` belongs to someone with all ratios 1. ``adjust`` is the
    factor found by calibration for what cannot be derived (after-event boosts, time spent away
    from home, survivors). ``trend`` is how much more a year: the rate times (1 + trend) to the power of the years since
    day 0, in every arm.
    """

    goes_to: str
    rate: Rate
    rate_is: Literal["mean", "reference"] = "reference"
    adjust: float = Field(1.0, gt=0)
    by_health: Ratios = {}
    by_age: Ratios = {}
    by_group: GroupRatios = {}
    season: Season | None = None
    trend: Change | None = None
    emergency: bool = False
    priority: int = 0
    at_risk: Literal["home"] = "home"


class Route(Table):
    """Where next on leaving a place; what the shares leave over goes to ``otherwise``."""

    to: str
    share: Probability
    by_health: Ratios = {}
    needs_support: str | None = None


class CapacityChange(Table):
    """From ``day`` on (0 = start of year 0) the place has ``slots`` slots."""

    day: Dated[float]
    slots: float = Field(ge=0)


class WaitLimit(Table):
    """Someone who has waited at home this long goes elsewhere instead."""

    days: float = Field(gt=0)
    goes_to: str


class Place(Table):
    """A place of care: how long people stay, how many fit in, and where they go next.

    Any entry to a place with ``emergency = true`` makes the rest of that journey an emergency. ``per_people``:
    the slots are those of a population of so many.
    """

    title: str = ""
    stay: Duration
    planned_stay: Duration | None = None
    routes: dict[Name, Route] = {}
    otherwise: str = "home"
    slots: Amount | None = None
    per_people: float | None = Field(None, gt=0)
    changes: tuple[CapacityChange, ...] = ()
    wait_limit: WaitLimit | None = None
    emergency: bool = False
    readmission_days: float | None = Field(None, gt=0)


class RecentUse(Table):
    """At least ``at_least`` emergency starts in a place within the last ``days``."""

    place: str
    at_least: int = Field(ge=1)
    days: float = Field(gt=0)


class Eligibility(Table):
    """Who may be offered a support. Every condition given must hold."""

    health: tuple[str, ...] = ()
    groups: Members = {}
    min_age: float = 0.0
    max_age: float = 200.0
    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    recent: RecentUse | None = None


class Offer(Table):
    """One way into a support: at a rate while eligible, or on an event with a probability.

    ``on`` is ``"visit:PLACE"``, ``"discharge:PLACE"`` or empty for a rate. ``risk_power`` makes the
    rate or probability proportional to personal risk to that power. ``delay`` passes between the
    offer and the start.
    """

    rate: Rate | None = None
    on: str = ""
    share: Probability | None = None
    by_health: Ratios = {}
    by_group: GroupRatios = {}
    risk_power: float = Field(0.0, ge=0)
    eligible: Eligibility = Eligibility()
    delay: Duration | None = None


class Staff(Table):
    """Workers by date and how many people each can support at once; ``per_people``: for a place of so many people.

    ``lapse_days``: a referral that has been on the waiting list so long lapses; left out, it waits until it is its turn
    or recruitment ends.
    """

    workers: Amount
    caseload: Amount
    per_people: float | None = Field(None, gt=0)
    changes: tuple[CapacityChange, ...] = ()
    when_full: Literal["wait", "refuse"] = "wait"
    lapse_days: float | None = Field(None, gt=0)


class Volunteers(Table):
    """A share of those who complete become volunteers after training, each supporting others."""

    share: Probability
    training_days: float = Field(0.0, ge=0)
    supports: Amount
    tenure: Duration


class ProfileStep(Table):
    """The weight of an effect until so many days after the start; the last one stays while the effect lasts."""

    until_days: float = Field(gt=0)
    weight: float


class Effect(Table):
    """A rate ratio (or a change of utility) of a programme on one target, with its evidence.

    ``target``: ``need:NAME``, ``visits:PLACE``, ``emergency:PLACE``, ``days:PLACE`` (observed totals,
    turned into need, route and stay factors when the model is built), ``stay:PLACE``,
    ``route:PLACE.ROUTE``, ``health:MOVE``, ``death``, ``flares``, ``uptake:SUPPORT``, ``utility``.
    ``measured_on`` says whom the figure was measured on; uptake and drop-out are applied once. ``window_days`` is the
    time over which it was measured: from the start it lasts so long, no more and, unless it was measured on those who
    were active, no less, whatever becomes of the support. A profile runs its course likewise. A half-life begins at
    the end. ``groups``: it acts on those people alone.
    ``calibrated`` is the best independent evidence, ``claimed`` the figure in circulation,
    ``sceptical`` the record of similar programmes (left out: the scenario's own prior).
    ``adjust`` multiplies the log ratio: the factor found by calibration for what cannot be derived (time
    not spent in hospital brings other needs), so that the observed total is the one declared.
    """

    target: str
    groups: Members = {}
    measured_on: Literal["active", "starters", "offered", "population"] = "active"
    calibrated: Quantity
    claimed: Quantity | None = None
    sceptical: Quantity | None = None
    delay_days: Days | None = None
    ramp_days: Days | None = None
    window_days: Days | None = None
    half_life_days: Days | None = None
    profile: tuple[ProfileStep, ...] = ()
    adjust: float = Field(1.0, gt=0)

    @field_validator("calibrated", "claimed", "sceptical", mode="before")
    @classmethod
    def _as_the_target_says(cls, written: Any, info: ValidationInfo) -> Any:
        """A ratio above 0, lognormal unless it says otherwise; for utility any change, normal."""
        if written is None or "target" not in info.data:
            return written
        return (Number if info.data["target"] == "utility" else Ratio).model_validate(written)


class EarlyUplift(Table):
    """Needs times (1 + uplift) during the first days of enrolment: unmet need found."""

    uplift: Change
    days: float = Field(gt=0)
    needs: tuple[str, ...] = Field(min_length=1)


class Redirect(Table):
    """With probability ``share`` a need that would go to ``place`` is met by the support instead."""

    place: str
    share: Probability


class ProgrammeCost(Table):
    """One kind of programme spending and who pays it; ``includes`` says which parts of a full cost are inside.

    ``per_people``: the amount is for a place of so many people; when the file is read it becomes that of the place.
    """

    kind: Literal[
        "one_off",
        "per_year",
        "per_worker_year",
        "per_start",
        "per_active_day",
        "per_volunteer_year",
        "per_start_hours",
    ]
    amount: Cost
    payer: Paid
    per_people: float | None = Field(None, gt=0)
    day: Dated[float] = 0.0
    hours: Amount | None = None
    covers: str = ""
    includes: tuple[CostPart, ...] = ()


class Benefit(Table):
    """A stated benefit: pounds per starter-year that no pathway produces, and who receives it.

    ``of``: what it is the worth of. A social benefit is taken as quality of life, which may not be counted in QALYs
    too, unless it is said to be something else; something else is neither that nor activity that is simulated.
    """

    calibrated: Priced[Cost | None] = None
    claimed: Priced[Cost | None] = None
    payer: Priced[Paid]
    kind: Priced[Literal["cash", "capacity", "social"]] = "social"
    of: Priced[Literal["quality of life", "activity", "something else"] | None] = None
    years: float = Field(gt=0)


def shares_of(payer: Paid) -> dict[str, float]:
    """The share that each payer bears.

    >>> shares_of("icb"), shares_of({"icb": 0.5, "council": 0.5})
    ({'icb': 1.0}, {'icb': 0.5, 'council': 0.5})
    """
    return payer if isinstance(payer, dict) else {payer: 1.0}


class Support(Table):
    """Something a person is on while living at home: home care, reablement, or a programme.

    ``starting_share`` of the people are on it already, by state of health (``all``: those not named): on a support of
    usual care when the warm-up starts, on a programme those of them who may have it on day 0, in the arms that add it.
    ``ends`` and ``starts``: other supports that whoever starts this one leaves, or begins, at that moment; ``on_end``:
    those that begin when it ends, for whatever reason but death and moving away.
    """

    title: str = ""
    eligible: Eligibility = Eligibility()
    offers: dict[Name, Offer] = {}
    uptake: Probability | None = None
    reoffer_after_days: float | None = None
    opens_day: Dated[float] = 0.0
    closes_day: Dated[float | None] = None
    ends_day: Dated[float | None] = None
    cluster_opens_days: Dated[tuple[float, ...]] = ()
    staff: Staff | None = None
    length: Duration | None = None
    drop_out_rate: Rate | None = None
    ends: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    on_end: tuple[str, ...] = ()
    pause_in_hospital: bool = False
    once: bool = False
    keep_days: float | None = Field(None, ge=0)
    starting_share: dict[str, Probability] = {}
    volunteers: Volunteers | None = None
    effects: dict[Name, Effect] = {}
    early_uplift: EarlyUplift | None = None
    redirect: Redirect | None = None
    costs: Priced[dict[Name, ProgrammeCost]] = {}
    benefits: dict[Name, Benefit] = {}


class Programme(Support):
    """A support that an arm adds to usual care, with the story of its evidence.

    ``starts_per_year``: people of the place who start in its first year, in place of how often it is offered: all rates
    and shares of its offers are multiplied by what brings so many; without offers everybody eligible is offered it.

    ``between_sites`` is the spread of its effects between places: one factor of a place on every ratio of an effect,
    1 in the middle. Left out, no spread is stated and there is no range for a new place. ``after_funding`` says what
    becomes of those who are on it when recruitment ends with its funding: they are supported to their end by posts
    that are paid for as long as they are needed (``run_off``), or they leave that day (``stop``).
    """

    starts_per_year: Rate | None = None
    between_sites: Ratio | None = None
    after_funding: Literal["run_off", "stop"] = "run_off"
    summary: str = ""
    evidence_note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _offered_to_all(cls, written: Any) -> Any:
        """One offer to everybody who may have it where only the starts a year are stated."""
        if isinstance(written, dict) and "starts_per_year" in written and not written.get("offers"):
            return {**written, "offers": {"open_door": {"rate": 1.0}}}
        return written


class Synergy(Table):
    """Two programmes together: adds ``log_ratio * w1 * w2`` to the log ratio of a target."""

    between: tuple[str, str]
    target: str
    log_ratio: Number


class ArmCapacity(Table):
    """From ``day`` on a place has so many ``slots``, or a support so many ``workers``, in one arm alone.

    ``per_people``: the number is for a place of so many people.
    """

    place: str = ""
    support: str = ""
    day: Dated[float]
    slots: float | None = Field(None, ge=0)
    workers: float | None = Field(None, ge=0)
    per_people: float | None = Field(None, gt=0)


class Arm(Table):
    """What is compared with usual care: programmes together, and capacity that differs; a list is programmes alone."""

    AS_LIST: ClassVar[str] = "programmes"

    programmes: tuple[str, ...]
    title: Aside[str] = ""
    capacity: tuple[ArmCapacity, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_a_list(cls, written: Any) -> Any:
        return {cls.AS_LIST: written} if isinstance(written, list | tuple) else written


class Payer(Table):
    """An organisation with a budget, or people and families."""

    title: str
    public: bool = True


class CashRule(Table):
    """Which share of a freed resource becomes money that can be spent elsewhere, by year.

    ``share[i]`` holds from ``from_year[i]`` on. ``back_fill`` of what is freed is refilled by
    others. With ``step`` only whole steps (24 beds: a ward) of sustained release count, at
    ``hospital_scale`` times the place's own numbers.
    """

    from_year: tuple[float, ...] = (0.0,)
    share: tuple[Probability, ...]
    back_fill: Probability | None = None
    step: float | None = Field(None, gt=0)
    hospital_scale: float = Field(1.0, gt=0)


class Price(Table):
    """Pounds per unit of activity.

    ``per``: ``visit:PLACE``, ``emergency:PLACE``, ``planned:PLACE`` (visits that are no emergencies),
    ``day:PLACE``, ``emergency_day:PLACE`` (a day of an emergency stay), ``active_day:SUPPORT``,
    ``person_day`` or ``person_day:HEALTH``. ``basis``: left out, an average, of which the cash rule's share becomes
    money; a ``marginal`` price is what stops being spent, all of it money.
    """

    per: str
    amount: Cost
    payer: str
    bearer: str = ""
    contract: Literal["activity", "block"] = "activity"
    basis: Literal["average", "marginal"] | None = None
    cash: str


class Economics(Table):
    """Discounting, price index, what a QALY is worth, and which correction for optimism applies.

    ``index`` brings amounts of other years to ``index_year``, the scenario's price year where it is left out.
    ``rules`` names a set of :mod:`simulator.scenario.rule_sets`, which then fixes rates and values together.
    """

    rules: Priced[Rules] = "own"
    discount_rate: Priced[float] = Field(ge=0, lt=1)
    discount_rate_later: Priced[float] = Field(ge=0, lt=1)
    later_from_year: Priced[int] = Field(31, ge=1)
    health_discount_rate: Priced[float] = Field(ge=0, lt=1)
    qaly_values: Priced[tuple[float, ...]] = ()
    index: Priced[dict[str, float]] = {}
    index_year: Priced[str] = ""
    optimism: Literal["none", "grade", "shrink"] = "none"
    optimism_by_grade: dict[str, float] = {}
    discounting: Priced[Literal["yearly", "continuous"]] = "yearly"

    @model_validator(mode="before")
    @classmethod
    def _as_the_rules_say(cls, written: Any) -> Any:
        """What a set of rules fixes; that nothing of it is stated beside is looked at with the whole file."""
        return {**written, **fixed_by(written.get("rules"))} if isinstance(written, dict) else written

    @property
    def headline(self) -> Headline:
        """What a result begins with: by the rules; the net present value where they are the file's own."""
        return RULE_SETS[self.rules].headline if self.rules in RULE_SETS else "net present value"


class Evidence(Table):
    """The record of similar programmes: the fallback of every effect without its own sceptical value.

    With ``economics.optimism = "shrink"`` it is also the prior of every claim, and ``bias_sd_by_grade`` is
    the standard deviation, on the log scale, of the bias of a study of that grade.
    """

    sceptical: Ratio
    bias_sd_by_grade: dict[str, float] = {}


class Alternative(Table):
    """Another way to build a part of the model: values to set, as with ``--set``, outside every probability."""

    title: str
    why: str
    set: dict[str, Any]


class Check(Table):
    """A figure the simulator should meet, and how it is compared.

    Base population checks name a ``measure`` of usual care; programme checks name a programme, an
    evidence mode and a comparison. ``years`` are those that a measure of usual care is taken over, from the start of
    one to the start of another: the first alone, if left out. ``rows``: samples of people that it needs, where the
    usual number leaves a Monte Carlo error above an eighth of the width from ``low`` to ``high``.
    """

    measure: str
    target: float | None = None
    low: float
    high: float
    per: float = 1.0
    years: tuple[int, int] = (0, 1)
    programme: str = ""
    evidence: EvidenceMode = "calibrated"
    comparison: Literal["usual care", "before and after", "with and without"] = "usual care"
    source: str = ""
    supports: str = ""
    note: str = ""
    judged: bool = True
    rows: int | None = Field(None, ge=1)


class Calibration(Table):
    """The script of a calibration: which numbers are varied so that which checks are met.

    ``vary``: dotted paths, joined by ``+`` where numbers stay equal, with ``:LOW:HIGH`` where they are free between
    these. ``targets``: names of checks; all that are judged if left out. ``rows``: samples of people. Nobody inherits
    it: it says how this file was made.
    """

    vary: tuple[str, ...]
    targets: tuple[str, ...] = ()
    rows: int | None = Field(None, ge=1)


class Scenario(Table):
    """One scenario: population, pathway, prices, programmes, evidence, horizon."""

    name: Aside[Name]
    title: Aside[str]
    question: Aside[str] = ""
    notes: Aside[str] = ""
    price_year: Priced[str]
    horizon: Horizon = Horizon()
    population: Population
    health: Health
    death: Death | None = None
    flares: Flares | None = None
    boosts: dict[Name, Boost] = {}
    needs: dict[Name, Need] = {}
    places: dict[Name, Place] = {}
    supports: dict[Name, Support] = {}
    programmes: dict[Name, Programme] = {}
    synergies: dict[Name, Synergy] = {}
    arms: dict[str, Annotated[Arm, OR_LIST]] = {}
    payers: Priced[dict[Name, Payer]] = {}
    cash: Priced[dict[Name, CashRule]] = {}
    prices: Priced[dict[Name, Price]] = {}
    economics: Economics
    evidence: Evidence | None = None
    correlations: dict[Name, float] = {}
    alternatives: Aside[dict[Name, Alternative]] = {}
    checks: Aside[dict[Name, Check]] = {}
    calibration: Aside[Calibration | None] = None

    def all_arms(self) -> dict[str, tuple[str, ...]]:
        """Arms by name, usual care first; without ``[arms]`` each programme is an arm of its own."""
        named = {name: arm.programmes for name, arm in self.arms.items()} or {name: (name,) for name in self.programmes}
        return {USUAL_CARE: (), **named}

    def arm_alone(self, programme: str) -> dict[str, Arm]:
        """The arm that is named after a programme and adds nothing else, with its own capacity; empty without one."""
        arm = self.arms.get(programme)
        return {programme: arm} if arm is not None and arm.programmes == (programme,) else {}

    def own_workers(self, support: str) -> list[tuple[tuple[float, float], ...]]:
        """Days from which a support has another number of workers in one arm alone, and how many: by arm."""
        own = {
            name: tuple((each.day, float(each.workers or 0.0)) for each in arm.capacity if each.support == support)
            for name, arm in self.arms.items()
        }
        return [own.get(name, ()) for name in self.all_arms()]

    def all_supports(self, *, in_arms: bool = False) -> dict[str, tuple[str, Support]]:
        """Supports by name with their dotted path: usual care's first, then programmes.

        Args:
            in_arms: leave out the programmes that are in no arm, which can cost and change nothing.
        """
        used = {name for programmes in self.all_arms().values() for name in programmes}
        found: dict[str, tuple[str, Support]] = {name: (f"supports.{name}", s) for name, s in self.supports.items()}
        for name, programme in self.programmes.items():
            if name in used or not in_arms:
                found[name] = (f"programmes.{name}", programme)
        return found

    def limited(self) -> tuple[str, ...]:
        """Paths of what people can get in each other's way at, in any arm: places with slots, supports with staff."""
        places = tuple(f"places.{name}" for name, place in self.places.items() if place.slots is not None)
        supports = self.all_supports(in_arms=True).values()
        return places + tuple(path for path, support in supports if support.staff is not None)

    def simulated_part(self) -> dict[str, Any]:
        """All that the simulation depends on: the scenario without the keys marked :data:`Priced` or :data:`Aside`."""
        return {name: _simulated(value) for name, value in _unmarked(self)}

    def arm_title(self, arm: str) -> str:
        """What an arm is called: its own title, that of the programme it is named after, else its own name."""
        own, programme = self.arms.get(arm), self.programmes.get(arm)
        return (own.title if own else "") or (programme.title if programme else "") or arm.replace("_", " ")

    def with_(self, changes: Mapping[str, object]) -> Scenario:
        """This scenario with some values replaced: `scenario.read.with_changes` as a method, for notebooks.

        Args:
            changes: numbers, text, lists, tables or quantities by dotted path.

        Raises:
            ScenarioError: with every fault that the changes bring.
        """
        from simulator.scenario.read import with_changes  # the only import against the order of layers

        return with_changes(self, changes)


def _unmarked(table: Table) -> Iterator[tuple[str, Any]]:
    for name, field in type(table).model_fields.items():
        if PRICED not in field.metadata and ASIDE not in field.metadata:
            yield name, getattr(table, name)


def _simulated(value: Any) -> Any:
    """A value as plain data, without marked keys."""
    if isinstance(value, Table):
        return {name: _simulated(inner) for name, inner in _unmarked(value)}
    if isinstance(value, dict):
        return {key: _simulated(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_simulated(inner) for inner in value)
    return value.model_dump() if isinstance(value, Quantity) else value
