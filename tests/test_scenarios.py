"""The shipped scenarios read, resolve, state their evidence, say what they cost, and meet what is on record."""

from __future__ import annotations

import re

import check_table
import numpy as np
import pytest
from evidence_table import FILES, FOLDERS, SCENARIOS, between_marks, evidence_table

from simulator.checks.check import check
from simulator.model.build import build
from simulator.model.model import ClockKind
from simulator.scenario import tables as types
from simulator.scenario.addresses import quantities
from simulator.scenario.evidence import active_groups, active_quantities
from simulator.scenario.library import find
from simulator.scenario.read import examine, read, read_text
from simulator.scenario.tables import EVIDENCE_MODES, Scenario, Table
from simulator.scenario.write import write
from simulator.uncertainty.sample import sample

NAMES = [file.stem for file in FILES]
README = SCENARIOS / "README.md"
PROGRAMMES = ["age_uk", "befriending", "popp"]


@pytest.fixture(scope="module", params=NAMES)
def shipped(request: pytest.FixtureRequest) -> Scenario:
    """Every shipped scenario in turn."""
    return read(request.param)


def test_the_base_and_the_three_programmes_are_there():
    assert {"england_65_plus", "england_65_plus_queues", *PROGRAMMES} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_reads_without_a_warning(name):
    assert examine(find(name)).warnings == ()


def test_the_resolved_scenario_reads_back_equal(shipped):
    assert read_text(write(shipped), name=shipped.name) == shipped


def test_every_uncertain_number_has_a_grade_and_what_the_grade_asks_for(shipped):
    for path, quantity in quantities(shipped).items():
        assert quantity.provenance_faults() == [], path
        if quantity.is_uncertain:
            assert quantity.grade in range(1, 7), path
        if quantity.grade is not None and quantity.grade < 6:
            assert quantity.source and quantity.supports, path


def test_every_price_and_cost_states_its_price_year_and_every_cost_what_it_covers(shipped):
    for name, price in shipped.prices.items():
        assert price.amount.price_year, name
    for programme in shipped.programmes.values():
        for name, cost in programme.costs.items():
            assert cost.amount.price_year and cost.covers, name


@pytest.mark.parametrize("name", PROGRAMMES)
def test_every_programme_tells_its_story_and_has_a_figure_in_every_mode(name):
    scenario = read(name)
    for programme in scenario.programmes.values():
        told = " ".join(programme.evidence_note.split())
        assert "As reported:" in told and "Best independent evidence:" in told
        claims = [e.claimed for e in programme.effects.values()] + [b.claimed for b in programme.benefits.values()]
        assert any(claims)
    assert scenario.evidence is not None and float(scenario.evidence.sceptical) == 1.0


def test_no_claim_is_graded_as_a_trial_or_a_matched_control():
    for name in PROGRAMMES:
        for path, quantity in quantities(read(name)).items():
            if path.endswith(".claimed"):
                assert quantity.grade >= 4, path


def test_ways_in_are_guesses_and_never_called_evidence():
    programme = read("age_uk").programmes["age_uk"]
    for name, offer in programme.offers.items():
        amount = offer.rate or offer.share
        assert (amount.grade, amount.source) == (6, None), name
        assert amount.why.startswith("not evidence"), name
        assert offer.delay is not None, name


@pytest.mark.parametrize("mode", EVIDENCE_MODES)
def test_every_sampled_row_can_be_built(shipped, mode):
    design = sample(active_quantities(shipped, mode), 8, 1, groups=active_groups(shipped, mode))
    for row in range(len(design)):
        model = build(shipped, design.row(row), people=int(shipped.population.place_size), evidence=mode)
        assert (model.route_share >= 0).all() and (model.route_share <= 1).all()


def test_admissions_follow_from_attendances_and_direct_admissions_as_on_record():
    """5,080 attendances x 0.40 + 500 direct admissions = 2,530."""
    scenario = read("england_65_plus")
    model = build(scenario, {})
    needs, where = list(scenario.needs), list(scenario.places)
    assert float(scenario.needs["ae"].rate) == 0.508 and float(scenario.needs["direct"].rate) == 0.05
    first = model.places[where.index("ae")]["first_route"]
    clocks = (model.clocks["kind"] == ClockKind.NEED) & (model.clocks["subject"] == needs.index("ae"))
    k = int(np.flatnonzero(clocks)[0])
    mix = (model.by_band[k] * (0.52, 0.35, 0.13)) @ _initial(scenario)
    attended = mix * model.by_health[k]
    assert attended @ model.route_share[first] / attended.sum() == pytest.approx(0.40, abs=0.01)


def _initial(scenario: Scenario):
    return [scenario.health.initial[band].central for band in ("65", "75", "85")]


def test_an_emergency_stay_of_mean_length_costs_what_is_on_record():
    prices = read("england_65_plus").prices
    assert float(prices["admission"].amount) + 8.5 * float(prices["bed_day"].amount) == pytest.approx(3900)


def test_no_value_of_the_social_value_bank_is_shipped():
    for path in SCENARIOS.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"HACT value", text), path.name


# ------------------------------------------------------------------------------------------------ README


def test_the_readme_lists_every_scenario():
    text = README.read_text(encoding="utf-8")
    for file in FILES:
        assert f"`{file.relative_to(SCENARIOS)}`" in text


def test_the_readme_explains_every_key():
    reference = README.read_text(encoding="utf-8")
    for cls in vars(types).values():
        if isinstance(cls, type) and issubclass(cls, Table) and cls is not Table and cls is not Scenario:
            for key, field in cls.model_fields.items():
                assert f"`{field.alias or key}`" in reference, f"{cls.__name__}.{key}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_evidence_table_is_what_the_files_state(folder):
    stands = between_marks((folder / "README.md").read_text(encoding="utf-8"))
    assert stands == evidence_table(folder).strip("\n"), "write it anew: python tests/evidence_table.py"


# ------------------------------------------------------------------------------------- what is on record


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_every_judged_check_is_met(name, seed):
    results = check(read(name), seed=seed)
    assert [r.name for r in results if r.passed is False] == []
    noisy = [r.name for r in results if r.passed is not None and r.mcse > (r.high - r.low) / 8]
    assert noisy == [], "judged on too few samples of people: state `rows`"


def test_the_table_of_checks_is_what_the_files_say_was_reported():
    stands = between_marks(check_table.README.read_text(encoding="utf-8"), check_table.BEGIN, check_table.END)
    written = check_table.check_table(check_table.stored()).strip("\n")
    assert stands == written, "write it anew: python tests/check_table.py"
