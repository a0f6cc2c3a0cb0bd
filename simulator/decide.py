"""Turns an account and a ledger into findings: what each programme arm costs and saves against usual care.

Every figure starts as [row, replicate, year] differences from usual care of the whole place; means are over rows,
errors between batches, and ranges part parameters, places and chance (`uncertainty.ranges`). A discounted
figure is the yearly one times the account's factors. Cumulative paths are shrunk year by year, so that each year's
range is exact. Probabilities and payback are those of one place: its own factor and chance are inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.errors import RunError
from simulator.findings import (
    FEW_ROWS_NOTE,
    NEW_PLACE_NOTE,
    PUBLIC_PURSE,
    SOCIETY,
    ArmFindings,
    Averted,
    Findings,
    FundingGap,
    Health,
    LineSaving,
    Money,
    ReturnRatio,
    Survivors,
    Transfer,
    Version,
    View,
    WeakEvidence,
    Worth,
)
from simulator.illusion import before_after
from simulator.money.account import Account, Array, Kind
from simulator.payback import payback, shortfall
from simulator.scenario.addresses import keys_of
from simulator.scenario.evidence import mode_quantities, site_path, unclaimed
from simulator.scenario.tables import COST_PARTS, EVIDENCE_MODES, Programme, Scenario
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.ranges import (
    Sample,
    Value,
    band,
    expected_rows,
    flat,
    new_place_rows,
    place_draws,
    ranges,
    row_means,
    share_of,
    standard_error,
)
from simulator.wording import ENOUGH_ROWS, TOO_FEW_ROWS

CURVE_POINTS = 41
SHOWN = ("visits", "emergency", "days", "emergency_days", "met_elsewhere", "starts", "deaths")
UNCOUNTED_NOTE = "effects beyond the horizon are not counted"
VALUE_NOTE = (
    "savings at average cost are the value of capacity, not money; the cash that is released stands beside them"
)


@dataclass(frozen=True)
class Question:
    """What every step of deciding about one arm reads."""

    account: Account
    ledger: Ledger
    scenario: Scenario
    sample: Sample
    arm: str

    def mean(self, values: Array) -> Value:
        """Mean over rows of [row, replicate, ...] and its error."""
        means = row_means(values, self.sample.people)
        return Value(means.mean(axis=0), standard_error(means, self.sample.batch))

    def discounted(self, values: Array) -> Array:
        """Present value of [row, replicate, year] pounds: [row, replicate]."""
        return np.asarray(values @ self.account.money_factor)

    def public(self, kinds: tuple[Kind, ...] | None = None, *, cash: bool = False, arm: str = "") -> Array:
        """What the public purse saves: [row, replicate, year]."""
        return self.account.saving(arm or self.arm, self.account.public_payers, kinds, cash=cash)

    def qaly(self) -> Array:
        """Present value of the QALYs gained: [row, replicate]."""
        return np.asarray(self.account.qaly_gain(self.arm) @ self.account.health_factor)

    def parts(self) -> tuple[str, ...]:
        """Arms of the single programmes of a combination; empty when there are not all."""
        named = self.scenario.all_arms()
        single = {programmes[0]: arm for arm, programmes in named.items() if len(programmes) == 1}
        programmes = named[self.arm]
        whole = len(programmes) > 1 and all(single.get(name) in self.account.arms for name in programmes)
        return tuple(single[name] for name in programmes) if whole else ()


def decide(account: Account, ledger: Ledger, scenario: Scenario) -> Findings:
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
        >>> one, other = Made(arms=("usual care",)), Made(arms=("usual care", "walks"))
        >>> decide(one, other, None)
        Traceback (most recent call last):
        simulator.errors.RunError: the account and the ledger are of different runs; price this ledger first
    """
    if account.arms != ledger.arms or account.people.shape != ledger.people.shape:
        raise RunError("the account and the ledger are of different runs; price this ledger first")
    questions = [Question(account, ledger, scenario, _sample(account, scenario, arm), arm) for arm in account.arms[1:]]
    arms = tuple(_arm(question) for question in questions)
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
        people=float(account.people.sum(axis=1).mean()),
        batches=len(np.unique(account.batch)),
        public_payers=account.public_payers,
        payer_titles={name: payer.title or name.replace("_", " ") for name, payer in scenario.payers.items()},
        place_titles={name: place.title or name.replace("_", " ") for name, place in scenario.places.items()},
        arms=arms,
        notes=(*_place_notes(questions), *_notes(account, scenario, arms)),
    )


