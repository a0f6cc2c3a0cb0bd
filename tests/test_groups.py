"""Groups of people: shares by age, rates by group, means that hold, who is meant, what naming them must not change."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numpy as np
import pytest
from engines import Simulate
from numpy.typing import NDArray
from oracles import LIMIT, Law, bernoulli, check, check_mean, poisson_law
from scenes import LONG_AFTER, VISIT, Seen, assert_same, for_all, scene, town, watch

from simulator.checks.check import check as check_file
from simulator.engines.compiled import engine as compiled
from simulator.engines.compiled.usual_care import name_of
from simulator.engines.shared.people import cells_of, draw_people, entrants
from simulator.errors import RunError
from simulator.model.build import build
from simulator.model.model import Basis, ClockKind, Model, Target
from simulator.model.possible import examined
from simulator.running.trace import trace_text
from simulator.scenario.rules.plausible import two_effects_on_one
from simulator.scenario.tables import Scenario

GROUPS = {
    "illness": {
        "values": ["copd", "diabetes", "none"],
        "share": [0.2, 0.3, 0.5],
        "share_by_age": {"75": [0.5, 0.4, 0.1]},
    },
    "alone": {"values": ["yes", "no"], "share": [0.4, 0.6]},
}
TWO = {"values": ["a", "b"], "share": [0.3, 0.7]}
GP = {"needs": {"gp": {"goes_to": "gp", "rate": 3.0}}, "places": {"gp": {"stay": VISIT}}}


def grouped(groups: dict[str, Any], *tables: dict[str, Any], **size: Any) -> Scenario:
    """People in groups to whom nothing happens but what these tables add."""
    return scene({"population": {"groups": groups}}, *tables, **size)


def kinds(model: Model, people: int) -> NDArray[np.int64]:
    """The kind of each of the first people."""
    return np.array([person.kind for person in draw_people(model, 0, np.arange(people))])


def two_rates(**need: Any) -> dict[str, Any]:
    """GP visits at 2 a year for one value and 5 for the other."""
    by_group = {"side": {"a": 2.0 / 3.0, "b": 5.0 / 3.0}}
    return {**GP, "needs": {"gp": {**GP["needs"]["gp"], "by_group": by_group, **need}}}


# --- who is what -----------------------------------------------------------------------------------------------


def test_shares_hold_in_each_age_band_and_groups_are_drawn_apart() -> None:
    ages = {"population": {"ages": {"edges": [65, 75, 85], "share": [0.6, 0.4]}, "age_bands": [65, 75]}}
    model = build(grouped(GROUPS, ages, people=40_000), {})
    people = draw_people(model, 0, np.arange(40_000))
    age, kind = np.array([person.age for person in people]), np.array([person.kind for person in people])
    for old, illness in ((False, [0.2, 0.3, 0.5]), (True, [0.5, 0.4, 0.1])):
        here = kind[(age >= 75) == old]
        for value, share in enumerate(illness):
            check_mean(here // 2 == value, bernoulli(share))
            for alone, other in enumerate((0.4, 0.6)):
                check_mean(here == value * 2 + alone, bernoulli(share * other))


def test_people_who_join_are_in_the_groups_of_their_age_then() -> None:
    joining = {"per_year": 900, "ages": {"edges": [74, 76], "share": [1.0]}, "health": [1.0]}
    tables = {"population": {"entrants": joining, "age_bands": [65, 75]}}
    model = build(grouped(GROUPS, tables, people=10), {})
    joined = entrants(model, 0)
    late = np.array([person.age + day / 365.25 >= 75 for day, person in joined])
    copd = np.array([person.kind // 2 == 0 for _, person in joined])
    assert len(joined) > 8000
    check_mean(copd[late], bernoulli(0.5))
    check_mean(copd[~late], bernoulli(0.2))


def test_another_group_moves_nobody_else() -> None:
    few, many = (
        build(town({"population": {"groups": groups}}), {}, seed=3)
        for groups in ({"side": TWO}, {"side": TWO, **GROUPS})
    )
    one, other = (draw_people(model, 0, np.arange(500)) for model in (few, many))
    assert [person[:5] for person in one] == [person[:5] for person in other]
    assert [person.kind for person in one] == [person.kind // 6 for person in other]


# --- rates by group --------------------------------------------------------------------------------------------


def test_each_group_has_its_own_rate_and_the_whole_the_mixture(simulate: Simulate) -> None:
    people = 3000
    seen = watch(simulate, grouped({"side": TWO}, two_rates(), people=people, years=1))
    visits, side = seen.count("visits:gp")[:, 0], kinds(seen.model, people)
    for value, rate in enumerate((2.0, 5.0)):
        check(visits[side == value], poisson_law(rate))
    mean, variance = 0.3 * 2 + 0.7 * 5, 0.3 * 2 + 0.7 * 5 + 0.3 * 0.7 * 9
    check_mean(visits, Law(mean, variance, 3 * variance**2))


def hazards(model: Model, name: int) -> NDArray[np.float64]:
    """A clock's hazard by band, kind and state, without flares and risk."""
    return (
        model.clocks[name]["base"]
        * model.by_band[name][:, None, None] * model.by_kind[name][None, :, None] * model.by_health[name]
    )  # fmt: skip


