"""Everything about one programme arm against usual care: a field for each finding, and the order they are shown in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.activity.ledger import Ledger
from simulator.findings.activity import ACTIVITY, Averted, averted
from simulator.findings.alternatives import ALTERNATIVES, OtherModel, Untried
from simulator.findings.before_after import BEFORE_AFTER, BeforeAfter, before_after
from simulator.findings.break_even import BREAK_EVEN, BreakEven
from simulator.findings.budgets.capacity import CAPACITY, Freed, freed_capacity
from simulator.findings.budgets.holders import BUDGETS
from simulator.findings.budgets.parts import PARTS, Parts, parts_of
from simulator.findings.budgets.transfers import TRANSFERS, Transfer, transfers
from simulator.findings.evidence.claims import CLAIMS
from simulator.findings.evidence.counted import COUNTED, Counted, counted
from simulator.findings.evidence.drivers import DRIVERS, Drivers, drivers
from simulator.findings.evidence.lived import LIVED, LivedEffect, lived_effects
from simulator.findings.finding import PUBLIC_PURSE, SOCIETY, Finding, Money, sample_of
from simulator.findings.health import HEALTH, Health, health
from simulator.findings.payback import PAYBACK
from simulator.findings.programme.delivery import DELIVERY, Service, service
from simulator.findings.programme.spending import REACH, SPENDING, Spending, spending
from simulator.findings.returns import RETURNS, ReturnRatio, return_ratios
from simulator.findings.saving import (
    INTERACTION,
    LINES,
    NET_SAVING,
    RANGES,
    LineSaving,
    View,
    interaction,
    line_savings,
    net_savings,
)
from simulator.findings.survivors import SURVIVORS, Survivors, survivors
from simulator.money.account import Account
from simulator.money.qaly import worth_of_a_qaly
from simulator.scenario.evidence import claims, site_path, unclaimed
from simulator.scenario.rule_sets import Headline
from simulator.scenario.tables import Scenario
from simulator.uncertainty.ranges import Ranges, Sample, Value

ORDER: tuple[Finding, ...] = (
    REACH,
    NET_SAVING,
    BREAK_EVEN,
    RANGES,
    HEALTH,
    SPENDING,
    PARTS,
    COUNTED,
    PAYBACK,
    RETURNS,
    BUDGETS,
    CAPACITY,
    TRANSFERS,
    DELIVERY,
    DRIVERS,
    LIVED,
    CLAIMS,
    SURVIVORS,
    INTERACTION,
    LINES,
    ACTIVITY,
    BEFORE_AFTER,
    ALTERNATIVES,
)
"""Every finding, in the order of tables, sheets, sentences and JSON."""


@dataclass(frozen=True)
class ArmFindings:
    """Everything about one programme arm against usual care."""

    arm: str
    title: str  # what the arm is called
    year_names: tuple[str, ...]  # what each year is called
    programmes: tuple[str, ...]
    payer_titles: Mapping[str, str]  # what payers are called
    public_payers: tuple[str, ...]
    spending: Spending
    views: tuple[View, ...]
    lines: tuple[LineSaving, ...]
    averted: tuple[Averted, ...]
    interaction: Value | None  # discounted net saving of a combination beyond that of its parts
    headline: Headline  # what the first sentence tells, by the rules of the scenario
    health: Health
    returns: tuple[ReturnRatio, ...]
    survivors: Survivors
    before_after: tuple[BeforeAfter, ...]
    parts: Parts  # cash, capacity, benefits as stated, partners' money
    capacity: tuple[Freed, ...]  # at each place
    transfers: tuple[Transfer, ...]  # in cash
    reported: tuple[str, ...]  # numbers taken as reported in claimed mode
    not_reported: tuple[str, ...]  # costs, uptake and the like without a claim: as in the best evidence
    unclaimed: tuple[str, ...]  # effects and benefits without a usable claim, absent in claimed mode
    counted: tuple[Counted, ...]  # what a case counts beside what can be lived, where claims are taken
    drivers: Drivers  # what decides the answer
    service: Service  # how supports were delivered and places used
    lived: tuple[LivedEffect, ...]  # effects as they were lived beside those declared
    break_even: tuple[BreakEven, ...] = ()  # as value and as cash, for an arm that never pays back
    alternatives: tuple[OtherModel, ...] = ()  # as value and as cash, where they were worked out
    untried: Untried | None = None  # of those that the scenario states

    @property
    def starts(self) -> Ranges:
        """Programme starts in the whole place over the horizon."""
        return self.spending.starts

    @property
    def rows(self) -> int:
        """Sets of parameters."""
        return len(self.health.npv_rows)

    @property
    def years(self) -> int:
        """The horizon."""
        return len(self.view().by_year.mean)

    @property
    def horizon_words(self) -> str:
        """The horizon in words."""
        return f"{self.years} year{'s' if self.years > 1 else ''}"

    def view(self, payer: str = PUBLIC_PURSE, money: Money = "value") -> View:
        """The view of the public purse or of everyone, as value or as cash, or of one payer in cash.

        Raises:
            KeyError: for a payer without a line in this run, or for the budget of one payer at full value.
        """
        for view in self.views:
            if (view.payer, view.money) == (payer, money):
                return view
        allowed = ", ".join(f"{view.payer} ({view.money})" for view in self.views)
        raise KeyError(f"{payer} ({money}): allowed {allowed}")

    def payer_views(self, money: Money = "cash") -> tuple[View, ...]:
        """The views of single payers, in the order of the scenario; a budget is cash, so none is at full value."""
        return tuple(v for v in self.views if v.money == money and v.payer not in (PUBLIC_PURSE, SOCIETY))

    def payer_title(self, payer: str) -> str:
        """What a payer is called."""
        return self.payer_titles.get(payer, payer)

    def per_starter(self, money: Money = "value", payer: str = PUBLIC_PURSE) -> Ranges | None:
        """Discounted net saving over the mean number of starts (a ratio of means); None when nobody starts."""
        starts = float(self.starts.mean)
        return self.view(payer, money).npv.scaled(1 / starts) if starts > 0 else None


def arm_findings(account: Account, ledger: Ledger, scenario: Scenario, arm: str) -> ArmFindings:
    """The findings of one programme arm.

    Args:
        account: money and QALYs by row.
        ledger: the activity it was priced from.
        scenario: titles, values of a QALY, and the evidence behind the figures.
        arm: a programme arm.
    """
    programmes, qaly_values = scenario.all_arms()[arm], worth_of_a_qaly(scenario)
    as_reported = account.evidence == "claimed"
    reported, not_reported = claims(scenario, programmes) if as_reported else ((), ())
    sample, parts = sample_of_arm(account, scenario, arm), _parts(account, scenario, arm)
    return ArmFindings(
        arm=arm,
        title=scenario.arm_title(arm),
        year_names=tuple(map(scenario.horizon.year_name, range(len(account.money_factor)))),
        programmes=programmes,
        payer_titles=payer_titles(scenario),
        public_payers=account.public_payers,
        spending=spending(account, arm, sample),
        views=net_savings(account, arm, sample),
        lines=line_savings(account, arm, sample),
        averted=averted(ledger, arm, sample, parts),
        interaction=interaction(account, arm, parts),
        headline=scenario.economics.headline,
        health=health(account, arm, qaly_values, sample),
        returns=return_ratios(account, arm, qaly_values),
        survivors=survivors(account, ledger, scenario, arm),
        before_after=before_after(ledger, arm, account.batch),
        parts=parts_of(account, scenario, arm),
        capacity=freed_capacity(account, ledger, scenario, arm),
        transfers=transfers(account, arm),
        reported=reported,
        not_reported=not_reported,
        unclaimed=unclaimed(scenario, programmes) if as_reported else (),
        counted=counted(account, ledger, scenario, arm),
        drivers=drivers(account, scenario, arm, sample),
        service=service(account, ledger, scenario, arm),
        lived=lived_effects(ledger, scenario, account.evidence, arm),
    )


def sample_of_arm(account: Account, scenario: Scenario, arm: str) -> Sample:
    """Where the rows of an account come from, with the site factors of the programmes of an arm."""
    programmes = scenario.all_arms()[arm]
    paths = [site_path(name, scenario.programmes[name], account.evidence) for name in programmes]
    return sample_of(account, [path for path in paths if path is not None])


def payer_titles(scenario: Scenario) -> dict[str, str]:
    """What payers are called."""
    return {name: payer.title or name.replace("_", " ") for name, payer in scenario.payers.items()}


def _parts(account: Account, scenario: Scenario, arm: str) -> tuple[str, ...]:
    """Arms of the single programmes of a combination; empty when there are not all."""
    arms = scenario.all_arms()
    single = {programmes[0]: name for name, programmes in arms.items() if len(programmes) == 1}
    whole = len(arms[arm]) > 1 and all(single.get(name) in account.arms for name in arms[arm])
    return tuple(single[name] for name in arms[arm]) if whole else ()
