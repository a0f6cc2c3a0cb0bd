"""What of a saving is left at the same person-days by health, age and support; and whether lives or health are lost.

Fewer people alive need less care, and that is no saving. With C the care of one line in a year in the arm, and E the
care that its person-days would lead one to expect, from how much each health state and age band uses and, for
care paid by the day of a support, from the days on it,

    other person-days     sum over lines and years of C (E0 / E - 1), discounted       E0 the same under usual care
    same person-days      the net saving less that

which is standardisation to the person-days of usual care. Where person-days alive or QALYs fall by more than two Monte
Carlo errors, a run leads with that, and no saving is headlined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.findings.finding import (
    BAND,
    ERRORS,
    WHOLE,
    Finding,
    Row,
    Table,
    end,
    kinds_of,
    mean_of,
    value_row,
    whole,
)
from simulator.findings.health import discounted_qalys
from simulator.model.model import ClockKind, Model
from simulator.money.account import Account, Line
from simulator.scenario.tables import Scenario
from simulator.uncertainty.ranges import Array, Value
from simulator.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

BY_DAYS = ("day", "emergency_day")
HEADLINE = "people die earlier or lose health, so a saving is not claimed"


@dataclass(frozen=True)
class Survivors:
    """Discounted net saving to the public purse at the same person-days, and what happens to lives and health."""

    fixed_survival: Value  # at the same person-days by health, age band and support
    survival: Value  # the rest: care of person-days that are lived (a cost) or not lived (no saving)
    care: Value  # saving on care alone at the same person-days
    life_years: Value  # gained, undiscounted
    qaly: Value  # gained, discounted

    @property
    def loses_life(self) -> bool:
        """Whether fewer person-days are lived, beyond error."""
        return falls(self.life_years)

    @property
    def is_harm(self) -> bool:
        """Whether lives or QALYs are lost, beyond error: then no saving is headlined."""
        return self.loses_life or falls(self.qaly)

    @property
    def by_earlier_death(self) -> bool:
        """Whether there is a saving, lives are lost, and at the same person-days nothing is saved."""
        total = float(self.fixed_survival.value) + float(self.survival.value)
        return self.loses_life and float(self.fixed_survival.value) <= 0 < total


def falls(gain: Value) -> bool:
    """Whether a gain is a loss by more than two Monte Carlo errors; one without an error is taken as it stands.

    Args:
        gain: a mean and its error.

    Example:
        >>> falls(Value(np.array(-5.0), np.array(3.0))), falls(Value(np.array(-5.0), np.array(2.0)))
        (False, True)
    """
    error = float(gain.mcse)
    return float(gain.value) < -ERRORS * (error if error == error else 0.0)


def survivors(account: Account, ledger: Ledger, scenario: Scenario, arm: str) -> Survivors:
    """The net saving of an arm, parted by survival, and the life-years and QALYs it gains.

    Args:
        account: the money.
        ledger: the activity it was priced from.
        scenario: how much each health state and age band uses.
        arm: a programme arm.
    """
    days, gained = person_days(ledger), discounted_qalys(account, arm)
    k = account.arms.index(arm)
    lived = sum((each[:, :, k] - each[:, :, 0] for each in days.values()), np.zeros((1, 1, 1)))
    other = _other_days(account, ledger, scenario, arm, days)
    total = account.discounted(account.public_saving(arm))
    care = account.discounted(account.public_saving(arm, ("care",)))
    return Survivors(
        fixed_survival=mean_of(total - other, account),
        survival=mean_of(other, account),
        care=mean_of(care - other, account),
        life_years=mean_of(np.broadcast_to(lived.sum(axis=-1) / DAYS_PER_YEAR, gained.shape), account),
        qaly=mean_of(gained, account),
    )


# ------------------------------------------------------------------------------- care that is to be expected


def person_days(ledger: Ledger) -> dict[str, Array]:
    """Person-days alive in the whole place by item, ``person_days:STATE:BAND``: [row, replicate, arm, year]."""
    weight = ledger.weight()[:, :, None, None]
    named = [item for item in ledger.items if item.startswith("person_days:")]
    return {item: ledger.item(item)[:, :, :, 0] * weight for item in named}


def _other_days(account: Account, ledger: Ledger, scenario: Scenario, arm: str, days: Mapping[str, Array]) -> Array:
    """[row, replicate] discounted saving on care of person-days that are no longer lived; a cost where more are."""
    from simulator.model.build import build  # loads the compiler, which whoever only prices need not wait for

    k, model = account.arms.index(arm), build(scenario, {}, evidence=account.evidence)
    saved = np.zeros(account.qaly.shape[:2])
    for number, line in enumerate(account.lines):
        if line.kind == "care" and line.payer in account.public_payers:
            expected = _expected(line, ledger, scenario, model, days)
            if expected is not None:
                care = account.spending[:, :, k, 0, :, number]
                saved += account.discounted(care * more(*_by_row(expected, account, k)))
    return saved


def _by_row(expected: Array, account: Account, arm: int) -> tuple[Array, Array]:
    """What is expected under usual care and in the arm, the replicates of a row together: [row, 1, year]."""
    share = account.people / account.people.sum(axis=1, keepdims=True)
    both = np.einsum("riay,ri->ray", expected, share)[:, None]
    return both[:, :, 0], both[:, :, arm]


def more(usual: Array, there: Array) -> Array:
    """What is missing in the arm, as a share of what is there; nothing where nothing is there.

    Args:
        usual: expected under usual care.
        there: expected in the arm.

    Example:
        >>> more(np.array([100.0, 5.0]), np.array([80.0, 0.0])).tolist()
        [0.25, 0.0]
    """
    return np.divide(usual, there, out=np.ones_like(usual), where=there > 0) - 1


def _expected(line: Line, ledger: Ledger, scenario: Scenario, model: Model, days: Mapping[str, Array]) -> Array | None:
    """Care of a line to be expected from the person-days: [row, replicate, arm, year]; None where none is known."""
    root, _, rest = line.name.partition(".")
    if root == "supports":
        return _on(ledger, rest.partition(".")[0])
    kind, _, subject = scenario.prices[rest].per.partition(":") if root == "prices" else ("", "", "")
    if kind == "active_day":
        return _on(ledger, subject)
    weights = _weights(kind, subject, scenario, model)
    chosen = [(weights.get(item, 0.0), each) for item, each in days.items()]
    return sum((weight * each for weight, each in chosen), np.zeros(1)) if any(w for w, _ in chosen) else None


def _on(ledger: Ledger, support: str) -> Array:
    return np.asarray(ledger.item(f"active_days:{support}")[:, :, :, 0] * ledger.weight()[:, :, None, None])


def _weights(kind: str, subject: str, scenario: Scenario, model: Model) -> dict[str, float]:
    """How much of what a line counts a person-day leads one to expect, by item: the model's rates at stated values."""
    states, bands = scenario.health.states, scenario.population.band_names
    cells = [(f"person_days:{state}:{band}", s, b) for s, state in enumerate(states) for b, band in enumerate(bands)]
    if kind == "person_day":
        return {item: 1.0 for item, s, _ in cells if subject in ("", states[s])}
    if subject not in scenario.places:
        return {}
    place = list(scenario.places).index(subject)
    stay = scenario.places[subject].stay.by_health
    length = [float(stay[state]) if kind in BY_DAYS and state in stay else 1.0 for state in states]
    return {item: _entries(model, s, b)[place] * length[s] for item, s, b in cells}