def shares(model: Model) -> NDArray[np.float64]:
    """The starting mix of each band by kind and state."""
    mix = np.diff(model.population.initial_health, prepend=0.0, axis=1)
    return model.population.kinds[:, :, None] * mix[:, None, :]


BY_BOTH = {"illness": {"copd": 3.0, "diabetes": 0.5}, "alone": {"yes": 1.7}}


def test_a_mean_rate_is_the_mean_over_bands_states_and_groups() -> None:
    flares = {"rate": 0.7, "length": {"mean": 50}, "ratio": {"gp": 2.5}, "by_health": {"frail": 2.0}}
    made = town(
        {"population": {"groups": GROUPS}},
        {"flares": {**flares, "by_group": {"illness": {"copd": 4.0}}}},
        {"needs": {"gp": {"rate": 6.0, "rate_is": "mean", "by_group": BY_BOTH, "by_age": {"75": 1.4}}}},
    )
    model = build(made, {})
    clock = list(model.clocks["kind"]).index(ClockKind.NEED)
    flare = list(model.clocks["kind"]).index(ClockKind.FLARE)
    onset = hazards(model, flare)[0] * 50 / 365.25
    busy = onset / (1 + onset)
    bands = np.array([0.6, 0.4 * 0.5, 0.4 * 0.5])  # the town: 65 to 75, then evenly to 95
    mean = (bands[:, None, None] * shares(model) * hazards(model, clock) * (1 + busy * 1.5)).sum()
    assert mean == pytest.approx(6.0, rel=1e-12)


def test_deaths_of_a_band_follow_the_life_table_whatever_its_groups() -> None:
    death = {"rate": 0.02, "growth": 0.1, "reference_age": 70, "by_health": {"frail": 2.5}, "by_group": BY_BOTH}
    made = town({"population": {"groups": GROUPS}}, {"death": death})
    model = build(made, {})
    mean = (shares(model) * hazards(model, 0)).sum(axis=(1, 2))
    assert mean.tolist() == pytest.approx([0.02, 0.02, 0.02], rel=1e-12)
    loose = build(made.with_({"death.recentre": False}), {})
    assert hazards(loose, 0)[0, 0, 0] == pytest.approx(0.02 * 3.0 * 1.7)


def test_a_mean_rate_is_met_when_it_is_lived(simulate: Simulate) -> None:
    seen = watch(simulate, grouped({"side": TWO}, two_rates(rate=4.0, rate_is="mean"), people=3000, years=1))
    ratio = 4.0 / (0.3 * 2 + 0.7 * 5)
    mean = 4.0
    variance = mean + 0.3 * 0.7 * (3 * ratio) ** 2
    check_mean(seen.count("visits:gp")[:, 0], Law(mean, variance, 3 * variance**2))


