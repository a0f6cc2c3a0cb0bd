"""Turns the sound tables of a scenario into the faults that only several tables together can show.

Circular waits: someone who holds a limited slot may have to wait for another one. The slots wait for each other

    place    -> place     by a route, or by a wait limit that moves people on
    place    -> support   by a route that needs a place on a support with limited staff
    support  -> place     when the support's slot is kept (``keep_days``) while its holder is in a limited place

and if these arrows form a cycle, everyone in it can wait for ever: such a file is refused.

Where anything is limited a whole number of people lives in each place, and identical places have whole capacities.

Supports that begin with another, or at its end, are begun at once and begin or end no others: they have no staff, for
whose time people would have to wait, and no ``ends`` and ``starts`` of their own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any, TypeAlias

from simulator.errors import NotAllowed
from simulator.scenario import tables as types
from simulator.scenario.addresses import Path, as_written, dotted, is_quantity, keys_of, shape_at, walk
from simulator.scenario.inherited.price_years import INDEX_YEAR
from simulator.scenario.names import table_in
from simulator.scenario.rule_sets import fixed_by
from simulator.scenario.tables import Scenario, Table
from simulator.scenario.toml.tree import Issue
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.spread import plain

Sound: TypeAlias = Mapping[Path, Table | Quantity]
Data: TypeAlias = Mapping[str, Any]
Arrows: TypeAlias = dict[tuple[str, str], str]

TOTALS = ("visits", "emergency")
NEARLY = 1e-9


def at_odds(found: Sound, data: Data) -> Iterator[Issue]:
    """Every fault of the rules in this module.

    Args:
        found: sound tables and quantities by path.
        data: the tree they come from.
    """
    yield from _circular(found)
    yield from _in_place_of_each_other(found)
    yield from _capacity_of_arms(found)
    yield from _whole_places(found)
    yield from _pairs(found, data)
    yield from _covered(found, data)
    yield from _groups(data)
    yield from _price_years(found, data)
    yield from _uncorrected(found, data)
    yield from _beside_rules(data)
    yield from _marginal(found)
    yield from _counted_as_health_too(found)
    yield from _varied(found)


# --------------------------------------------------------------------------------------- circular waits


def _circular(found: Sound) -> Iterator[Issue]:
    arrows = _arrows(found)
    while cycle := _cycle(arrows):
        around = ", ".join(f"{a} -> {b} ({arrows[a, b]})" for a, b in pairwise(cycle))
        hint = "leave the slots, the staff or the keep_days of one of them out"
        path = _path_of(next(name for name in cycle if ("places", name) in found), found)
        yield Issue(path, f"limited places that wait for each other, {around}", "no cycle", hint)
        for pair in pairwise(cycle):
            arrows.pop(pair, None)


def _arrows(found: Sound) -> Arrows:
    places, supports = _limited(found)
    arrows: Arrows = {}
    for name, place in places.items():
        for label, route in place.routes.items():
            if route.needs_support in supports:
                arrows[name, str(route.needs_support)] = f"route {label} needs it"
            if route.to in places:
                arrows[name, route.to] = f"route {label}"
        if place.wait_limit and place.wait_limit.goes_to in places:
            arrows[name, place.wait_limit.goes_to] = "wait_limit"
    for name, support in supports.items():
        if support.keep_days is not None:
            arrows |= {(name, place): "keep_days" for place in places}
    return arrows


def _limited(found: Sound) -> tuple[dict[str, types.Place], dict[str, types.Support]]:
    places, supports = dict[str, types.Place](), dict[str, types.Support]()
    for path, item in found.items():
        if isinstance(item, types.Place) and item.slots is not None:
            places[str(path[1])] = item
        if isinstance(item, types.Support) and item.staff is not None:
            supports[str(path[1])] = item
    return places, supports


def _cycle(arrows: Arrows) -> list[str]:
    """A circle of names in the direction of the arrows, the first name again at its end; empty when there is none.

    >>> _cycle({("ward", "ae"): "", ("ae", "ward"): ""})
    ['ae', 'ward', 'ae']
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for before, after in sorted(arrows):
        sorter.add(before, after)
    try:
        sorter.prepare()
    except CycleError as error:
        return _from_least(error.args[1])
    return []


def _from_least(circle: list[str]) -> list[str]:
    """The circle from its alphabetically first name; graphlib lists it against the arrows' order of waiting."""
    names = list(reversed(circle))[:-1]
    start = names.index(min(names))
    return [*names[start:], *names[:start], names[start]]


def _path_of(name: str, found: Sound) -> Path:
    return next(path for path in (("places", name), ("supports", name), ("programmes", name)) if path in found)


# ------------------------------------------------------------------------- supports that begin with others

BEGUN = ("starts", "on_end")


