"""Turns a scenario and a person into a trace: simulates both lives without uncertainty, and writes them in words."""

from __future__ import annotations

import numpy as np

from simulator.activity.items import PlaceCount
from simulator.engines.shared.people import draw_people, values_of
from simulator.engines.simpy import engine as reference
from simulator.errors import RunError, no_such
from simulator.model.build import build
from simulator.model.model import Model
from simulator.running.trace_words import lives_in_words, spoken
from simulator.scenario.tables import EvidenceMode, Scenario

STREAM, USUAL_CARE = 0, 0


def trace_text(
    scenario: Scenario,
    *,
    person: int | None = None,
    arm: str | None = None,
    people: int | None = None,
    seed: int = 1,
    evidence: EvidenceMode = "calibrated",
    searched: int = 500,
) -> str:
    """One person's two lives side by side, every parameter where rows are centred.

    Args:
        scenario: resolved scenario.
        person: whose life; the first who starts the programme if left out.
        arm: the programme arm; the first if left out.
        people: how many people there are; the scenario's own number if left out.
        seed: key of every draw.
        evidence: which value of each programme effect to use.
        searched: how many people are searched for one who starts.

    Raises:
        RunError: for an arm or a person that is not there, or when nobody starts.
    """
    which = _arm_number(scenario, arm)
    model = build(scenario, {}, people=people, seed=seed, evidence=evidence)
    number = _first_starter(model, which, searched) if person is None else _checked(model, person)
    lives = tuple(reference.trace(model, STREAM, number, world) for world in (USUAL_CARE, which))
    name = list(scenario.all_arms())[which]
    return f"{_introduced(scenario, model, number)}\n\n{lives_in_words(scenario, name, (lives[0], lives[1]))}"


def _arm_number(scenario: Scenario, arm: str | None) -> int:
    arms = list(scenario.all_arms())
    if len(arms) == 1:
        raise RunError("this scenario has no programme, so there is only one world to tell of")
    if arm is None:
        return 1
    if arm not in arms[1:]:
        raise RunError(no_such("arm", arm, arms[1:]))
    return arms.index(arm)


def _checked(model: Model, person: int) -> int:
    if person >= model.population.people:
        raise RunError(f"found person {person}; allowed 0 to {model.population.people - 1}")
    return person


def _first_starter(model: Model, arm: int, searched: int) -> int:
    """The first person who starts a programme of the arm, one whose care differs if there is any."""
    people = np.arange(model.population.people if model.shares_anything else min(searched, model.population.people))
    lives = reference.simulate(model, STREAM, people)
    started = ~np.isnan(lives.index_day[arm])
    if not started.any():
        raise RunError(f"nobody among {len(people)} people starts the programme; name one with --person")
    care = lives.counts[..., model.layout.block(PlaceCount)]  # [arm, person, year, count of a place]
    differs = started & (care[USUAL_CARE] != care[arm]).any(axis=(1, 2))
    return int(lives.person[differs if differs.any() else started][0])


def _introduced(scenario: Scenario, model: Model, number: int) -> str:
    (person,) = draw_people(model, STREAM, np.array([number]))
    state = spoken(scenario.health.states[person.health])
    values = zip(scenario.population.group_values.items(), values_of(model, STREAM, np.array([number])), strict=True)
    groups = "".join(f", {spoken(name)}: {spoken(all_of_them[own[0]])}" for (name, all_of_them), own in values)
    whom = f"{person.age:.0f} years old at the start, {state}{groups}"
    return f"Person {number}: {whom}, needs {person.risk:.1f} times the average."
