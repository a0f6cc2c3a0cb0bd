"""Rows are added until the mean is precise, and a run to which rows were added is the run that had them at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from village import village

from simulator.errors import RunError
from simulator.faces.cli import main
from simulator.running.precision import half_width, more_rows, until_precise
from simulator.running.run import run


def test_a_run_to_which_rows_are_added_ends_with_the_same_bytes(tmp_path: Path) -> None:
    made = village()
    for rows, folder, resume in ((6, "added", False), (14, "added", True), (14, "whole", False)):
        run(made, rows=rows, people=60, workers=1, out=tmp_path / folder, resume=resume)
    files = sorted(path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.parquet"))
    assert len(files) == 2 * 4 + 1
    for file in files:
        assert (tmp_path / "added" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_rows_are_not_taken_away_from_a_run_that_goes_on(tmp_path: Path) -> None:
    run(village(), rows=8, people=40, workers=1, out=tmp_path)
    with pytest.raises(RunError, match="only rows may be added"):
        run(village(), rows=4, people=40, workers=1, out=tmp_path, resume=True)


def test_rows_are_added_until_the_half_width_is_below_what_was_asked() -> None:
    first = half_width(run(village(), rows=8, people=60, workers=1))
    said: list[tuple[int, float]] = []
    done = until_precise(
        village(), first / 2, rows=8, people=60, workers=1, told=lambda rows, half: said.append((rows, half))
    )
    assert said[0] == (8, pytest.approx(first)) and said[-1] == (done.rows, half_width(done))
    assert half_width(done) <= first / 2 and done.rows % 32 == 0
    assert all(half > first / 2 for _, half in said[:-1])


def test_a_run_that_is_precise_enough_has_no_more_rows() -> None:
    assert until_precise(village(), 1e9, rows=8, people=40, workers=1).rows == 8


def test_a_thousand_times_the_rows_come_four_times_at_a_time() -> None:
    assert [more_rows(64, 1.5), more_rows(64, 1.0001), more_rows(64, 1000.0)] == [160, 96, 256]


def test_half_a_width_that_is_not_above_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="is not above 0"):
        until_precise(village(), 0.0)
    said = CliRunner().invoke(main, ["run", "befriending", "--until-precise", "0"])
    assert said.exit_code == 2 and "0" in said.output
