"""The bench pathway: one small care pathway that every engine runs, what is counted in it, and its exact answers.

Home, GP, A&E, inpatient care and death, with constant rates (the chain of the reference values): at home 5 GP needs,
0.4 A&E needs, 0.05 direct admissions and 0.02 deaths a year; mean stays of 2, 1/4 and 8 days, all exponential; 3 % of
GP visits go on to A&E, 30 % of A&E visits to a ward, 4 % of ward stays end in death. The *shared* variant has 10 A&E
cubicles and 50 beds for 10,000 people: who needs a full place waits at home, who must move on keeps the cubicle.

One event is one arrival at a place, one departure from a place, or one death, so that

    events = 2 x visits + deaths

for every engine, in every arm it runs. (A stay that the horizon cuts counts as two; everybody counts it so.)
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
sys.path.append(str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from oracles import BED_DAY_GBP, LIMIT, VISIT_GBP, Law, entries, law, pathway  # noqa: E402

from simulator.activity.items import Items  # noqa: E402
from simulator.activity.results import Lives  # noqa: E402
from simulator.model.build import build, items  # noqa: E402
from simulator.model.model import Model  # noqa: E402
from simulator.scenario.tables import Scenario  # noqa: E402

PLACES = ("gp", "ae", "inpatient")
GP, AE, INPATIENT = range(3)
DAYS_PER_YEAR = 365.25

NEEDS_PER_YEAR = {"gp": 5.0, "ae": 0.40, "inpatient": 0.05}
DEATHS_PER_YEAR = 0.02  # of people at home
STAY_DAYS = {"gp": 2.0, "ae": 0.25, "inpatient": 8.0}
GP_TO_AE, AE_TO_INPATIENT, INPATIENT_TO_DEATH = 0.03, 0.30, 0.04
REDUCED = 0.8  # the programme's ratio on A&E needs and direct admissions, from the first day

TOWN = 10_000
BEDS, CUBICLES = 50, 10  # in a town of 10,000


@dataclass(frozen=True)
class Lived:
    """What one arm of one run returned about each person, whichever engine ran it."""

    visits: NDArray[np.int64]  # [person, place]
    bed_days: NDArray[np.float64]  # [person]
    deaths: int
    waits: int = 0  # joined a queue from home

    @property
    def people(self) -> int:
        """People simulated."""
        return len(self.visits)

    @property
    def events(self) -> int:
        """Arrivals, departures and deaths."""
        return 2 * int(self.visits.sum()) + self.deaths

    @property
    def cost(self) -> NDArray[np.float64]:
        """Undiscounted cost in pounds: [person]."""
        price = np.array([VISIT_GBP[place] for place in PLACES])
        cost: NDArray[np.float64] = self.visits @ price + BED_DAY_GBP * self.bed_days
        return cost


def slots(people: int) -> tuple[int, int]:
    """Cubicles and beds for so many people.

    Raises:
        SystemExit: if they are not whole numbers, as engines might then round them differently.
    """
    if people * CUBICLES % TOWN or people * BEDS % TOWN:
        raise SystemExit(f"{people} people: take a multiple of {TOWN // CUBICLES}, so that cubicles are whole")
    return people * CUBICLES // TOWN, people * BEDS // TOWN


def leaving_home(reduced: float = 1.0) -> tuple[float, tuple[float, float, float]]:
    """Mean days at home, and the chances of going to the GP, to at most A&E, to at most a ward; the rest die.

    Args:
        reduced: ratio on A&E needs and direct admissions.
    """
    rates = [NEEDS_PER_YEAR["gp"], NEEDS_PER_YEAR["ae"] * reduced, NEEDS_PER_YEAR["inpatient"] * reduced]
    total = sum(rates) + DEATHS_PER_YEAR
    return DAYS_PER_YEAR / total, (rates[0] / total, sum(rates[:2]) / total, sum(rates) / total)


def scenario(people: int, years: int, *, shared: bool = False, programme: bool = False) -> Scenario:
    """The bench pathway as a scenario: usual care, and an arm with a fifth fewer emergencies if ``programme``."""
    places: dict[str, Any] = {
        "gp": {"stay": {"mean": STAY_DAYS["gp"]}, "routes": {"on": {"to": "ae", "share": GP_TO_AE}}},
        "ae": {
            "stay": {"mean": STAY_DAYS["ae"]},
            "emergency": True,
            "routes": {"admitted": {"to": "inpatient", "share": AE_TO_INPATIENT}},
        },
        "inpatient": {
            "stay": {"mean": STAY_DAYS["inpatient"]},
            "routes": {"dies": {"to": "dead", "share": INPATIENT_TO_DEATH}},
        },
    }
    if shared:
        places["ae"]["slots"], places["inpatient"]["slots"] = slots(people)
    needs = {place: {"goes_to": place, "rate": rate} for place, rate in NEEDS_PER_YEAR.items()}
    needs["inpatient"]["emergency"] = True
    effects = {
        need: {"target": f"need:{need}", "measured_on": "population", "calibrated": REDUCED}
        for need in ("ae", "inpatient")
    }
    written: dict[str, Any] = {
        "name": "bench",
        "title": "Bench pathway",
        "price_year": "2023/24",
        "horizon": {"years": years},
        "population": {
            "place_size": people,
            "people": people,
            "ages": {"edges": [65, 66], "share": [1.0]},
            "age_bands": [65],
        },
        "health": {"states": ["well"]},
        "death": {"rate": DEATHS_PER_YEAR, "growth": 0.0, "reference_age": 65, "at_risk": "home"},
        "needs": needs,
        "places": places,
        "programmes": {"fifth": {"closes_day": 1e5, "effects": effects}} if programme else {},
        "economics": {"discount_rate": 0.035, "discount_rate_later": 0.03, "health_discount_rate": 0.015},
    }
    return Scenario.model_validate(written)


def model_of(people: int, years: int, *, shared: bool = False, programme: bool = False) -> tuple[Model, Items]:
    """The bench pathway as the engines take it, and the names of what they count."""
    written = scenario(people, years, shared=shared, programme=programme)
    return build(written, {}, seed=1), items(written)


def lived(lives: Lives, names: Items, arm: int = 0) -> Lived:
    """One arm of what our engines return."""
    counts, days = lives.counts[arm].sum(axis=1), lives.days[arm].sum(axis=1)
    return Lived(
        visits=np.stack([counts[:, names.counts.index(f"visits:{place}")] for place in PLACES], axis=1),
        bed_days=days[:, names.days.index("days:inpatient")],
        deaths=int(counts[:, names.counts.index("deaths")].sum()),
        waits=int(sum(counts[:, names.counts.index(f"waits:{place}")].sum() for place in PLACES)),
    )


# --- is it the same pathway? ------------------------------------------------------------------------


def exact(years: float, reduced: float = 1.0) -> dict[str, Law]:
    """Mean and variance of visits by place and of the undiscounted cost of one person, without queues."""
    chain = pathway(reduced)
    laws = {place: law(chain.counting(entries(place)), years, "home") for place in PLACES}
    return laws | {"cost": law(chain, years, "home")}


def z_scores(run: Lived, years: float, reduced: float = 1.0) -> dict[str, float]:
    """How many of the exact standard errors a run's means are from the exact means; queues not looked at."""
    laws = exact(years, reduced)
    seen = {place: run.visits[:, i] for i, place in enumerate(PLACES)} | {"cost": run.cost}
    z = {name: float((seen[name].mean() - laws[name].mean) / sqrt(laws[name].variance / run.people)) for name in laws}
    chain = pathway(reduced)
    dead = float(chain.probabilities(years, "home")[chain.states.index("dead")])
    z["deaths"] = (run.deaths - dead * run.people) / sqrt(dead * (1 - dead) * run.people)
    return z


