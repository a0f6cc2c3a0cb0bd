"""The findings of a run: what each programme costs and saves against usual care, for whom, by when and how sure we are.

Each file is one finding: what it is, how it is computed from an account or a ledger, its tables and its sentence. An
arm (:mod:`simulator.findings.arm`) holds them all, and says in which order they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.errors import RunError
from simulator.findings.activity import place_titles
from simulator.findings.arm import ORDER, ArmFindings, arm_findings, payer_titles, sample_of_arm
from simulator.findings.finding import Money, Row, held
from simulator.findings.tables import arm_facts, arm_rows, jsonable, table_names
from simulator.money.account import Account
from simulator.money.qaly import qaly_note
from simulator.scenario.evidence import active_quantities
from simulator.scenario.tables import COST_PARTS, MODE_WORDS, EvidenceMode, Programme, Scenario
from simulator.uncertainty.ranges import Ranges

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ENOUGH_ROWS", "TOO_FEW_ROWS", "ArmFindings", "Findings", "findings_of"]

TWICE = 2
ENOUGH_ROWS = 40
"""Below this a row in 40, the end of a 95 % range, is the lowest or highest row of all."""
TOO_FEW_ROWS = (
    "{rows} sets of parameters are too few for a 95 % range: its ends are the lowest and highest of them, which hold "
    "about {held} of futures"
)
NEW_PLACE_NOTE = (
    "{title}: the scenario states no spread between places (between_sites), so a range for a new place leaves it out"
)
FEW_ROWS_NOTE = (
    "{title}: {rows} sets of parameters are too few to part places from parameters, so the range of the expected "
    "effect holds both"
)
UNCOUNTED_NOTE = "effects beyond the horizon are not counted"
VALUE_NOTE = (
    "savings at average cost are the value of capacity, not money; the cash that is released stands beside them"
)
CENTRE_NOTE = "stated as most likely, with another mean, which is what results are centred on: {which}"
ONE_REPLICATE_NOTE = "there are no two replicates to compare, so individual chance could not be parted from the ranges"
FACTS = (
    *("scenario", "title", "price_year", "evidence", "optimism", "place_size", "years"),
    *("rows", "people", "lives", "batches"),
)


@dataclass(frozen=True)
class Findings:
    """The findings of a run: one entry per programme arm."""

    scenario: str
    title: str
    price_year: str
    evidence: str
    optimism: str
    place_size: float
    years: int
    funding_years: float
    rows: int
    people: float  # simulated per row
    lives: int  # of each of them, with other luck: two where people share something that is limited
    batches: int
    public_payers: tuple[str, ...]
    payer_titles: dict[str, str]
    place_titles: dict[str, str]
    year_names: tuple[str, ...]
    window: str  # how long is looked at before and after a start, in words
    arms: tuple[ArmFindings, ...]
    notes: tuple[str, ...] = ()

    def arm(self, name: str) -> ArmFindings:
        """The findings of one programme arm.

        Raises:
            KeyError: when no arm has that name.
        """
        for arm in self.arms:
            if arm.arm == name:
                return arm
        raise KeyError(f"{name}: allowed {', '.join(arm.arm for arm in self.arms)}")

    def per_head(self, arm: str, money: Money = "value") -> Ranges:
        """Discounted net saving to the public purse per person of the place."""
        return self.arm(arm).view(money=money).npv.scaled(1 / self.place_size)

    def simulated(self) -> str:
        """How many people were simulated how often, in words."""
        again = ", lived twice with other luck" if self.lives == TWICE else ""
        return f"{self.rows:,} sampled sets of parameters, {self.people:,.0f} people in each{again}"

    def to_dict(self) -> Row:
        """The findings a script wants, as plain values ready for JSON (no infinities; null where undefined)."""
        about = {**{name: getattr(self, name) for name in FACTS}, "year_names": list(self.year_names)}
        arms = {arm.arm: arm_facts(arm) for arm in self.arms}
        return dict(jsonable({**about, "notes": list(self.notes), "arms": arms}))

    def sentences(self, arm: str | None = None) -> list[str]:
        """Plain lines about one programme arm (the first when none is named), as a run ends with them.

        The first is one short sentence: what it costs or saves the public purse. The others have a line for each
        finding, in present values; what says nothing is left out.

        Raises:
            KeyError: when no arm has that name.
        """
        of = self.arms[0] if arm is None else self.arm(arm)
        first, *others = (sentence for finding in ORDER for sentence in finding.sentences(of))
        return [f"{of.title}, {MODE_WORDS.get(self.evidence, self.evidence)}: {first}", *others]

    def tables(self) -> dict[str, list[Row]]:
        """Long tables by name, one dict per row, in the order of the findings; one without rows is empty."""
        arms = [arm_rows(arm) for arm in self.arms]
        return {name: [jsonable(row) for arm in arms for row in arm[name]] for name in table_names()}

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """The tables as pandas frames, for CSV and spreadsheets."""
        import pandas as pd

        return {name: pd.DataFrame(rows) for name, rows in self.tables().items()}


def findings_of(account: Account, ledger: Ledger, scenario: Scenario) -> Findings:
    """The findings of a run.

    Args:
        account: money and QALYs by row.
        ledger: the activity it was priced from.
        scenario: titles, payers, values of a QALY, and the evidence behind the figures.

    Returns:
        One entry per programme arm. A single replicate leaves chance inside every range; a single row has no errors.

    Raises:
        RunError: an account and a ledger of different arms or rows.

    Source:
        O'Hagan, Stevenson & Madan (2007) for the two levels; Briggs, Claxton & Sculpher (2006) for the rest.

    Example:
        >>> from types import SimpleNamespace as Made
        >>> account, ledger = Made(arms=("usual care",)), Made(arms=("usual care", "walks"))
        >>> findings_of(account, ledger, None)
        Traceback (most recent call last):
        simulator.errors.RunError: the account and the ledger are of different runs; price this ledger first
    """
    if account.arms != ledger.arms or account.people.shape != ledger.people.shape:
        raise RunError("the account and the ledger are of different runs; price this ledger first")
    lives = min(TWICE, account.people.shape[1]) if scenario.limited() else 1  # else each replicate is half the people
    arms = tuple(arm_findings(account, ledger, scenario, arm) for arm in account.arms[1:])
    return Findings(
        scenario=scenario.name,
        title=scenario.title,
        price_year=account.price_year,
        evidence=account.evidence,
        optimism=scenario.economics.optimism if account.evidence == "claimed" else "none",
        place_size=account.place_size,
        years=account.spending.shape[4],
        funding_years=scenario.horizon.funding_years,
        rows=len(account.people),
        people=float(account.people.sum(axis=1).mean()) / lives,
        lives=lives,
        batches=len(np.unique(account.batch)),
        public_payers=account.public_payers,
        payer_titles=payer_titles(scenario),
        place_titles=place_titles(scenario),
        year_names=tuple(map(scenario.horizon.year_name, range(account.spending.shape[4]))),
        window=scenario.horizon.window_words,
        arms=arms,
        notes=tuple(_notes(account, scenario, arms)),
    )


def _notes(account: Account, scenario: Scenario, arms: tuple[ArmFindings, ...]) -> Iterator[str]:
    for arm in arms:
        yield from _place_notes(account, scenario, arm)
    yield from (UNCOUNTED_NOTE, VALUE_NOTE)
    if len(account.people) < ENOUGH_ROWS:
        yield TOO_FEW_ROWS.format(rows=len(account.people), held=held(len(account.people)))
    if account.people.shape[1] != 2:
        yield ONE_REPLICATE_NOTE
    if arms and (note := qaly_note(scenario)):
        yield note
    yield from _centre_notes(scenario, account.evidence)
    for name in dict.fromkeys(name for arm in arms for name in arm.programmes):
        yield from _missing_costs(scenario.programmes[name], name)
    for arm in arms:
        yield from (note for finding in ORDER for note in finding.notes(arm))


def _place_notes(account: Account, scenario: Scenario, arm: ArmFindings) -> Iterator[str]:
    """Why an arm has no range for a new place, or one that leaves something out."""
    for name in arm.programmes:
        if scenario.programmes[name].between_sites is None:
            yield NEW_PLACE_NOTE.format(title=scenario.programmes[name].title or name.replace("_", " "))
    sample = sample_of_arm(account, scenario, arm.arm)
    if sample.sites is not None and not sample.parts_sites:
        yield FEW_ROWS_NOTE.format(title=arm.title, rows=len(sample.sites))


def _centre_notes(scenario: Scenario, evidence: EvidenceMode) -> Iterator[str]:
    """The numbers whose stated value is not what the rows are centred on, with both."""
    apart = {
        path: f"{path} {quantity.central[0]:.3g} (mean {quantity.centre[0]:.3g})"
        for path, quantity in active_quantities(scenario, evidence).items()
        if f"{quantity.central[0]:.3g}" != f"{quantity.centre[0]:.3g}"
    }
    if apart:
        yield CENTRE_NOTE.format(which=", ".join(apart.values()))


def _missing_costs(programme: Programme, name: str) -> Iterator[str]:
    """The parts of a full cost that no cost of a programme says it includes."""
    included = {part for cost in programme.costs.values() for part in cost.includes}
    if missing := [part for part in COST_PARTS if part not in included]:
        title = programme.title or name.replace("_", " ")
        yield f"{title}: no cost says that it includes {', '.join(missing)}; what is missing is unknown, not zero"