@pytest.mark.parametrize("where", ["flares", "death", "move"])
def test_other_clocks_run_faster_for_a_group_by_its_ratio(simulate: Simulate, where: str) -> None:
    by_group = {"by_group": {"side": {"b": 3.0}}}
    tables: dict[str, Any] = {
        "flares": {"flares": {"rate": 0.5, "length": {"dist": "fixed", "mean": 0.0}, "ratio": {}, **by_group}},
        "death": {"death": {"rate": 0.2, "growth": 0.0, "reference_age": 65, "recentre": False, **by_group}},
        "move": {
            "health": {
                "states": ["well", "ill"],
                "initial": {"65": [1.0, 0.0]},
                "moves": {"worse": {"from": "well", "to": "ill", "rate": 0.2, **by_group}},
            }
        },
    }[where]
    people = 2000
    seen = watch(simulate, grouped({"side": TWO}, tables, people=people, years=1))
    side = kinds(seen.model, people)
    for value, ratio in enumerate((1.0, 3.0)):
        here = side == value
        if where == "flares":
            check(seen.count("flares")[here, 0], poisson_law(0.5 * ratio))
        elif where == "death":
            check_mean(seen.count("deaths")[here, 0], bernoulli(1 - exp(-0.2 * ratio)))
        else:
            check_mean(seen.days("person_days:ill:65")[here, 0] > 0, bernoulli(1 - exp(-0.2 * ratio)))


# --- who may have what -----------------------------------------------------------------------------------------


def offered(**programme: Any) -> dict[str, Any]:
    return {**GP, "programmes": {"care": {"closes_day": LONG_AFTER, "once": True, **programme}}}


def test_only_those_who_are_meant_start(simulate: Simulate) -> None:
    care = offered(
        offers={"self": {"rate": 50.0}}, eligible={"groups": {"illness": ["copd", "none"], "alone": ["yes"]}}
    )
    seen = watch(simulate, grouped(GROUPS, care, people=300, years=1))
    kind = kinds(seen.model, 300)
    started = seen.count("starts:care", 1)[:, 0] > 0
    assert started.tolist() == np.isin(kind, (0, 4)).tolist()
    narrowed = offered(offers={"self": {"rate": 50.0, "eligible": {"groups": {"illness": ["copd"]}}}})
    seen = watch(simulate, grouped(GROUPS, narrowed, people=300, years=1))
    assert (seen.count("starts:care", 1)[:, 0] > 0).tolist() == (kind < 2).tolist()


@pytest.mark.parametrize("how", ["rate", "visit"])
def test_offers_come_to_a_group_by_its_ratio(simulate: Simulate, how: str) -> None:
    offer = {"rate": 0.4} if how == "rate" else {"on": "visit:gp", "share": 0.4 / 3.0}
    care = offered(offers={"self": {**offer, "by_group": {"side": {"b": 2.0}}}})
    seen = watch(simulate, grouped({"side": TWO}, care, people=3000, years=1))
    started, side = seen.count("starts:care", 1)[:, 0], kinds(seen.model, 3000)
    for value, ratio in enumerate((1.0, 2.0)):
        check_mean(started[side == value], bernoulli(1 - exp(-0.4 * ratio)))


# --- effects on some -------------------------------------------------------------------------------------------

EFFECTS = [
    {"target": "need:gp", "calibrated": 0.5},
    {"target": "visits:ae", "calibrated": 0.7},
    {"target": "days:inpatient", "calibrated": 0.6},
    {"target": "flares", "calibrated": 0.5},
    {"target": "utility", "calibrated": 0.1},
]