def _in_place_of_each_other(found: Sound) -> Iterator[Issue]:
    supports = {str(path[1]): item for path, item in found.items() if isinstance(item, types.Support)}
    for path, item in found.items():
        if isinstance(item, types.Support):
            yield from _itself_or_both(path, item)
            for key in BEGUN:
                for number, name in enumerate(getattr(item, key)):
                    yield from _begun((*path, key, number), str(path[0]), name, supports.get(name))


def _itself_or_both(path: Path, item: types.Support) -> Iterator[Issue]:
    for key in ("ends", *BEGUN):
        if path[1] in getattr(item, key):
            yield Issue((*path, key), f"{path[1]} itself", "other supports")
    for name in sorted({*item.ends} & {*item.starts}):
        yield Issue((*path, "starts"), f"{name}, which it ends", "one of them")


def _begun(path: Path, kind: str, name: str, other: types.Support | None) -> Iterator[Issue]:
    """What is wrong with a support that begins with another of this kind, or at its end."""
    if other is None:
        return
    if kind == "supports" and isinstance(other, types.Programme):
        hint = "usual care would not be the same in every arm; let the programme say what it ends and starts"
        yield Issue(path, f"the programme {name}", "a support of usual care", hint)
    if other.staff is not None:
        hint = "people would have to wait for it; leave its staff out, or let a route need it (needs_support)"
        yield Issue(path, f"{name}, which has limited staff", "a support without staff", hint)
    if other.ends or other.starts:
        yield Issue(path, f"{name}, which ends or starts others itself", "a support without ends and starts")


# ------------------------------------------------------------------------------------ capacity of one arm

LIMITED_BY = {"place": "slots", "support": "workers"}


def _capacity_of_arms(found: Sound) -> Iterator[Issue]:
    for path, arm in found.items():
        if not isinstance(arm, types.Arm):
            continue
        last: dict[str, float] = {}
        for number, each in enumerate(arm.capacity):
            where, name = (*path, "capacity", number), each.place or each.support
            yield from _one_of_a_kind(where, each)
            yield from _limited_in(where, each, arm, found)
            if each.day <= last.get(name, -math.inf):
                words = f"{plain(each.day)} after {plain(last[name])} for {name}"
                yield Issue((*where, "day"), words, "days that rise")
            last[name] = each.day


def _one_of_a_kind(path: Path, each: types.ArmCapacity) -> Iterator[Issue]:
    stated = {key for key in ("place", "support", "slots", "workers") if getattr(each, key) not in ("", None)}
    if stated not in ({"place", "slots"}, {"support", "workers"}):
        words = " and ".join(sorted(stated)) or "nothing"
        yield Issue(path, words, "place with slots, or support with workers")


def _limited_in(path: Path, each: types.ArmCapacity, arm: types.Arm, found: Sound) -> Iterator[Issue]:
    place = found.get(("places", each.place))
    if isinstance(place, types.Place) and place.slots is None:
        hint = f"write places.{each.place}.slots, as every arm has them"
        yield Issue((*path, "place"), f"{each.place}, which has no limit", "a place with slots", hint)
    support = found.get(("supports", each.support), found.get(("programmes", each.support)))
    if isinstance(support, types.Support) and support.staff is None:
        yield Issue((*path, "support"), f"{each.support}, which has no limit", "a support with staff")
    if isinstance(support, types.Programme) and each.support not in arm.programmes:
        yield Issue((*path, "support"), f"{each.support}, which this arm does not add", "one of its programmes")


# ---------------------------------------------------------------------------------------- whole places


def _whole_places(found: Sound) -> Iterator[Issue]:
    """People and stated capacities of one place that are not whole; one place alone may have half a post."""
    them, capacities = found.get(("population",)), list(_capacities(found))
    if not isinstance(them, types.Population) or not capacities:
        return
    count, (limited, *_) = them.places, capacities[0]
    if them.place_size % count:
        words = f"{them.place_size:,.10g} people in {count} place{'s' if count > 1 else ''} with {dotted(limited)}"
        yield Issue(("population", "place_size"), words, "a whole number of people in each place")
    for path, held, what in capacities if count > 1 else ():
        if abs(held / count - round(held / count)) > NEARLY:
            words, hint = f"{held:,.10g} {what} in {count} identical places", "state those of all places together"
            yield Issue(path, words, f"a multiple of {count}", hint)