def _sample(account: Account, scenario: Scenario, arm: str) -> Sample:
    """Where the rows come from, with the logs of the site factors of the programmes of the arm."""
    one_stream = len(np.unique(account.streams)) < len(account.streams)
    paths = [site_path(name, scenario.programmes[name], account.evidence) for name in scenario.all_arms()[arm]]
    design = account.design
    columns = [design.names.index(path) for path in paths if path in design.names] if design else []
    sites = np.log(design.values[:, columns]) if design and columns else None
    return Sample(account.people, account.place_size, account.batch, one_stream, sites)


def _place_notes(questions: Sequence[Question]) -> Iterator[str]:
    """Why an arm has no range for a new place, or one that leaves something out."""
    for question in questions:
        scenario, sites = question.scenario, question.sample.sites
        for name in scenario.all_arms()[question.arm]:
            if scenario.programmes[name].between_sites is None:
                yield NEW_PLACE_NOTE.format(title=scenario.programmes[name].title or name.replace("_", " "))
        if sites is not None and not question.sample.parts_sites:
            yield FEW_ROWS_NOTE.format(title=scenario.arm_title(question.arm), rows=len(sites))


def _missing_costs(programme: Programme, name: str) -> Iterator[str]:
    """The parts of a full cost that no cost of a programme says it includes."""
    included = {part for cost in programme.costs.values() for part in cost.includes}
    if missing := [part for part in COST_PARTS if part not in included]:
        title = programme.title or name.replace("_", " ")
        yield f"{title}: no cost says that it includes {', '.join(missing)}; what is missing is unknown, not zero"


def _notes(account: Account, scenario: Scenario, arms: tuple[ArmFindings, ...]) -> Iterator[str]:
    yield from (UNCOUNTED_NOTE, VALUE_NOTE)
    if len(account.people) < ENOUGH_ROWS:
        yield TOO_FEW_ROWS.format(rows=len(account.people))
    if account.people.shape[1] != 2:
        yield "there are no two replicates to compare, so individual chance could not be parted from the ranges"
    for name in dict.fromkeys(name for arm in arms for name in arm.programmes):
        yield from _missing_costs(scenario.programmes[name], name)
    for arm in arms:
        if arm.unclaimed:
            named = ", ".join(f"“{keys_of(path)[-1].replace('_', ' ')}”" for path in arm.unclaimed)
            yield f"{arm.title}: nobody has put a usable figure on the effects {named}, so they are absent"
        if arm.survivors.by_earlier_death:
            yield f"{arm.title}: the saving rests on earlier death, so it must not be the headline"


def _arm(question: Question) -> ArmFindings:
    account, arm, sample = question.account, question.arm, question.sample
    programmes = question.scenario.all_arms()[arm]
    spent = account.spent(arm, ("programme",)) - account.spent(account.arms[0], ("programme",))
    claimed = account.evidence == "claimed"
    starts = account.starts[:, :, account.arms.index(arm)].sum(axis=-1)
    return ArmFindings(
        arm=arm,
        title=question.scenario.arm_title(arm),
        programmes=programmes,
        starts=ranges(starts, sample),
        spending_by_year=ranges(spent, sample),
        spending=ranges(question.discounted(spent), sample),
        views=tuple(_views(question)),
        lines=tuple(_lines(question)),
        averted=tuple(_averted(question)),
        interaction=_interaction(question),
        health=_health(question),
        returns=tuple(_returns(question)),
        survivors=_survivors(question),
        before_after=tuple(before_after(question.ledger, arm, sample.batch)),
        transfers=tuple(_transfers(question)),
        unclaimed=unclaimed(question.scenario, programmes) if claimed else (),
        weakest=_weakest(question, programmes),
    )


