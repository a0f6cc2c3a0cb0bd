"""Ledgers come back whole from their files, and only those that count the same are put together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand_made import ledger, scenario
from village import village_run

from simulator.activity import ledger as ledgers
from simulator.activity.ledger import Ledger
from simulator.errors import RunError


def made(rows: int = 2) -> Ledger:
    """Visits and days that differ in every cell, with windows that do too."""
    plain = ledger(scenario(), {}, rows=rows)
    rng = np.random.default_rng(1)
    plain.activity[...] = rng.normal(size=plain.activity.shape)
    plain.windows[...] = rng.normal(size=plain.windows.shape)
    return plain


def assert_same(one: Ledger, other: Ledger) -> None:
    for name in ("arms", "groups", "items", "measures", "place_size", "events"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("rows", "people", "activity", "windows"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_ledger_comes_back_whole_and_rewriting_gives_the_same_bytes(tmp_path: Path) -> None:
    written = made()
    ledgers.save(written, tmp_path / "one.parquet")
    back = ledgers.load(tmp_path / "one.parquet")
    assert_same(written, back)
    ledgers.save(back, tmp_path / "two.parquet")
    for ending in (".parquet", ".windows.parquet"):
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("visits:gp,3")
    with pytest.raises(RunError, match="not Parquet; allowed a saved ledger"):
        ledgers.load(tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        ledgers.load(tmp_path / "absent")


def test_rows_of_one_scenario_are_put_below_each_other() -> None:
    whole = made().append(made())
    assert whole.activity.shape[0] == 4 and whole.rows.tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(whole.windows[2:], made().windows)


def test_ledgers_that_count_different_things_are_not_put_together() -> None:
    other = ledger(scenario({"places.gp": {"stay": {"mean": 0.1}}}), {}, rows=2)
    with pytest.raises(ValueError, match="different"):
        made().append(other)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("visits:inpatent", "visits:inpatient"), ("start:walks", "starts:walks"), ("typo", None)],
)
def test_an_item_that_is_not_counted_is_refused_with_the_nearest_name(wrong: str, near: str | None) -> None:
    with pytest.raises(RunError) as refused:
        made().item(wrong)
    counted = f"allowed one of the {len(made().items)} in items"
    assert str(refused.value) == f"found no item {wrong}; {counted}" + (f"; did you mean {near}?" if near else "")


def test_rows_read_back_are_put_below_rows_just_lived(tmp_path: Path) -> None:
    """A stopped run goes on, also where nothing is counted by part of the population."""
    kept = village_run(rows=1, people=30).ledger
    ledgers.save(kept, tmp_path / "block.parquet")
    back = ledgers.load(tmp_path / "block.parquet")
    for whole in (back.append(kept), kept.append(back)):
        assert whole.parts == () and len(whole.rows) == 2
        assert np.array_equal(whole.activity[0], whole.activity[1])
