"""What a run will take is said before it begins, and what the machine has no memory for is refused."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner
from village import VILLAGE, village

from simulator.errors import RunError
from simulator.faces.cli import _agreed as agreed
from simulator.faces.cli import main
from simulator.running import run as running
from simulator.running.estimate import Estimate, cells, estimate, memory_of_machine, newcomers, spoken_time
from simulator.running.run import run
from simulator.running.size import BUDGET, person_years
from simulator.scenario.tables import Scenario

JOINING = "population.entrants={{ per_year = {}, ages = {{ edges = [65, 80], share = [1.0] }}, health = [1.0, 0.0] }}"


def estimated(
    made: Scenario, rows: int | None = 4, people: int = 60, *, workers: int = 1, elsewhere: bool = False
) -> Estimate:
    return estimate(made, rows, people, "compiled", workers, BUDGET, elsewhere=elsewhere)


def test_twice_the_rows_people_or_years_take_twice_the_time_and_two_workers_half() -> None:
    made, longer = village(), village("horizon.years=10")
    million = 1_000_000
    long = estimated(made, 64, million).seconds or 0.0
    for other, times in (
        (estimated(made, 128, million), 2), (estimated(made, 64, 2 * million), 2), (estimated(longer, 64, million), 2),
        (estimated(made, 64, million, workers=2), 0.5),
    ):  # fmt: skip
        assert other.seconds == pytest.approx(times * long, rel=0.01)


def test_the_time_of_people_is_that_of_the_years_they_live() -> None:
    """Those who join are there for half of the years."""
    made = village(JOINING.format(2000))
    assert newcomers(made, 60) == 2000 * 60 / 2000 * 5
    assert estimated(made).seconds == pytest.approx(4 * (2e-3 + 1.5e-6 * 5 * (60 + 300 / 2)))
    assert person_years(made, 60) == 300


def test_an_estimate_of_memory_holds_what_a_run_leaves() -> None:
    made = village()
    done = run(made, rows=4, workers=1)
    kept = done.ledger.activity.nbytes + done.account().spending.nbytes
    assert 4 * cells(made) * 8 == pytest.approx(kept, rel=0.05)


def test_a_million_who_join_take_no_more_memory_than_was_said() -> None:
    made = village(JOINING.format(7e6), "horizon.years=1")
    run(made.with_({"population.entrants.per_year": 10}), rows=1, people=300, workers=1)
    tracemalloc.start()
    try:
        run(made, rows=1, people=300, workers=1)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert newcomers(made, 300) == pytest.approx(1.05e6)
    assert 0.5 < most / estimated(made, 1, 300).memory_bytes < 1.3


@pytest.mark.parametrize(
    ("per_year", "words"), [(1e10, "allowed 16 GB, what this machine has"), (1e12, "people who join")]
)
def test_what_the_machine_has_no_memory_for_is_refused_within_a_second(
    per_year: float, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "memory_of_machine", lambda: 16e9)
    made, begun = village(JOINING.format(per_year)), time.monotonic()
    with pytest.raises(RunError, match=words):
        run(made, rows=2, people=60, workers=1)
    assert time.monotonic() - begun < 1.0


def test_rows_that_would_not_fit_are_refused_before_they_are_drawn() -> None:
    with pytest.raises(RunError, match="use fewer rows, workers or people"):
        run(village(), rows=10**9, workers=1)


def test_a_machine_that_does_not_say_what_it_has_refuses_nothing() -> None:
    estimated(village(JOINING.format(1e9))).refuse_beyond(None)
    assert (memory_of_machine() or 1e9) > 1e8


def test_the_first_line_says_how_much_and_how_long(tmp_path: Path) -> None:
    (tmp_path / "village.toml").write_text(VILLAGE, encoding="utf-8")
    command = ["run", str(tmp_path / "village.toml"), "--workers", "1", "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(main, [*command, "--rows", "32", "--people", "40"])
    assert said.exit_code == 0 and "32 sets of parameters x 40 people, about 1 s" in said.stderr.splitlines()[0]
    said = CliRunner().invoke(main, [*command, "--people", "40", "--budget", "12800"])
    assert said.stderr.startswith(
        "32 sets of parameters x 40 people, then as many as needed, 64 at most: up to about 1 s"
    )


LONG = ["run", "age_uk", "--people", "100000", "--rows", "3200", "--workers", "1"]


def test_a_run_of_more_than_an_hour_is_not_begun_without_a_word(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, [*LONG, "--out", str(tmp_path / "out")])
    assert said.exit_code == 2 and not (tmp_path / "out").exists()
    assert "3,200 sets of parameters x 100,000 people" in said.stderr and "add --yes" in said.stderr


def test_a_run_of_more_than_half_of_the_memory_is_asked_about() -> None:
    asked: list[str] = []
    made = village(JOINING.format(1e8))
    needed = estimated(made).memory_bytes
    estimated(made).agree_beyond(2.1 * needed, asked.append)
    assert not asked or "hour" in asked[0]
    before = len(asked)
    estimated(made).agree_beyond(1.9 * needed, asked.append)
    assert len(asked) == before + 1


def test_whoever_says_yes_is_not_asked_and_nobody_is_about_a_short_run(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Estimate(64, 10_000, 0.0, 7_200.0, 1e8, at_most=False)
    words.agree_beyond(None, agreed(True))
    with pytest.raises(RunError, match="about 2 hours; allowed without a question"):
        words.agree_beyond(None, agreed(False))
    Estimate(64, 10_000, 0.0, 3_500.0, 1e8, at_most=False).agree_beyond(1e9, agreed(False))


def test_others_who_do_the_work_are_not_timed() -> None:
    assert estimated(village(), elsewhere=True).in_words() == "4 sets of parameters x 60 people"


@pytest.mark.parametrize(("seconds", "words"), [(119.0, "120 s"), (121.0, "2 minutes"), (200_000.0, "2 days")])
def test_times_are_told_in_the_unit_that_people_use(seconds: float, words: str) -> None:
    assert spoken_time(seconds) == words