def with_effects(groups: dict[str, Any], whom: dict[str, Any], *, crowded: bool = False) -> Scenario:
    effects = [{**effect, **whom} for effect in EFFECTS]
    tables = {"population": {"groups": groups}, "programmes": {"all": for_all(*effects), "visits": {"effects": {}}}}
    return town(tables, {"arms": {"all": ["all"]}}, crowded=crowded)


@pytest.mark.parametrize("crowded", [False, True])
def test_an_effect_on_a_group_that_everyone_is_in_is_an_effect_on_everyone(simulate: Simulate, crowded: bool) -> None:
    everyone = {"side": {"values": ["a", "b"], "share": [0.0, 1.0]}}
    some = watch(simulate, with_effects(everyone, {"groups": {"side": ["b"]}}, crowded=crowded))
    all_of_them = watch(simulate, with_effects(everyone, {}, crowded=crowded))
    assert_same(some.lives, all_of_them.lives)
    nobody = watch(simulate, with_effects(everyone, {"groups": {"side": ["a"]}}, crowded=crowded))
    assert_same(nobody.lives, nobody.lives, arms=(0, 1))


def test_an_effect_reaches_those_it_acts_on_and_nobody_else(simulate: Simulate) -> None:
    seen = watch(simulate, with_effects({"side": TWO}, {"groups": {"side": ["b"]}}))
    whole = watch(simulate, with_effects({"side": TWO}, {}))
    there = seen.lives.person < 60
    side = np.full(len(seen.lives.person), -1)
    side[there] = kinds(seen.model, 60)
    for value, arm, other in ((0, 0, seen), (1, 1, whole)):
        here = side == value
        np.testing.assert_array_equal(seen.lives.counts[1, here], other.lives.counts[arm, here])
        np.testing.assert_array_equal(seen.lives.days[1, here], other.lives.days[arm, here])
    assert seen.days("effect_days:all.e4", 1)[side == 0].sum() == 0 < seen.days("effect_days:all.e4", 1).sum()


def log_ratios(model: Model, kind: int, target: Target) -> dict[int, float]:
    """The sum of log ratios on each subject of a target, for one kind."""
    found: dict[int, float] = {}
    for effect, on in zip(model.effects, model.effect_kinds[:, kind], strict=True):
        if on and effect["target"] == target:
            found[int(effect["subject"])] = found.get(int(effect["subject"]), 0.0) + float(effect["ln_ratio"])
    return found


def test_totals_are_met_for_those_whom_each_effect_acts_on() -> None:
    """A and B: fewer admissions by another ratio each, fewer days for both; C: days alone."""
    three = {"side": {"values": ["a", "b", "c"], "share": [0.2, 0.3, 0.5]}}
    stays = {
        "needs": {"ward": {"goes_to": "ward", "rate": 1.0, "emergency": True}},
        "places": {"ward": {"stay": {"mean": 5}}},
    }
    effects = [
        {"target": "visits:ward", "calibrated": 0.9, "groups": {"side": ["a"]}},
        {"target": "visits:ward", "calibrated": 0.5, "groups": {"side": ["b"]}},
        {"target": "days:ward", "calibrated": 0.4, "groups": {"side": ["a", "b", "c"]}},
    ]
    model = build(grouped(three, stays, {"programmes": {"care": for_all(*effects)}}), {})
    for kind, entries in enumerate((0.9, 0.5, 1.0)):
        needs, stay = (log_ratios(model, kind, target) for target in (Target.CLOCK, Target.STAY))
        assert needs.get(0, 0.0) == pytest.approx(log(entries))
        assert stay[0] == pytest.approx(log(0.4 / entries))


def test_two_programmes_together_count_once_for_each_person() -> None:
    both = {"between": ["one", "two"], "target": "need:gp", "log_ratio": -0.2}
    halves = [{"target": "need:gp", "calibrated": 0.9, "groups": {"side": [value]}} for value in ("a", "b")]
    halves.append({"target": "need:gp", "calibrated": 0.95})  # a second one on everybody
    programmes = {"one": for_all(*halves), "two": for_all({"target": "need:gp", "calibrated": 0.8})}
    tables = {**GP, "programmes": programmes, "synergies": {"both": both}, "arms": {"both": ["one", "two"]}}
    model = build(grouped({"side": TWO}, tables), {})
    for kind in (0, 1):
        acting = [pair for pair in model.synergies if model.effect_kinds[[pair["first"], pair["second"]], kind].all()]
        assert [float(pair["ln_ratio"]) for pair in acting] == [-0.2]