# ------------------------------------------------------------------------------------------------ views


def _views(question: Question) -> Iterator[View]:
    account = question.account
    named = {line.payer for line in account.lines} | {line.cash_payer for line in account.lines}
    groups: list[tuple[str, tuple[str, ...] | None]] = [(PUBLIC_PURSE, account.public_payers), (SOCIETY, None)]
    groups += [(payer, (payer,)) for payer in account.payers if payer in named]
    investors = set(account.investors(question.arm))
    moneys: tuple[Money, ...] = ("value", "cash")
    for title, payers in groups:
        invests = bool(investors & set(payers or account.payers))
        for money in moneys:
            yield _view(question, title, payers, money, invests)


def _view(question: Question, title: str, payers: tuple[str, ...] | None, money: Money, invests: bool) -> View:
    account, sample = question.account, question.sample
    saved = account.saving(question.arm, payers, cash=money == "cash")
    discounted = saved * account.money_factor
    cumulative = discounted.cumsum(axis=-1)
    paths = place_draws(new_place_rows(cumulative, sample)[0], cumulative, sample)
    start = row_means(account.upfront(question.arm, payers), sample.people)
    each = ranges(np.stack([saved, saved.cumsum(axis=-1), discounted, cumulative], axis=-1), sample)
    return View(
        payer=title,
        money=money,
        invests=invests,
        by_year=each.at(0),
        cumulative=each.at(1),
        discounted_by_year=each.at(2),
        discounted=each.at(3),
        expected_paths=expected_rows(cumulative, sample)[0],
        place_paths=flat(paths),
        p_saving=share_of(paths > 0, sample.batch),
        payback=payback(paths, start, sample.batch),
        gap=_gap(question, saved, start),
        shortfall=shortfall(paths[..., -1], sample.batch),
    )


def _gap(question: Question, saved: Array, start: Array) -> FundingGap:
    cumulative = saved.cumsum(axis=-1)
    paths = place_draws(new_place_rows(cumulative, question.sample)[0], cumulative, question.sample)
    lowest = np.minimum(paths.min(axis=-1), start[:, None])
    depth = np.maximum(-lowest, 0)
    mean = cumulative.mean(axis=(0, 1))
    year = int(np.argmin(mean)) if mean.min() < 0 else None
    by_row = depth.mean(axis=1, keepdims=True)
    alone = Sample(np.ones(by_row.shape), 1.0, question.sample.batch, question.sample.one_stream)
    return FundingGap(band(flat(depth), by_row, alone), year)


def _lines(question: Question) -> Iterator[LineSaving]:
    account, factor = question.account, question.account.money_factor
    value = np.einsum("riyl,y->ril", account.by_line(question.arm), factor)
    cash = np.einsum("riyl,y->ril", account.by_line(question.arm, cash=True), factor)
    both = ranges(value, question.sample), ranges(cash, question.sample)
    for k, line in enumerate(account.lines):
        if np.any(value[..., k]):
            yield LineSaving(line.name, line.payer, line.kind, both[0].at(k), both[1].at(k))


def _transfers(question: Question) -> Iterator[Transfer]:
    """Gainers hand over in proportion to what they gain, losers receive in proportion to what they lose."""
    account = question.account
    net = {
        payer: float(question.mean(question.discounted(account.saving(question.arm, (payer,)))).value)
        for payer in account.payers
    }
    gained, lost = sum(x for x in net.values() if x > 0), -sum(x for x in net.values() if x < 0)
    if gained <= 0 or lost <= 0:
        return
    for giver, gain in net.items():
        for taker, loss in net.items():
            if gain > 0 > loss:
                yield Transfer(giver, taker, min(gained, lost) * gain / gained * -loss / lost)


def _interaction(question: Question) -> Value | None:
    parts = question.parts()
    if not parts:
        return None
    beyond = question.public() - sum(question.public(arm=part) for part in parts)
    return question.mean(question.discounted(beyond))