def _capacities(found: Sound) -> Iterator[tuple[Path, float, str]]:
    """What each limited place and support holds, as stated, now and from each date on: path, number, of what."""
    for path, item in found.items():
        if isinstance(item, types.Place) and item.slots is not None:
            yield (*path, "slots"), float(item.slots), "slots"
            yield from (
                ((*path, "changes", n, "slots"), change.slots, "slots") for n, change in enumerate(item.changes)
            )
        elif isinstance(item, types.Staff):
            each, what = float(item.caseload), "people (workers x caseload)"
            yield (*path, "workers"), float(item.workers) * each, what
            for n, change in enumerate(item.changes):
                yield (*path, "changes", n, "slots"), change.slots * each, what
        elif isinstance(item, types.ArmCapacity):
            staff = found.get(("supports", item.support, "staff"), found.get(("programmes", item.support, "staff")))
            if item.slots is not None:
                yield (*path, "slots"), item.slots, "slots"
            elif item.workers is not None and isinstance(staff, types.Staff):
                yield (*path, "workers"), item.workers * float(staff.caseload), "people (workers x caseload)"


# ------------------------------------------------------------------------------------ effects on needs


def _needs_acted_on(target: object, data: Data) -> set[str]:
    """The needs that an effect with this target acts on."""
    kind, _, subject = str(target).partition(":")
    if kind == "need":
        return {subject}
    needs = table_in(data, "needs")
    return {name for name in needs if kind in TOTALS and table_in(needs, name).get("goes_to") == subject}


def _pairs(found: Sound, data: Data) -> Iterator[Issue]:
    for path, synergy in found.items():
        if not isinstance(synergy, types.Synergy):
            continue
        if synergy.between[0] == synergy.between[1]:
            yield Issue((*path, "between"), f"{synergy.between[0]} twice", "two different programmes")
            continue
        for name in synergy.between:
            yield from _acts(path, name, synergy.target, data)


def _acts(path: Path, name: str, target: str, data: Data) -> Iterator[Issue]:
    programmes, wanted = table_in(data, "programmes"), _needs_acted_on(target, data)
    if name not in programmes or not wanted:
        return
    effects = table_in(table_in(programmes, name), "effects")
    if not any(_needs_acted_on(table_in(effects, label).get("target"), data) & wanted for label in effects):
        words = f"{target} of {name}, which has no effect on it"
        yield Issue((*path, "target"), words, "a target that both programmes act on")


def _covered(found: Sound, data: Data) -> Iterator[Issue]:
    """An early uplift beside a profile of the same needs would count the first months twice."""
    for path, support in found.items():
        if not isinstance(support, types.Support) or support.early_uplift is None:
            continue
        needs = set(support.early_uplift.needs)
        for name, effect in support.effects.items():
            if effect.profile and (both := sorted(needs & _needs_acted_on(effect.target, data))):
                words = f"early_uplift of {', '.join(both)} beside the profile of {name}"
                hint = "let the profile say what the first months do"
                yield Issue((*path, "early_uplift"), words, "one of them", hint)


# ------------------------------------------------------------------------------- correlations and prices


def _groups(data: Data) -> Iterator[Issue]:
    members: dict[str, list[Path]] = {}
    for path, shape, table in as_written(Scenario, data):
        if is_quantity(shape) and isinstance(table.get("group"), str):
            members.setdefault(table["group"], []).append(path)
    stated = table_in(data, "correlations")
    for name, paths in members.items():
        if name not in stated:
            hint = f"write correlations.{name} = ..."
            words = f'the group "{name}" without a correlation'
            yield Issue((*paths[0], "group"), words, "a group in correlations", hint)
    for name, value in stated.items():
        yield from _correlation(("correlations", name), value, len(members.get(name, [])))


def _correlation(path: Path, value: object, size: int) -> Iterator[Issue]:
    least = -1 / max(size - 1, 1)
    if isinstance(value, int | float) and not least < value < 1:
        yield Issue(path, str(value), f"between {least:.3g} and 1 for {size} quantities")


def lonely_groups(scenario: Scenario) -> Iterator[Issue]:
    """Groups in which a change of the file has left one number or none: nothing is wrong, and nothing is correlated."""
    members = Counter(item.group for _, item in walk(scenario) if isinstance(item, Quantity) and item.group)
    for name in scenario.correlations:
        if members[name] < 2:
            words = f"a group of {members[name]}, in which nothing is correlated"
            yield Issue(("correlations", name), words, "", "write group in the tables of two numbers or more")


def _price_years(found: Sound, data: Data) -> Iterator[Issue]:
    wanted, economics = data.get("price_year"), table_in(data, "economics")
    index = table_in(economics, "index")
    known = (economics.get(INDEX_YEAR) or wanted, *index)
    if wanted not in known:
        yield Issue(("price_year",), f'the price year "{wanted}"', _listed(known), _add(wanted, known[0]))
    for path, item in found.items():
        year = item.price_year if isinstance(item, Quantity) else None
        if year is not None and year != wanted and year not in known:
            yield Issue((*path, "price_year"), f'the price year "{year}"', _listed(known), _add(year, known[0]))


def _listed(years: Iterable[Any]) -> str:
    return ", ".join(map(str, years))


