"""A run chooses its size from its first rows: by formulas with a known answer, and the same whoever does the work."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from village import VILLAGE, village

from simulator.errors import Interrupted, RunError
from simulator.faces.cli import main
from simulator.faces.screen import Tenths
from simulator.running.run import Run, run
from simulator.running.size import BUDGET, Aim, Variances, choose, errors, parted, person_years, rows_for, variances
from simulator.uncertainty.ranges import Sample, ranges

PEOPLE, BUDGET_HERE = 60, 60 * 5 * 160.0  # 160 rows of the village's five years
AWAY = 4.9  # standard errors


def village_of_chosen_size(out: Path | None = None, **asked: object) -> Run:
    defaults: dict[str, object] = {"people": PEOPLE, "workers": 1, "budget": BUDGET_HERE, "say": lambda words: None}
    return run(village(), out=out, **{**defaults, **asked})  # type: ignore[arg-type]


def written(folder: Path) -> dict[str, bytes]:
    files = [*folder.rglob("*.parquet"), folder / "inputs.json", folder / "scenario.resolved.toml"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# --------------------------------------------------------------------------------------------- the formulas


def two_levels(rows: int, repeats: int, parameters: float, chance: float, people: int) -> np.ndarray:
    """[repeat, row, replicate] normal figures of two halves of the people."""
    rng = np.random.default_rng(5)
    between = np.sqrt(parameters) * rng.standard_normal((repeats, rows, 1))
    return between + np.sqrt(2 * chance / people) * rng.standard_normal((repeats, rows, 2))


@pytest.mark.parametrize("chance_of_one", [0.0, 500.0, 4000.0])
def test_the_errors_are_those_of_two_levels_of_normal_figures(chance_of_one: float) -> None:
    """The mean and the width in closed form; the ends are of the printed range, a quarter better or worse."""
    rows, repeats, people, place = 128, 400, 1000, 10_000
    about = errors(Variances(1.0, chance_of_one), rows, people, place)
    made = two_levels(rows, repeats, 1.0, chance_of_one, people)
    sample = Sample(np.full((rows, 2), people / 2), place, np.zeros(rows, dtype=np.int64), one_stream=False)
    told = [ranges(values, sample) for values in made]
    spread = np.sqrt(1.0 + chance_of_one / place)
    error = AWAY / np.sqrt(2 * repeats)  # of a standard deviation, in itself
    assert abs(np.std([r.mean for r in told]) / spread / about.mean - 1) < error
    seen = [parted(values, sample.people) for values in made]
    widths = [0.5 * ((v.parameters + v.chance / place) / spread**2 - 1) for v in seen]
    if chance_of_one < 1000:  # beyond, the parted variance is often cut at nothing
        assert abs(np.std(widths) / about.width - 1) < error + 0.05
        low = np.std([r.place.low for r in told]) / spread
        assert 0.7 < low / about.ends < 1.25


def test_variances_are_those_the_figures_were_made_with() -> None:
    rows, people = 20_000, 1000
    seen = parted(two_levels(rows, 1, 2.0, 500.0, people)[0], np.full((rows, 2), people / 2))
    assert abs(seen.chance / 500.0 - 1) < AWAY * np.sqrt(2 / rows)
    assert abs(seen.parameters - 2.0) < AWAY * 2.6 * np.sqrt(2 / rows)


@pytest.mark.parametrize("aim", [Aim(), Aim(mean=0.01), Aim(probability=0.002), Aim(width=0.02)])
@pytest.mark.parametrize("seen", [Variances(30.6, 85_000.0), Variances(137.0, 190_000.0), Variances(0.0, 1.0)])
def test_rows_for_an_aim_meet_it_and_a_batch_fewer_do_not(seen: Variances, aim: Aim) -> None:
    rows = rows_for(seen, 2000, 10_000, aim)
    assert rows % 32 == 0

    def meets(count: int) -> bool:
        about = errors(seen, count, 2000, 10_000)
        return all(getattr(about, name) <= allowed + 1e-9 for name, allowed in asdict(aim).items())

    assert meets(rows) and (rows == 32 or not meets(rows - 32))


def test_a_befriending_programme_takes_864_rows_and_that_is_the_budget() -> None:
    """Variances measured on 0.3.1: 30.6 of parameters, 70,000 to 103,000 of one person's chance."""
    made = village("horizon.years=10", "population.place_size=10000")
    size = choose({"walks": Variances(30.6, 86_000.0)}, made, 2000)
    assert size.rows == size.rows_for_the_aim == 864 and person_years(made, 2000) * 864 == BUDGET


def test_nothing_uncertain_takes_no_more_than_the_pilot() -> None:
    assert choose({"walks": Variances(0.0, 0.0)}, village(), 60).rows == 32


