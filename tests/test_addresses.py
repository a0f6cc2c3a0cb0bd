"""Every number that varies is read at the address where it stands: a misspelt one would be silently certain.

`build` and `price` look sampled values up by dotted path and take the stated value where there is none. Both are run
here with rows that write down what they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from corpus import FOLDER, VALID
from evidence_table import FILES as SHIPPED
from hand_made import ledger

from simulator.model.build import build
from simulator.money.price import price
from simulator.scenario.addresses import is_quantity, keys_of, quantities, shape_at
from simulator.scenario.evidence import active_groups, active_quantities, mode_quantities
from simulator.scenario.read import read
from simulator.scenario.tables import EVIDENCE_MODES, EvidenceMode, Scenario
from simulator.uncertainty.design import Design
from simulator.uncertainty.sample import columns, sample

FILES = [*SHIPPED, *VALID]
EVEN_FLARES = 'flares.length={dist="uniform", low=10, high=90, by_health={severe=1.5}}'
"""No file has them, and their mean is worked out from other numbers."""
CASES = [*((file, ()) for file in FILES), (FOLDER / "valid" / "everything.toml", (EVEN_FLARES,))]


class AskedRow(Mapping[str, float]):
    """A design row that writes down the addresses it is asked for."""

    def __init__(self, row: dict[str, float]) -> None:
        self.row, self.asked = row, set[str]()

    def __getitem__(self, path: str) -> float:
        self.asked.add(path)
        return self.row[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.row)

    def __len__(self) -> int:
        return len(self.row)


class AskedNames(tuple[str, ...]):
    """Names of a design that write down which of them are looked for."""

    asked: set[str]

    def __contains__(self, path: object) -> bool:
        self.asked.add(str(path))
        return super().__contains__(path)


class AskedDesign(Design):
    """A design whose names write down which of them are looked for, and those of its parts with them."""

    def __post_init__(self) -> None:
        asked = getattr(self.names, "asked", set())
        super().__post_init__()
        names = AskedNames(self.names)
        names.asked = asked
        object.__setattr__(self, "names", names)


@dataclass(frozen=True)
class Reading:
    """One scenario in one evidence mode: what there is to read, and what was asked for."""

    scenario: Scenario
    every: set[str]  # addresses of all numbers, those that are fixed or of no use in this mode too
    active: set[str]  # columns of the design
    by_build: set[str]
    by_price: set[str]


def asked_by_build(scenario: Scenario, design: Design, mode: EvidenceMode) -> set[str]:
    row = AskedRow(design.row(0))
    build(scenario, row, evidence=mode)
    return row.asked


def asked_by_price(scenario: Scenario, design: Design, mode: EvidenceMode) -> set[str]:
    told = AskedDesign(design.names, design.values, design.streams, design.batch, design.kind, design.seed)
    price(ledger(scenario, {}, rows=len(design)), scenario, told, mode)
    names = told.names
    assert isinstance(names, AskedNames)
    return names.asked


def is_left_out(scenario: Scenario, path: str) -> bool:
    """Whether a table of the scenario could have a number here, and has none."""
    *above, last = keys_of(path)
    table: Any = scenario
    for key in above:
        table = table.get(key) if isinstance(table, dict) else getattr(table, key, None)
    value = table.get(last) if isinstance(table, dict) else getattr(table, last, None)
    return table is not None and value is None and is_quantity(shape_at((*above, last)))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0].stem + "*" * len(case[1]))
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """Every file in turn; corrections for optimism, which change no address, may lack a grade."""
    file, sets = request.param
    return read(file, sets=['economics.optimism="none"', *sets])


@pytest.fixture(scope="module", params=EVIDENCE_MODES)
def reading(request: pytest.FixtureRequest, scenario: Scenario) -> Reading:
    mode: EvidenceMode = request.param
    if mode == "sceptical" and scenario.programmes and scenario.evidence is None:
        pytest.skip("no record of similar programmes: this scenario has no sceptical mode")
    design = sample(active_quantities(scenario, mode), 1, 1, groups=active_groups(scenario, mode))
    return Reading(
        scenario,
        every=set(columns(quantities(scenario) | mode_quantities(scenario, mode))),
        active=set(design.names),
        by_build=asked_by_build(scenario, design, mode),
        by_price=asked_by_price(scenario, design, mode),
    )


def test_every_column_of_a_design_is_read(reading: Reading) -> None:
    assert reading.active - reading.by_build - reading.by_price == set()


def test_nothing_is_looked_for_where_no_number_stands(reading: Reading) -> None:
    elsewhere = (reading.by_build | reading.by_price) - reading.every
    assert {path for path in elsewhere if not is_left_out(reading.scenario, path)} == set()