def _entries(model: Model, state: int, band: int) -> Array:
    """Yearly entries to each place that needs and routes give at one health state and age band: [place]."""
    going = np.zeros(len(model.places))
    for k in np.flatnonzero(model.clocks["kind"] == ClockKind.NEED):
        goes_to = model.needs[model.clocks[k]["subject"]]["goes_to"]
        rate = model.clocks[k]["base"] * model.by_health[k, state] * model.by_band[k, band]
        going[goes_to] += rate * (model.population.kinds[band] @ model.by_kind[k])
    entries = going.copy()
    for _ in range(len(model.places)):
        going = _sent_on(model, state, going)
        entries += going
    return entries


def _sent_on(model: Model, state: int, going: Array) -> Array:
    """Where those who enter each place go next: [place]."""
    onward = np.zeros(len(model.places))
    for place, arriving in zip(model.places, going, strict=True):
        for route in range(place["first_route"], place["first_route"] + place["routes"]):
            if model.routes[route]["to"] >= 0:
                onward[model.routes[route]["to"]] += arriving * model.route_share[route, state]
    return onward


# ------------------------------------------------------------------------------------------ how it is shown


def rows(arm: ArmFindings) -> Iterator[Row]:
    """The two parts of the net saving, the saving on care at the same person-days, and life-years gained."""
    parts = {
        "net saving at the same person-days by health, age band and support": arm.survivors.fixed_survival,
        "net saving from person-days lived (a cost) or not lived": arm.survivors.survival,
        "saving on care at the same person-days by health, age band and support": arm.survivors.care,
        "life-years gained, undiscounted": arm.survivors.life_years,
    }
    for figure, part in parts.items():
        yield {"figure": figure, "year": None, **value_row(part)}


def headline(arm: ArmFindings) -> str:
    """What is lost, in place of what is saved."""
    lost = {"life-years": arm.survivors.life_years, "QALYs": arm.survivors.qaly}
    losses = [f"{abs(float(value.value)):,.3g} {unit}{_error(value)}" for unit, value in lost.items() if falls(value)]
    first = "people die earlier" if arm.survivors.loses_life else "people lose health"
    return f"{first}: {' and '.join(losses)} are lost over {arm.horizon_words}. No saving is claimed."


def care_in_words(arm: ArmFindings) -> str:
    """What care costs at the same person-days, and how much of the books' difference is days that are not lived."""
    parts = arm.survivors
    same = f"{end(float(parts.care.value))}{_error(parts.care, '£')}"
    others = f"{end(float(parts.survival.value))}{_error(parts.survival, '£')}"
    days = "At the same person-days by health, age band and support"
    return f"{days} care changes by: {same}; other person-days: {others}."


def _error(value: Value, unit: str = "") -> str:
    error = float(value.mcse)
    return f" (Monte Carlo error {unit}{float(f'{error:.2g}'):,g})" if error == error else ""


def notes(arm: ArmFindings) -> Sequence[str]:
    """A warning where the saving would not be there at the same person-days."""
    warning = f"{arm.title}: the saving rests on earlier death, so it must not be the headline"
    return (warning,) if arm.survivors.by_earlier_death else ()


def facts(arm: ArmFindings) -> Row:
    """Life-years, and what of the saving is left at the same person-days."""
    parts = arm.survivors
    named = {"same_person_days": parts.fixed_survival, "care": parts.care, "life_years": parts.life_years}
    return {"survivors": {**{name: value_row(value) for name, value in named.items()}, "is_harm": parts.is_harm}}


SURVIVORS = Finding(
    tables=(Table("programme", rows, kinds_of(WHOLE, *BAND)),), notes=notes, facts=facts, brief=whole("survivors")
)