# --------------------------------------------------------------------------------------------- activity


def _averted(question: Question) -> Iterator[Averted]:
    ledger, arm = question.ledger, question.ledger.arms.index(question.arm)
    parts = [ledger.arms.index(part) for part in question.parts()]
    shown = [k for k, item in enumerate(ledger.items) if item.split(":")[0] in SHOWN]
    activity = ledger.activity[:, :, :, 0, :, shown].transpose(1, 2, 3, 4, 0)  # [row, replicate, arm, year, item]
    activity = activity * ledger.weight()[:, :, None, None, None]
    usual, there = activity[:, :, 0], activity[:, :, arm]
    beyond = (usual - there) - sum(usual - activity[:, :, part] for part in parts)
    totals = [question.mean(figure.sum(axis=-2)) for figure in (usual, there, beyond)]
    averted, by_year = ranges((usual - there).sum(axis=-2), question.sample), ranges(usual - there, question.sample)
    for k, item in enumerate(shown):
        if np.any(usual[..., k]) or np.any(there[..., k]):
            yield Averted(
                item=ledger.items[item],
                usual_care=float(totals[0].value[k]),
                with_programme=float(totals[1].value[k]),
                averted=averted.at(k),
                by_year=by_year.at(k),
                interaction=totals[2].at(k) if parts else None,
            )


def _survivors(question: Question) -> Survivors:
    """Care per person-day of the arm, at the person-days of usual care, beside the rest; public purse, discounted."""
    account, arm = question.account, question.account.arms.index(question.arm)
    alive = _alive(question.ledger, question.sample)
    longer = np.divide(alive[:, 0], alive[:, arm], out=np.ones_like(alive[:, 0]), where=alive[:, arm] > 0)
    chosen = account.chosen(account.public_payers, ("care",), cash=False, social=False)
    care = account.spending[:, :, arm, 0] @ chosen
    survival = question.discounted(care * (longer - 1)[:, None, :])
    total = question.discounted(question.public())
    fixed = question.mean(total - survival)
    earlier = float(fixed.value) <= 0 < float(question.mean(total).value)
    return Survivors(fixed, question.mean(survival), earlier)


def _alive(ledger: Ledger, sample: Sample) -> Array:
    """Person-days alive: [row, arm, year]."""
    days = np.zeros(ledger.activity.shape[:3] + ledger.activity.shape[4:5])
    for item in ledger.items:
        if item.startswith("person_days:"):
            days += ledger.item(item)[:, :, :, 0]
    return row_means(days * ledger.weight()[:, :, None, None], sample.people)


# ----------------------------------------------------------------------------------------- health, value


def _health(question: Question) -> Health:
    gained, saved = question.qaly(), question.discounted(question.public())
    values = np.array(question.scenario.economics.qaly_values, dtype=np.float64)
    points = np.linspace(0, values.max(), CURVE_POINTS) if len(values) else np.zeros(0)
    cost, words = _cost_per_qaly(-float(question.mean(saved).value), float(question.mean(gained).value))
    return Health(
        qaly_by_year=ranges(question.account.qaly_gain(question.arm), question.sample),
        qaly=ranges(gained, question.sample),
        qaly_rows=expected_rows(gained, question.sample)[0],
        npv_rows=expected_rows(saved, question.sample)[0],
        worth=tuple(_worth(question, saved + value * gained, float(value)) for value in values),
        curve=(points, _worth_it(question, saved[..., None] + points * gained[..., None]).value),
        cost_per_qaly=cost,
        cost_per_qaly_words=words,
    )


def _worth(question: Question, benefit: Array, value: float) -> Worth:
    return Worth(value, ranges(benefit, question.sample), _worth_it(question, benefit))


def _worth_it(question: Question, benefit: Array) -> Value:
    return share_of(expected_rows(benefit, question.sample)[0][:, None] > 0, question.sample.batch)