def test_a_budget_too_small_for_the_pilot_gives_the_pilot() -> None:
    assert choose({"walks": Variances(1.0, 1.0)}, village(), 60, budget=1.0).rows == 32


# ------------------------------------------------------------------------------------------- the run itself


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of chosen size, one worker, from the first row to the last."""
    folder = tmp_path_factory.mktemp("chosen") / "whole"
    village_of_chosen_size(folder)
    return folder


def test_the_first_rows_count_and_the_size_is_among_the_inputs(whole: Path) -> None:
    inputs = json.loads((whole / "inputs.json").read_text())
    assert inputs["rows"] == inputs["size"]["rows"] == 160 and inputs["size"]["rows_for_the_aim"] > 160
    first = run(village(), rows=32, people=PEOPLE, workers=1)
    seen = variances(first.account())["walks"]
    assert inputs["size"]["variances"]["walks"] == {"parameters": seen.parameters, "chance": seen.chance}
    asked = run(village(), rows=160, people=PEOPLE, workers=1)
    np.testing.assert_array_equal(asked.ledger.activity[:32], first.ledger.activity)
    assert json.loads((whole / "manifest.json").read_text())["rows"] == len(asked.ledger.rows) == 160


def test_two_workers_choose_and_write_the_same_as_one(whole: Path, tmp_path: Path) -> None:
    village_of_chosen_size(tmp_path / "two", workers=2)
    assert written(tmp_path / "two") == written(whole)


@pytest.mark.parametrize("rows_done", [4, 28, 32, 36, 156])
def test_a_run_stopped_anywhere_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path, rows_done: int) -> None:
    def stop(done: int, total: int) -> None:
        if done >= rows_done and (total > 32 or rows_done <= 32):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        village_of_chosen_size(tmp_path / "stopped", progress=stop)
    chosen = "rows" in json.loads((tmp_path / "stopped" / "inputs.json").read_text())["size"]
    assert chosen == (rows_done > 32)
    village_of_chosen_size(tmp_path / "stopped", resume=True, budget=None if chosen else BUDGET_HERE)
    assert written(tmp_path / "stopped") == written(whole)


def test_going_on_without_rows_keeps_those_that_were_begun(tmp_path: Path) -> None:
    run(village(), rows=6, people=PEOPLE, workers=1, out=tmp_path)
    assert village_of_chosen_size(tmp_path, resume=True).rows == 6


def test_going_on_within_another_budget_is_refused(whole: Path) -> None:
    with pytest.raises(RunError, match="person-years; allowed the same budget; leave --budget out"):
        village_of_chosen_size(whole, resume=True, budget=2 * BUDGET_HERE)


def test_rows_are_added_to_a_run_of_chosen_size(whole: Path, tmp_path: Path) -> None:
    village_of_chosen_size(tmp_path, budget=PEOPLE * 5 * 64.0)
    added = run(village(), rows=160, people=PEOPLE, workers=1, out=tmp_path, resume=True)
    assert added.rows == 160
    for name, content in written(tmp_path).items():
        assert name == "inputs.json" or content == written(whole)[name]


@pytest.mark.parametrize(
    ("asked", "rows", "words"),
    [(8, 8, "fewer than a batch of 32"), (40, 64, "40 sets of parameters rounded up to 64"), (32, 32, "")],
)
def test_rows_are_whole_batches_or_fewer_than_one_with_a_word(asked: int, rows: int, words: str) -> None:
    said: list[str] = []
    assert run(village(), rows=asked, people=20, workers=1, say=said.append).rows == rows
    *about_rows, about_time = said
    assert words in " ".join(about_rows) and bool(about_rows) == bool(words)
    assert about_time == f"{rows} sets of parameters x 20 people, about 1 s"


def test_the_command_chooses_and_says_what_the_size_is_good_for(tmp_path: Path) -> None:
    (tmp_path / "village.toml").write_text(VILLAGE, encoding="utf-8")
    command = ["run", str(tmp_path / "village.toml"), "--people", "40", "--budget", "12800", "--workers", "1"]
    said = CliRunner().invoke(main, [*command, "--out", str(tmp_path / "out")])
    assert said.exit_code == 0, said.output
    assert "64 sets of parameters x 40 people chosen after the first 32; the aim would take" in said.stderr
    assert re.search(r"good to \d+ % of the range's .* chance is \d+ % of what differs", said.stderr)


def test_progress_begins_again_when_there_is_more_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Tenths("village")
    for done, total in ((0, 32), (32, 32), (32, 320), (160, 320)):
        tell(done, total)
    assert [line.split(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "village: 100 % (32 of 32)", "village: 50 % (160 of 320)",
    ]  # fmt: skip
