"""A model of a row is built from what the row says, and from the rest of the file where it says nothing."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from simulator.model.build import build
from simulator.model.model import NONE, ClockKind
from simulator.scenario.evidence import mode_quantities
from simulator.scenario.read import read
from simulator.scenario.tables import EVIDENCE_MODES, EvidenceMode


def same(one: object, other: object) -> bool:
    """Whether two models hold the same bytes."""
    if is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == np.asarray(other).dtype and one.tobytes() == np.asarray(other).tobytes()
    return one == other


@pytest.mark.parametrize("mode", EVIDENCE_MODES)
@pytest.mark.parametrize("name", ["age_uk", "england_65_plus_queues", "young_mothers"])
def test_a_row_of_the_values_that_rows_are_centred_on_is_an_empty_row_to_the_last_bit(name: str, mode: EvidenceMode):
    scenario = read(name)
    row = {}
    for path, quantity in mode_quantities(scenario, mode).items():
        several = len(quantity.centre) > 1
        row |= {f"{path}.{i}" if several else path: value for i, value in enumerate(quantity.centre)}
    assert same(build(scenario, row, evidence=mode), build(scenario, {}, evidence=mode))


def test_a_sampled_value_is_taken_in_place_of_the_stated_one_and_nothing_else_moves():
    scenario = read("england_65_plus")
    stated, raised = build(scenario, {}), build(scenario, {"death.growth": 0.2, "flares.ratio.gp": 3.0})
    death, gp = (np.flatnonzero(stated.clocks["kind"] == kind)[0] for kind in (ClockKind.DEATH, ClockKind.NEED))
    assert raised.clocks["growth"][death] == 0.2 and stated.clocks["growth"][death] != 0.2
    assert raised.clocks["flare_ratio"][gp] == 3.0
    others = np.delete(np.arange(len(stated.clocks)), [death, gp])
    assert same(stated.clocks[others], raised.clocks[others])


def test_a_clock_that_says_no_more_comes_from_no_state_and_is_not_raised_by_flares():
    clocks = build(read("england_65_plus"), {}).clocks
    death = clocks[clocks["kind"] == ClockKind.DEATH][0]
    assert death["from_state"] == NONE and death["flare_ratio"] == 1.0 and death["trend"] == 0.0