def _add(year: object, to: object) -> str:
    return f'write economics.index."{year}" = pounds of {to} to a pound of {year}'


# ----------------------------------------------------------------------------- rules and double counting


def _beside_rules(data: Data) -> Iterator[Issue]:
    """A rate or value stated beside a set of rules that fixes it."""
    economics = table_in(data, "economics")
    for key, value in fixed_by(economics.get("rules")).items():
        if key in economics:
            words = f'{key} beside rules = "{economics["rules"]}", where it is {_in_words(value)}'
            yield Issue(("economics", key), words, "one of them", 'leave it out, or write rules = "own" and all rates')


def _in_words(value: Any) -> str:
    return ", ".join(map(plain, value)) if isinstance(value, tuple) else plain(value)


def _marginal(found: Sound) -> Iterator[Issue]:
    """A marginal price is what stops being spent: all of it is cash, or a part would be taken off twice."""
    rules = {path[1]: rule for path, rule in found.items() if isinstance(rule, types.CashRule)}
    for path, price in found.items():
        if isinstance(price, types.Price) and price.basis == "marginal" and price.cash in rules:
            rule = rules[price.cash]
            less = [float(share) for share in rule.share if share.is_uncertain or float(share) != 1]
            if less or rule.back_fill is not None or rule.step is not None:
                words = f"a marginal price with the cash rule {price.cash}, which releases a part"
                hint = "write share = [1], without back_fill and step; or state the average price"
                yield Issue((*path, "cash"), words, "a marginal price with all of it cash", hint)


def _counted_as_health_too(found: Sound) -> Iterator[Issue]:
    """Quality of life in pounds beside the same in QALYs, in one mode of evidence."""
    for path, support in found.items():
        if not isinstance(support, types.Support):
            continue
        effects = [effect for effect in support.effects.values() if effect.target == "utility"]
        for name, benefit in support.benefits.items():
            monetised = benefit.of == "quality of life" or (benefit.of is None and benefit.kind == "social")
            if monetised and any(_in_one_mode(effect, benefit) for effect in effects):
                words = "quality of life in pounds beside an effect on utility, which counts it in QALYs"
                hint = 'leave one out; if it is the worth of something else write of = "something else"'
                yield Issue((*path, "benefits", name), words, "one of them", hint)


def _in_one_mode(effect: types.Effect, benefit: types.Benefit) -> bool:
    both = effect.claimed is not None and benefit.claimed is not None
    return both or benefit.calibrated is not None


# ------------------------------------------------------------------------------------------ optimism

CORRECTIONS = {"grade": ("economics", "optimism_by_grade"), "shrink": ("evidence", "bias_sd_by_grade")}


def _uncorrected(found: Sound, data: Data) -> Iterator[Issue]:
    """Claims whose grade has no correction, where the scenario corrects claims for optimism."""
    how = str(table_in(data, "economics").get("optimism"))
    if how not in CORRECTIONS:
        return
    if how == "shrink" and "evidence" not in data:
        found_words = '"shrink" without [evidence]'
        yield Issue(("economics", "optimism"), found_words, "a record of similar programmes to shrink to")
    table = table_in(table_in(data, CORRECTIONS[how][0]), CORRECTIONS[how][1])
    for path, effect in found.items():
        if isinstance(effect, types.Effect) and _is_gain(effect, how) and str(_grade(effect)) not in table:
            words = f"a claim of grade {_grade(effect)}"
            yield Issue((*path, "claimed"), words, f"a grade in {dotted(CORRECTIONS[how])}")


def _is_gain(effect: types.Effect, how: str) -> bool:
    """Whether a claim would be corrected; harms never are, nor are changes of utility shrunk."""
    if effect.claimed is None:
        return False
    if effect.target == "utility":
        return how == "grade" and float(effect.claimed) > 0
    return float(effect.claimed) != 1 if effect.target.startswith("health:") else float(effect.claimed) < 1


def _grade(effect: types.Effect) -> int | None:
    return effect.claimed.evidence_grade if effect.claimed else None


# ------------------------------------------------------------------------------------------ calibration


def _varied(found: Sound) -> Iterator[Issue]:
    """Paths of numbers to vary that lead to no number."""
    script = found.get(("calibration",))
    for position, text in enumerate(script.vary if isinstance(script, types.Calibration) else ()):
        for path in text.partition(":")[0].split("+"):
            if not _is_number(path, found):
                allowed = "the dotted path of a number, such as needs.gp.rate, alone or with :LOW:HIGH"
                yield Issue(("calibration", "vary", position), f'no number at "{path}"', allowed)


def _is_number(text: str, found: Sound) -> bool:
    try:
        path = keys_of(text)
    except NotAllowed:
        return False
    return isinstance(found.get(path), Quantity) or (path[:-1] in found and shape_at(path) is float)
