"""What a scenario calls its simulated part is what the model is built from; the rest is priced later, or is words.

Which keys are read is written down while `build` and `price` work on every shipped scenario and the valid corpus. One
that `build` reads must not be marked as priced or aside where it is defined; one that only `price` reads must be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from corpus import VALID
from evidence_table import FILES
from hand_made import central, ledger

from simulator.model.build import build, items
from simulator.money.price import price
from simulator.scenario.addresses import Path, walk
from simulator.scenario.read import read
from simulator.scenario.tables import EVIDENCE_MODES, Scenario, Table

Key: TypeAlias = tuple[str, str]
"""A key of a scenario file by the table that has it: ("Benefit", "years")."""
SIMULATED_AGAIN = {"Health", "Utility"}
"""Quality of life is valued beside the money, but its change has always asked for a new run, as all that is health."""


def scenarios() -> Iterator[Scenario]:
    """Every file; corrections for optimism may lack a grade, and are tested elsewhere."""
    for file in [*FILES, *VALID]:
        yield read(file, sets=['economics.optimism="none"'])


def keys_read(work: Callable[[], object], patch: pytest.MonkeyPatch) -> set[Key]:
    """Keys that some work reads, those that hold a whole table left out."""
    seen, get = set[Key](), object.__getattribute__

    def writes_down(table: Table, name: str) -> Any:
        value = get(table, name)
        if name in type(table).model_fields and not isinstance(value, Table):
            seen.add((type(table).__name__, name))
        return value

    with patch.context() as during:
        during.setattr(Table, "__getattribute__", writes_down)
        work()
    return seen


def build_all(scenario: Scenario) -> None:
    items(scenario)
    for mode in EVIDENCE_MODES:
        if mode != "sceptical" or scenario.evidence is not None:
            build(scenario, {}, evidence=mode)


def price_all(scenario: Scenario) -> None:
    for mode in EVIDENCE_MODES:
        if mode != "sceptical" or scenario.evidence is not None:
            price(ledger(scenario, {}), scenario, central(1), mode)


def is_in(part: Any, path: Path) -> bool:
    """Whether plain data has something at a path."""
    for key in path:
        if isinstance(part, dict) and key not in part:
            return False
        part = part[key]
    return True


def keys_of_the_part(scenario: Scenario) -> set[Key]:
    part, tables = scenario.simulated_part(), [(path, item) for path, item in walk(scenario) if isinstance(item, Table)]
    return {
        (type(table).__name__, name)
        for path, table in tables
        for name in type(table).model_fields
        if is_in(part, (*path, name))
    }


@pytest.fixture(scope="module")
def simulated() -> set[Key]:
    """Keys of the simulated part of some scenario."""
    return {key for scenario in scenarios() for key in keys_of_the_part(scenario)}


@pytest.fixture(scope="module")
def built() -> set[Key]:
    """Keys that a model is built from."""
    with pytest.MonkeyPatch.context() as patch:
        return {key for scenario in scenarios() for key in keys_read(lambda s=scenario: build_all(s), patch)}


@pytest.fixture(scope="module")
def priced() -> set[Key]:
    """Keys that an account is made from."""
    with pytest.MonkeyPatch.context() as patch:
        return {key for scenario in scenarios() for key in keys_read(lambda s=scenario: price_all(s), patch)}


def test_every_key_that_the_model_is_built_from_is_in_the_simulated_part(built: set[Key], simulated: set[Key]) -> None:
    assert len(built) > 100
    assert built - simulated == set()


def test_every_key_that_only_the_pricing_reads_is_marked(
    built: set[Key], priced: set[Key], simulated: set[Key]
) -> None:
    only = {key for key in priced - built if key[0] not in SIMULATED_AGAIN}
    assert {"Price", "CashRule", "ProgrammeCost", "Benefit", "Economics"} <= {table for table, _ in only}
    assert only & simulated == set()