def _cost_per_qaly(cost: float, qaly: float) -> tuple[float | None, str]:
    """Cost per QALY where it means something: more health at more cost."""
    if qaly > 0 and cost > 0:
        return cost / qaly, "more health at more cost"
    if qaly == 0 and cost == 0:
        return None, "no difference"
    if qaly >= 0 and cost <= 0:
        return None, "no worse and saves: a cost per QALY has no meaning"
    if qaly <= 0 and cost >= 0:
        return None, "no better and costs more: a cost per QALY has no meaning"
    return None, "less health and saves: the ratio would be a price for health given up"


def _returns(question: Question) -> Iterator[ReturnRatio]:
    """Present value of all other changes over that of programme spending, all payers'."""
    account, arm = question.account, question.arm
    others: tuple[Kind, ...] = ("care", "benefit")
    spending = question.discounted(-account.saving(arm, None, ("programme",)))
    values = question.scenario.economics.qaly_values
    worth = question.qaly() * values[0] if values else 0.0
    society = question.discounted(account.saving(arm, None, others, social=True)) + worth
    yield _ratio(question, "fiscal", question.discounted(question.public(others)), spending, None)
    yield _ratio(question, "cashable", question.discounted(question.public(others, cash=True)), spending, None)
    yield _ratio(question, "public value", society, spending, values[0] if values else None)


def _ratio(question: Question, version: Version, benefits: Array, spending: Array, value: float | None) -> ReturnRatio:
    top, bottom = (row_means(part, question.sample.people) for part in (benefits, spending))
    gain, cost = float(top.mean()), float(bottom.mean())
    if gain <= 0 or cost <= 0:
        return ReturnRatio(version, gain, cost, None, None, value)
    ratio = gain / cost
    error = float(standard_error((top - ratio * bottom) / cost, question.sample.batch))
    return ReturnRatio(version, gain, cost, ratio, error, value)


def _weakest(question: Question, programmes: tuple[str, ...]) -> WeakEvidence | None:
    """The lowest-graded quantity of the programmes' effects, costs and benefits; of equals the one that moves most."""
    inside = tuple(f"programmes.{name}.{kind}." for name in programmes for kind in ("effects", "costs", "benefits"))
    quantities = mode_quantities(question.scenario, question.account.evidence)
    found = [(p, q) for p, q in quantities.items() if p.startswith(inside)]
    graded = [(path, quantity) for path, quantity in found if quantity.grade is not None]
    if not graded:
        return _weak(question, *found[0]) if found else None
    lowest = max(quantity.grade or 0 for _, quantity in graded)
    weak = [(path, quantity) for path, quantity in graded if quantity.grade == lowest]
    return _weak(question, *max(weak, key=lambda entry: _influence(question, entry[0])))


def _weak(question: Question, path: str, quantity: Quantity) -> WeakEvidence:
    _, name, kind, label, *inner = keys_of(path)
    asked = " ".join(key for key in inner if key not in (*EVIDENCE_MODES, "amount")).replace("_", " ")
    title = question.scenario.programmes[name].title or name.replace("_", " ")
    words = f"the {kind.removesuffix('s')} “{label.replace('_', ' ')}” of {title}{f' ({asked})' if asked else ''}"
    return WeakEvidence(path, quantity.grade, quantity.source or quantity.why or "", words)


def _is_of_utility(scenario: Scenario, path: str) -> bool:
    """Whether a quantity of a programme acts on quality of life alone, and so on no pound."""
    _, name, kind, label, *_ = keys_of(path)
    return kind == "effects" and scenario.programmes[name].effects[label].target == "utility"


def _influence(question: Question, path: str) -> float:
    """Rank correlation of a quantity with the net saving over the rows, without its sign; 0 for what does not vary."""
    design = question.account.design
    if design is None or path not in design.names or len(design) < 2 or _is_of_utility(question.scenario, path):
        return 0.0
    saved = row_means(question.discounted(question.public()), question.sample.people)
    ranks = [column.argsort().argsort() for column in (design.values[:, design.names.index(path)], saved)]
    return abs(float(np.asarray(np.corrcoef(ranks))[0, 1]))