def test_a_route_is_overfilled_only_by_effects_on_the_same_people() -> None:
    ways = {"stay": VISIT, "routes": {"on": {"to": "ward", "share": 0.5}}}
    places = {"needs": GP["needs"], "places": {"gp": ways, "ward": {"stay": VISIT}}}
    halves = [{"target": "route:gp.on", "calibrated": 1.8, "groups": {"side": [value]}} for value in ("a", "b")]
    apart = grouped({"side": TWO}, places, {"programmes": {"care": for_all(*halves)}})
    assert examined(apart, rows=1) == []
    halves[1] = {**halves[1], "groups": {"side": ["a", "b"]}}
    together = grouped({"side": TWO}, places, {"programmes": {"care": for_all(*halves)}})
    assert len(examined(together, rows=1)) == 2


# --- what must not change --------------------------------------------------------------------------------------


@pytest.mark.parametrize("crowded", [False, True])
def test_a_group_that_nothing_names_changes_nothing(simulate: Simulate, crowded: bool) -> None:
    plain = watch(simulate, town(crowded=crowded))
    named = watch(simulate, town({"population": {"groups": GROUPS, "subgroups": ["illness"]}}, crowded=crowded))
    assert_same(plain.lives, named.lives)


@pytest.mark.parametrize("crowded", [False, True])
def test_a_group_cut_in_two_with_the_same_ratios_changes_nothing(simulate: Simulate, crowded: bool) -> None:
    def of(values: list[str], share: list[float], ratio: dict[str, float]) -> Seen:
        by_group = {"by_group": {"side": ratio}}
        tables = {
            "population": {"groups": {"side": {"values": values, "share": share}}},
            "needs": {"gp": by_group, "ae": by_group},
            "death": {**by_group, "recentre": False},
            "flares": by_group,
            "programmes": {"visits": {"offers": {"self": by_group}, "eligible": {"groups": {"side": list(ratio)}}}},
        }
        return watch(simulate, town(tables, crowded=crowded))

    whole = of(["a", "b"], [0.5, 0.5], {"a": 2.0})
    halves = of(["a1", "a2", "b"], [0.125, 0.375, 0.5], {"a1": 2.0, "a2": 2.0})
    assert_same(whole.lives, halves.lives)
    assert whole.count("starts:visits", 1).sum() > 5


def test_usual_care_is_kept_when_an_effect_is_for_others() -> None:
    one, other = (
        build(with_effects({"side": TWO}, {"groups": {"side": [value]}, "measured_on": "active"}), {}) for value in "ab"
    )
    assert name_of(one, 0) == name_of(other, 0)
    offers = [offered(offers={"self": {"rate": 1.0, "by_group": {"side": {"a": ratio}}}}) for ratio in (1.0, 2.0)]
    one, other = (build(grouped({"side": TWO}, care), {}) for care in offers)
    assert name_of(one, 0) != name_of(other, 0)


# --- counted apart ---------------------------------------------------------------------------------------------