def must_be_exact(name: str, run: Lived, years: float, reduced: float = 1.0) -> None:
    """Stop when an engine without queues does not run the pathway of the exact answers.

    Raises:
        SystemExit: naming the engine and how far off it is.
    """
    wrong = {item: round(z, 1) for item, z in z_scores(run, years, reduced).items() if abs(z) > LIMIT}
    if wrong:
        raise SystemExit(f"{name}: not the bench pathway; standard errors off the exact mean: {wrong}")


def must_agree(name: str, run: Lived, other: Lived, years: float) -> None:
    """Stop when two engines with queues do not run the same pathway.

    The spread is that of the pathway without queues, which is near enough for waits of hours.

    Raises:
        SystemExit: naming the engine and how far off it is.
    """
    laws = exact(years)
    gap = {place: run.visits[:, i].mean() - other.visits[:, i].mean() for i, place in enumerate(PLACES)}
    gap["cost"] = run.cost.mean() - other.cost.mean()
    z = {item: gap[item] / sqrt(laws[item].variance * (1 / run.people + 1 / other.people)) for item in gap}
    wrong = {item: round(float(value), 1) for item, value in z.items() if abs(value) > LIMIT}
    if wrong:
        raise SystemExit(f"{name}: with queues it is not the pathway of bare SimPy; standard errors off: {wrong}")
