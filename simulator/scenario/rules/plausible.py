"""Turns a sound scenario into what is possible in it but odd: notes for its author, never faults.

Each function knows one oddity and its sentence. A note says what was found and what to do if it is not meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from simulator.scenario import tables as types
from simulator.scenario.addresses import Path, keys_of, walk
from simulator.scenario.tables import Scenario, Support
from simulator.scenario.toml.tree import Issue
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.spread import plain
from simulator.units import DAYS_PER_YEAR

Oddity = Callable[[Scenario], Iterator[Issue]]

LEAST_RATIO, LARGEST_RATIO = 0.2, 4.0
"""No controlled study of a service for people in the community reports an effect beyond these."""
LEAST_POST, LARGEST_POST = 5_000, 250_000
"""Pounds a worker-year: a day a week of the lowest paid, and five of the dearest posts."""
OVERLAPPING = {
    "visit": {"visit", "emergency", "planned"},
    "day": {"day", "emergency_day"},
    "active_day": {"active_day"},
    "person_day": {"person_day"},
}
"""Units that count the same activity; each also overlaps with itself."""
TOTALS = ("visits", "emergency")


def odd(scenario: Scenario) -> list[Issue]:
    """Everything that is possible but odd.

    Args:
        scenario: the scenario.

    >>> from simulator.scenario.read import EXAMPLE, read_text
    >>> odd(read_text(EXAMPLE))
    []
    """
    return [issue for oddity in ODDITIES for issue in oddity(scenario)]


def _supports(scenario: Scenario) -> Iterator[tuple[Path, Support]]:
    for root, support in scenario.all_supports().values():
        yield keys_of(root), support


def _effects(scenario: Scenario) -> Iterator[tuple[Path, types.Effect, str, Quantity]]:
    """Every figure that an effect states: where, the effect, the mode of evidence, the figure."""
    for root, support in _supports(scenario):
        for label, effect in support.effects.items():
            for mode in types.EVIDENCE_MODES:
                if (stated := getattr(effect, mode)) is not None:
                    yield (*root, "effects", label), effect, mode, stated


# ----------------------------------------------------------------------------------------------- numbers


def large_effect(scenario: Scenario) -> Iterator[Issue]:
    """8 % fewer written as 0.08."""
    for path, effect, mode, stated in _effects(scenario):
        ratio = float(stated)
        if effect.target == "utility" or LEAST_RATIO <= ratio <= LARGEST_RATIO:
            continue
        if ratio < 1:
            words = f"{plain(ratio)} on {effect.target}, which leaves {100 * ratio:.3g} of 100"
            yield Issue((*path, mode), words, "", f"{100 * ratio:.3g} % fewer is {1 - ratio:g}")
        else:
            yield Issue((*path, mode), f"{plain(ratio)} on {effect.target}", "", "10 % more is 1.1")


def effect_without_evidence(scenario: Scenario) -> Iterator[Issue]:
    """Bare numbers for effects: one note for all of them, at the first."""
    bare = [(*path, mode) for path, _, mode, stated in _effects(scenario) if stated.grade is None and not stated.source]
    if bare:
        more = f", and {len(bare) - 1} more" if len(bare) > 1 else ""
        words = f"an effect as a bare number, without source or grade{more}"
        yield Issue(bare[0], words, "", "it counts as an expert guess, grade 6; say how uncertain it is")


def gamma_from_zero(scenario: Scenario) -> Iterator[Issue]:
    """An interval of a gamma that begins at 0, which no gamma has."""
    for path, item in walk(scenario):
        if isinstance(item, Quantity) and item.dist == "gamma":
            interval = item.ci95 or item.ci80 or item.range
            if interval and interval[0] == 0:
                hint = "write its lower end, or a triangular with range"
                yield Issue(path, f"a gamma with an interval from 0 to {plain(interval[1])}", "", hint)


# ----------------------------------------------------------------------------------------- posts and lists


def price_of_a_post(scenario: Scenario) -> Iterator[Issue]:
    """Pounds an hour where pounds a year are meant."""
    for root, support in _supports(scenario):
        for label, cost in support.costs.items():
            if cost.kind == "per_worker_year" and not LEAST_POST <= float(cost.amount) <= LARGEST_POST:
                words = f"a post for {plain(float(cost.amount))} pounds a year"
                yield Issue((*root, "costs", label, "amount"), words, "", "a post costs 25,000 and more with on-costs")


def nobody_employed(scenario: Scenario) -> Iterator[Issue]:
    """Staff of no workers: nobody can be taken on, and posts cost nothing."""
    for root, support in _supports(scenario):
        staff = support.staff
        employed = any(workers for own in scenario.own_workers(str(root[1])) for _, workers in own)
        nobody = staff and float(staff.workers) * float(staff.caseload) == 0 and not any(c.slots for c in staff.changes)
        if nobody and not employed:
            yield Issue((*root, "staff"), "nobody employed, so nobody can start", "", "write workers and caseload")


def waiting_without_end(scenario: Scenario) -> Iterator[Issue]:
    """A list that nobody has decided on; of one that is meant a run tells (`findings.programme.delivery`)."""
    for root, support in _supports(scenario):
        staff = support.staff
        undecided = staff and "when_full" not in staff.model_fields_set and staff.lapse_days is None
        if root[0] == "programmes" and undecided:
            words = "a limited team, with a list on which referrals never lapse"
            hint = 'write lapse_days, or when_full = "wait" if that is meant, else "refuse"'
            yield Issue((*root, "staff"), words, "", hint)


# ----------------------------------------------------------------------------------------------- dates


def windows_without_a_before(scenario: Scenario) -> Iterator[Issue]:
    """A programme that people are on from day 0, which has no before that was simulated."""
    warm_up, window = scenario.horizon.warm_up_years * DAYS_PER_YEAR, scenario.horizon.window_days
    for name, programme in scenario.programmes.items():
        if programme.starting_share and warm_up < window:
            words = (
                f"people on it from day 0, after {plain(warm_up)} days of warm-up with windows of {plain(window)} days"
            )
            hint = "before-after figures leave them out; make horizon.warm_up_years as long as the windows"
            yield Issue(("programmes", name, "starting_share"), words, "", hint)


def beyond_the_horizon(scenario: Scenario) -> Iterator[Issue]:
    """What is stated for days that are not followed."""
    end = scenario.horizon.years * DAYS_PER_YEAR
    after = f"after the horizon of {scenario.horizon.years} years"
    for root, support in _supports(scenario):
        if root[0] == "programmes":
            yield from _unfollowed_programme(root, support, scenario.horizon, end)
        for label, cost in support.costs.items():
            if cost.kind == "one_off" and cost.day >= end:
                yield Issue((*root, "costs", label, "day"), f"day {cost.day:,g}, {after}", "", "it is never paid")


def _unfollowed_programme(root: Path, support: Support, horizon: types.Horizon, end: float) -> Iterator[Issue]:
    days = support.cluster_opens_days or (support.opens_day,)
    late = [day for day in days if day >= end]
    if late:
        words = f"an opening on day {late[0]:,g}, after the horizon of {horizon.years} years"
        key = "cluster_opens_days" if support.cluster_opens_days else "opens_day"
        yield Issue((*root, key), words, "", "nobody starts there")
    closes = [day for day in (support.closes_day, support.ends_day) if day is not None]
    paid_until = min(closes, default=support.opens_day + horizon.funding_years * DAYS_PER_YEAR)
    if not late and paid_until > end + 1:
        years = (paid_until - end) / DAYS_PER_YEAR
        words = f"{years:.2g} years of funding after the horizon of {horizon.years} years"
        yield Issue(("horizon", "funding_years") if not closes else root, words, "", "they are not counted")
    if not late and not closes and (without := [day for day in days if day >= paid_until]):
        words = f"a cluster that opens on day {without[0]:,g}, after funding ends on day {paid_until:,g}"
        yield Issue((*root, "cluster_opens_days"), words, "", "nobody starts there; give more funding_years")


def paid_before_it_opens(scenario: Scenario) -> Iterator[Issue]:
    """Yearly costs that run from ``opens_day``, before the first cluster opens."""
    for root, support in _supports(scenario):
        first = min(support.cluster_opens_days, default=support.opens_day)
        yearly = any(cost.kind in ("per_year", "per_worker_year") for cost in support.costs.values())
        if yearly and first > max(support.opens_day, 0):
            words = f"costs from day {support.opens_day:,g}, {first - support.opens_day:,g} days before anyone"
            yield Issue((*root, "opens_day"), f"{words} can start", "", f"write opens_day = {first:g} if not meant")


# ------------------------------------------------------------------------------------------- counted twice


def priced_twice(scenario: Scenario) -> Iterator[Issue]:
    """One activity with two prices of one payer; several payers may bear a part each."""
    before: list[tuple[str, types.Price]] = []
    for name, price in scenario.prices.items():
        for other, earlier in before:
            if price.payer == earlier.payer and _overlap(price.per, earlier.per):
                also = "" if price.per == earlier.per else f" ({earlier.per})"
                words = f"{price.per} priced twice, by prices.{other}{also} too"
                yield Issue(
                    ("prices", name), words, "", "both are added; remove one if it is meant to replace the other"
                )
        before.append((name, price))
    for root, support in _supports(scenario):
        for label, cost in support.costs.items():
            for name, price in before:
                if cost.kind == "per_active_day" and price.per == f"active_day:{root[1]}":
                    words = f"{price.per} priced twice, by prices.{name} too"
                    yield Issue((*root, "costs", label), words, "", "both are added; leave one out if not meant")


def _overlap(one: str, other: str) -> bool:
    (kind, _, subject), (its, _, of) = one.partition(":"), other.partition(":")
    if "person_day" in (kind, its):
        return kind == its and (subject == of or "" in (subject, of))
    alike = kind == its or any(whole in (kind, its) and {kind, its} <= parts for whole, parts in OVERLAPPING.items())
    return alike and subject == of


def two_effects_on_one(scenario: Scenario) -> Iterator[Issue]:
    """0.8 and 0.8 on one need give 0.64."""
    for root, support in _supports(scenario):
        before: list[tuple[str, types.Effect]] = []
        for label, effect in support.effects.items():
            for other, earlier in before:
                both = _acted_on(effect, scenario) & _acted_on(earlier, scenario)
                if both and not _on_others(effect, earlier):
                    path: Path = (*root, "effects", label)
                    yield Issue(path, _joint(effect, other, earlier, min(both)), "", "leave one out if not meant")
            before.append((label, effect))


def _on_others(effect: types.Effect, earlier: types.Effect) -> bool:
    """Whether two effects act on different people: on other values of a group."""
    both = effect.groups.keys() & earlier.groups.keys()
    return any(not set(effect.groups[name]) & set(earlier.groups[name]) for name in both)


def _joint(effect: types.Effect, other: str, earlier: types.Effect, what: str) -> str:
    """Both of them and what they make together."""
    one, two = float(effect.calibrated), float(earlier.calibrated)
    both = one + two if effect.target == "utility" else one * two
    return f"a second effect on {what}, as {other}: {plain(two)} and {plain(one)} give {plain(both)}"


def _acted_on(effect: types.Effect, scenario: Scenario) -> set[str]:
    """What an effect acts on: needs by name, else its target."""
    kind, _, subject = effect.target.partition(":")
    if kind not in TOTALS:
        return {effect.target}
    return {f"need:{name}" for name, need in scenario.needs.items() if _counts(need, kind, subject, scenario)} | {
        f"visits:{subject}"
    }


def _counts(need: types.Need, kind: str, place: str, scenario: Scenario) -> bool:
    emergency = need.emergency or scenario.places[need.goes_to].emergency
    return need.goes_to == place and (emergency or kind == "visits")


def benefit_beside_pathway(scenario: Scenario) -> Iterator[Issue]:
    """A stated saving of a payer whose activity the programme changes too."""
    for root, support in _supports(scenario):
        for label, benefit in support.benefits.items():
            if benefit.kind == "social" or benefit.of == "something else":
                continue
            payers = tuple(types.shares_of(benefit.payer))
            for name, effect in support.effects.items():
                if _both_stated(effect, benefit) and (units := _paid_by(payers, effect, scenario)):
                    to = " and ".join(payers)
                    words = f"a stated benefit to {to} beside the effect {name} on {units[0]}, paid there too"
                    hint = 'leave one out if it is the same; if it is not, write of = "something else"'
                    yield Issue((*root, "benefits", label), words, "", hint)
                    break


def _both_stated(effect: types.Effect, benefit: types.Benefit) -> bool:
    """Whether some mode of evidence has both, the effect not being none at all."""
    modes = ((benefit.calibrated, effect.calibrated), (benefit.claimed, effect.claimed))
    return any(stated and ratio and (ratio.is_uncertain or float(ratio) != 1) for stated, ratio in modes)


def _paid_by(payers: Collection[str], effect: types.Effect, scenario: Scenario) -> list[str]:
    """Units of activity that some payers pay for in the place that an effect acts on."""
    kind, _, subject = effect.target.partition(":")
    place = scenario.needs[subject].goes_to if kind == "need" else subject.partition(".")[0]
    prices = scenario.prices.values()
    return [price.per for price in prices if price.payer in payers and price.per.partition(":")[2] == place != ""]


ODDITIES: tuple[Oddity, ...] = (
    large_effect,
    effect_without_evidence,
    gamma_from_zero,
    price_of_a_post,
    nobody_employed,
    waiting_without_end,
    windows_without_a_before,
    beyond_the_horizon,
    paid_before_it_opens,
    priced_twice,
    two_effects_on_one,
    benefit_beside_pathway,
)