def test_groups_are_counted_apart_and_add_up_to_everyone(simulate: Simulate) -> None:
    made = town({"population": {"groups": GROUPS, "subgroups": ["health", "alone"]}}, people=80, years=2)
    seen = watch(simulate, made)
    cells = cells_of(seen.model, 0, seen.lives.person)
    there = seen.lives.person < 80
    drawn = draw_people(seen.model, 0, seen.lives.person[there])
    assert cells[there].tolist() == [(p.cluster * 2 + p.health) * 2 + p.kind % 2 for p in drawn]
    (first, second) = compiled.replicates(seen.model, 0)
    by_part, everyone = (np.array(getattr(first, name)) + getattr(second, name) for name in ("by_part", "activity"))
    np.testing.assert_allclose(by_part[:, -2:].sum(axis=1), everyone[:, 0], rtol=1e-9, atol=1e-9)
    alone = np.array([cell % 2 == 0 for cell in cells])
    own = seen.lives.counts[0][alone].sum(axis=0)
    np.testing.assert_array_equal(by_part[0, -2, :, : own.shape[-1]], own)


# --- what is told ----------------------------------------------------------------------------------------------


def test_a_check_may_measure_one_group() -> None:
    checks = {
        "of_a": {"measure": "group:side.a:visits:gp", "low": 0, "high": 9},
        "of_b": {"measure": "group:side.b:visits:gp", "low": 0, "high": 9},
        "of_all": {"measure": "visits:gp", "low": 0, "high": 9},
    }
    made = grouped({"side": TWO}, two_rates(), {"checks": checks}, people=5000, years=1)
    told = {one.name: one for one in check_file(made, people=5000, rows=2)}
    for name, rate in (("of_a", 2.0), ("of_b", 5.0), ("of_all", 0.3 * 2 + 0.7 * 5)):
        assert abs(told[name].simulated - rate) < LIMIT * sqrt(5.0 / (0.3 * 10_000))
        assert told[name].unit == "number a person" and 0 < told[name].mcse < 0.1


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("group:side.c:visits:gp", 'the group "side.c"; allowed side.a, side.b; did you mean side.[ab]'),
        ("group:sides.a:visits:gp", 'the group "sides.a"; allowed side.a, side.b; did you mean side.[ab]'),
        ("group:side.a:occupancy:gp", 'the measure "group:side.a:occupancy:gp"; allowed group:NAME.VALUE: and'),
        ("group:side.a", 'the measure "group:side.a"; allowed group:NAME.VALUE: and a measure of people'),
    ],
)
def test_a_check_of_a_group_that_is_not_there_is_told(measure: str, words: str) -> None:
    checks = {"one": {"measure": measure, "low": 0, "high": 9}}
    with pytest.raises(RunError, match=words):
        check_file(grouped({"side": TWO}, GP, {"checks": checks}, years=1), people=10, rows=1)


def test_a_programme_is_checked_in_one_group() -> None:
    checks = {
        name: {"measure": f"group:side.{name}:starts", "low": 0, "high": 1, "programme": "care"}
        | {"comparison": "with and without"}
        for name in ("a", "b")
    }
    care = offered(offers={"self": {"rate": 50.0}}, eligible={"groups": {"side": ["b"]}})
    made = grouped({"side": TWO}, care, {"checks": checks}, people=200, years=3)
    assert [one.simulated for one in check_file(made, people=200, rows=1)] == [0.0, 1.0]


def test_two_effects_on_one_need_of_different_people_are_not_odd() -> None:
    def notes(*values: str) -> int:
        halves = [{"target": "need:gp", "calibrated": 0.9, "groups": {"side": [value]}} for value in values]
        return len(list(two_effects_on_one(grouped({"side": TWO}, GP, {"programmes": {"care": for_all(*halves)}}))))

    assert (notes("a", "b"), notes("a", "a")) == (0, 1)


def test_a_trace_says_in_which_groups_a_person_is() -> None:
    made = town({"population": {"groups": {"lives_alone": {"values": ["yes", "no"], "share": [1.0, 0.0]}}}})
    assert "lives alone: yes, needs" in trace_text(made, person=3, arm="visits")


def test_an_effect_of_everyone_acts_on_every_kind() -> None:
    model = build(town({"population": {"groups": GROUPS}}), {})
    assert model.effect_kinds.shape == (len(model.effects), 6) and model.effect_kinds.all()
    assert (model.effects["basis"] == Basis.POPULATION).any()
