"""The command line as an analyst meets it: what is printed where, which exit code, how fast it answers."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result
from village import VILLAGE, village_file, village_run

from simulator.faces import cli, screen
from simulator.faces.cli import main
from simulator.running.run import Engine
from simulator.scenario.tables import EVIDENCE_MODES

Finished = tuple[Path, Result]
Printed = tuple[Path, dict[str, Any]]
HEAVY = ("numpy", "pandas", "matplotlib", "scipy", "numba", "pydantic", "simpy", "pyarrow", "rich", "tree_sitter")
FOR_RUNS = ("pandas", "matplotlib", "numba", "simpy", "pyarrow", "rich", "scipy.optimize", "scipy.stats")
SMALL = ("--rows", "4", "--people", "40", "--workers", "1")
SIMULATOR = (sys.executable, "-m", "simulator.faces.cli")
ANSWERS_IN_S = 0.5
TOP = (
    "scenario", "hash", "arms", "rows", "people", "years", "seed", "engine", "wall_s", "events", "out", "npv",
    "npv_expected", "npv_new_place", "npv_cash", "net_saving_by_year", "p_saving_by_year", "payback", "payback_cash",
    "headline", "qaly", "cost_per_qaly", "net_benefit", "social_value", "returns",
    "budgets", "capacity", "parts", "counted", "delivery", "occupancy", "drivers", "lived", "survivors", "before_after",
    "break_even", "alternatives",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in a folder of its own, with the village in it."""
    monkeypatch.chdir(tmp_path)
    village_file(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The results folder of one small run, and what the command said."""
    folder = tmp_path_factory.mktemp("runs")
    out = folder / "village"
    said = CliRunner().invoke(main, ["run", str(village_file(folder)), *SMALL, "--out", str(out)])
    assert said.exit_code == 0, said.output
    return out, said


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


# ------------------------------------------------------------------------------------------------ help


def commands() -> list[str]:
    return sorted(main.commands)


def test_the_commands_are_those_of_the_design() -> None:
    wanted = {
        "run",
        "check",
        "calibrate",
        "validate",
        "price",
        "plot",
        "list",
        "show",
        "new",
        "schema",
        "trace",
        "modes",
        "imitate",
        "deflate",
        "overview",
    }
    assert set(commands()) == wanted


@pytest.mark.parametrize("name", commands())
def test_every_command_has_an_example_in_its_help(name: str) -> None:
    said = call(name, "--help")
    assert said.exit_code == 0
    assert f"Example:\n    simulator {name}" in said.stdout


@pytest.mark.parametrize("name", commands())
def test_examples_name_options_that_exist(name: str) -> None:
    command = main.commands[name]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    example = (command.help or "").split("Example:")[1]
    assert {word for word in example.split() if word.startswith("--")} <= known


def test_no_help_imports_anything_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from simulator.faces.cli import main\n"
        "for name in ('', *main.commands): CliRunner().invoke(main, [name, '--help'] if name else ['--help'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_validate_imports_only_what_a_scenario_file_needs() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from simulator.faces.cli import main\n"
        "said = CliRunner().invoke(main, ['validate', 'spread.toml'])\n"
        f"print(said.exit_code, [name for name in {FOR_RUNS} if name in sys.modules])"
    )
    spread = """
extends = "village.toml"
name = "spread"
programmes.walks.uptake = { value = 0.7, ci95 = [0.5, 0.85], grade = 6, why = "made up for tests" }
"""
    Path("spread.toml").write_text(spread, encoding="utf-8")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "0 []"


def test_the_command_answers_in_under_half_a_second() -> None:
    subprocess.run([*SIMULATOR, "--help"], capture_output=True, check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*SIMULATOR, "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < ANSWERS_IN_S


# ------------------------------------------------------------------------------------------------- run


def test_a_run_ends_with_plain_lines_and_says_its_evidence(finished: Finished) -> None:
    out, said = finished
    assert "Evidence: best independent evidence." in said.stdout
    for start in (
        "Walks, best independent evidence: a",
        "• In a place like yours: ",
        "• In cash: ",
        "• Per person who starts ",
        "• Counting capacity at full cost it saves in ",
        "• Budgets (cash, present value): ",
        "• The answer rests on ",
    ):
        assert any(line.startswith(start) for line in said.stdout.splitlines()), start
    assert "simulated future" in said.stdout
    assert str(out) in said.stdout


def test_a_run_says_its_error_and_that_few_rows_are_too_few(finished: Finished) -> None:
    _, said = finished
    assert "(Monte Carlo error ± £" in said.stdout.replace("\n  ", " ")
    assert "4 sets of parameters are too few for a 95 % range" in said.stdout


def test_a_run_fills_its_folder(finished: Finished) -> None:
    out, _ = finished
    wanted = (
        "manifest.json",
        "scenario.resolved.toml",
        "design.parquet",
        "findings.xlsx",
        "account.csv",
        "summary.txt",
    )
    figures = ("savings_fan", "npv_distribution", "payback_curve", "saving_by_payer", "before_after")
    files = (*wanted, *(f"figures/{name}.{kind}" for name in figures for kind in ("png", "svg")))
    assert [name for name in files if not (out / name).exists()] == []


def test_progress_goes_to_standard_error_alone(finished: Finished) -> None:
    _, said = finished
    assert "village: 100 % (4 of 4)" in said.stderr
    assert "100 %" not in said.stdout.split("Evidence:")[0]


@pytest.fixture(scope="module")
def as_json(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """The object that a small run prints, and where it ran."""
    folder = tmp_path_factory.mktemp("json")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said = CliRunner().invoke(main, ["run", str(village_file(folder)), *SMALL, "--json"])
    return folder, json.loads(said.stdout)


def test_json_prints_one_object_and_nothing_else_on_standard_output(as_json: Printed) -> None:
    _, told = as_json
    assert set(TOP) <= set(told)
    assert told["arms"] == ["usual care", "walks"]
    assert (told["rows"], told["people"], told["years"], told["seed"]) == (4, 40, 5, 1)
    assert set(told["npv"]) == {"mean", "low", "high", "mcse"}
    assert [set(year) for year in told["net_saving_by_year"]] == [{"year", "mean", "low", "high", "mcse"}] * 5
    assert set(told["payback"]) == {"p_never", "median_year", "restricted_mean_years"}
    assert all(set(entry) == {"measure", "naive", "true", "rho"} for entry in told["before_after"])


def test_json_holds_the_figures_by_arm_and_at_the_top_when_there_is_one(as_json: Printed) -> None:
    _, told = as_json
    assert told["programmes"]["walks"] == {name: told[name] for name in TOP[TOP.index("npv") :]}
    two = screen.as_json(village_run('arms={walks = ["walks"], "walks again" = ["walks"]}', rows=2), None)
    assert set(two["programmes"]) == {"walks", "walks again"} and "npv" not in two


def test_the_folder_is_named_after_the_scenario_and_its_hash(as_json: Printed) -> None:
    folder, told = as_json
    assert told["out"] == str(Path("results") / f"village-{told['hash']}")
    assert (folder / told["out"] / "manifest.json").exists()


def test_another_mode_of_evidence_or_seed_never_replaces_a_run() -> None:
    for words in ((), ("--evidence", "claimed"), ("--seed", 2)):
        assert call("run", "village.toml", *SMALL, "--years", 2, *words).exit_code == 0
    named = sorted(folder.name.rsplit("-", 1)[0] for folder in Path("results").iterdir())
    assert named == ["village", "village-claimed", "village-seed-2"]


def test_years_and_set_change_the_scenario_that_is_kept() -> None:
    call("run", "village.toml", *SMALL, "--years", 2, "--set", "programmes.walks.uptake=0.4", "--out", "out")
    kept = tomllib.loads(Path("out/scenario.resolved.toml").read_text(encoding="utf-8"))
    assert (kept["horizon"]["years"], kept["programmes"]["walks"]["uptake"]) == (2, 0.4)


def test_the_mode_is_printed_in_the_words_of_the_analyst() -> None:
    said = call("run", "village.toml", *SMALL, "--evidence", "claimed")
    assert "Evidence: as reported." in said.stdout


def test_a_scenario_without_a_programme_runs_and_says_that_there_is_nothing_to_compare() -> None:
    text = 'extends = "village.toml"\nname = "base"\nremove = ["programmes"]\n'
    Path("base.toml").write_text(text, encoding="utf-8")
    said = call("run", "base.toml", *SMALL, "--out", "base")
    assert said.exit_code == 0 and "no programme to compare" in said.stdout
    assert not (Path("base") / "figures").exists()
    assert "no programme to draw" in call("plot", "base").stdout
    assert call("trace", "base.toml").exit_code == 2


def test_the_options_are_those_of_the_engine_room() -> None:
    assert cli.MODES == EVIDENCE_MODES
    assert get_args(Engine) == cli.ENGINES


# ------------------------------------------------------------------------------------------- exit codes


def test_faults_are_printed_plainly_and_exit_2() -> None:
    said = call("run", "village.toml", "--set", "programmes.walks.uptake=1.4")
    assert said.exit_code == 2
    assert "programmes.walks.uptake: 1.4 is outside 0 to 1" in said.stderr
    assert "Traceback" not in said.output and said.stdout == ""


def test_an_unknown_scenario_exits_2_with_what_to_do() -> None:
    said = call("run", "no such scenario")
    assert said.exit_code == 2 and "simulator list" in said.stderr


@pytest.mark.parametrize("words", [("run", "village.toml", "--evidence", "hopeful"), ("run",), ("fly",)])
def test_unknown_options_and_commands_exit_2(words: tuple[str, ...]) -> None:
    assert call(*words).exit_code == 2


def test_a_file_that_cannot_be_written_is_said_without_a_traceback() -> None:
    Path("blocked").write_text("", encoding="utf-8")
    said = call("run", "village.toml", *SMALL, "--out", "blocked/inside")
    assert said.exit_code == 2 and "blocked" in said.stderr and "Traceback" not in said.output


@pytest.mark.slow
def test_an_interrupted_run_exits_130_and_goes_on_to_the_same_bytes() -> None:
    words = [*SIMULATOR, "run", "village.toml", "--rows", "12", "--people", "50", "--workers", "1", "--out"]
    with subprocess.Popen([*words, "stopped"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert any(line.startswith("village: ") for line in iter(running.stderr.readline, ""))
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "--resume" in said and "Traceback" not in said
    subprocess.run([*words, "stopped", "--resume"], capture_output=True, check=True)
    subprocess.run([*words, "whole"], capture_output=True, check=True)
    for file in ("findings/by_year.csv", "account.csv", "findings.xlsx", "figures/savings_fan.png"):
        assert (Path("stopped") / file).read_bytes() == (Path("whole") / file).read_bytes()


# ---------------------------------------------------------------------------------------------- checks


def checked(low: float, high: float) -> Result:
    """What `check` says of the village with one check, on GP visits."""
    text = f"""
extends = "village.toml"
name = "checked"
[checks.gp_visits]
measure = "visits:gp"
target = 4000
low = {low}
high = {high}
per = 1000
note = "people die"
"""
    Path("checked.toml").write_text(text, encoding="utf-8")
    return call("check", "checked.toml", "--people", 60, "--rows", 2)


def test_checks_that_are_met_exit_0() -> None:
    said = checked(low=2000, high=5000)
    assert said.exit_code == 0, said.output
    assert re.search(r"gp visits, for 1,000 people\s+4,000\s+2,000 to 5,000\s+3,\d+\s+± \S+\s+met", said.stdout)


def test_a_check_out_of_range_exits_1_and_says_why() -> None:
    said = checked(low=9000, high=9999)
    assert said.exit_code == 1
    assert "OUT" in said.stdout and "gp visits: people die" in said.stdout
    assert "outside their range: gp_visits" in said.stderr


def test_a_check_on_too_few_people_is_not_judged() -> None:
    said = checked(low=3400, high=3600)
    assert said.exit_code == 0 and "too few people" in said.stdout


def test_a_broken_file_is_told_and_passed_over_and_exits_2() -> None:
    checked(low=9000, high=9999)
    Path("broken.toml").write_text("[horizon]\nyears = 0\n", encoding="utf-8")
    strange = Path("checked.toml").read_text(encoding="utf-8").replace("visits:gp", "visits:gpp")
    Path("strange.toml").write_text(strange, encoding="utf-8")
    said = call("check", "broken.toml", "strange.toml", "checked.toml", "--people", 60, "--rows", 1)
    assert said.exit_code == 2 and "gp visits: people die" in said.stdout
    assert "horizon.years" in said.stderr and "did you mean visits:gp" in said.stderr
    assert "outside their range: gp_visits" in said.stderr
    assert "not checked, since broken: broken.toml, strange" in said.stderr


def test_a_check_says_first_how_long_it_takes_and_then_how_far_it_is() -> None:
    said = checked(low=2000, high=5000)
    first, *rest = said.stderr.splitlines()
    assert re.fullmatch(r"1 scenario, 0\.0 million person-years: about \d+ seconds?", first), first
    assert any(line.startswith("check: 100 %") for line in rest)


def test_checks_as_json_are_one_object() -> None:
    checked(low=2000, high=5000)
    told = json.loads(call("check", "checked.toml", "--people", 60, "--rows", 1, "--json").stdout)
    (entry,) = told["checked"]
    assert (entry["name"], entry["target"], entry["passed"]) == ("gp_visits", 4000, True)


# --------------------------------------------------------------------------------------- finished runs


def test_other_prices_need_no_simulation_and_double_prices_double_money(finished: Finished) -> None:
    out, _ = finished
    before = json.loads(call("price", out, "--json").stdout)
    prices = {"gp": 80, "ae": 470, "bed": 800, "care": 80, "charity": 0.2}
    costs = {"setting_up": 40_000, "tea": 0.2}
    changes = [f"prices.{name}.amount={amount}" for name, amount in prices.items()]
    changes += [f"programmes.walks.costs.{name}.amount={amount}" for name, amount in costs.items()]
    changes.append('programmes.walks.costs.each.amount={value=240, ci95=[160, 360], grade=6, why="twice as dear"}')
    after = json.loads(call("price", out, "--json", *(word for change in changes for word in ("--set", change))).stdout)
    assert after["events"] == before["events"] and after["wall_s"] == before["wall_s"]
    assert after["before_after"] == before["before_after"]
    assert after["npv"]["mean"] == pytest.approx(2 * before["npv"]["mean"])


def test_a_change_of_lives_is_refused_by_price(finished: Finished) -> None:
    out, _ = finished
    said = call("price", out, "--set", "programmes.walks.uptake=0.1")
    assert said.exit_code == 2 and "programmes.walks.uptake" in said.stderr


def test_a_change_of_prices_that_says_nothing_names_itself(finished: Finished) -> None:
    said = call("price", finished[0], "--set", "prices.ae.amount=", "--set", "prices.gp.amount")
    assert said.exit_code == 2 and said.stderr.startswith("2 faults:\n--set: prices.ae.amount: found")


def test_priced_tables_and_figures_are_written_where_asked(finished: Finished) -> None:
    out, _ = finished
    said = call("price", out, "--set", "prices.ae.amount=300", "--out", "dearer")
    assert said.exit_code == 0
    assert Path("dearer/findings.xlsx").exists() and Path("dearer/figures/savings_fan.svg").exists()


def test_a_folder_without_a_run_is_refused() -> None:
    Path("empty").mkdir()
    said = call("price", "empty")
    assert said.exit_code == 2 and "empty" in said.stderr


def test_plot_draws_the_figures_asked_for(finished: Finished) -> None:
    out, _ = finished
    said = call("plot", out, "--figure", "payback_curve", "--out", "pictures")
    assert said.stdout.split() == [str(Path("pictures") / f"payback_curve.{kind}") for kind in ("png", "svg")]
    assert (out / "figures/payback_curve.png").read_bytes() == Path("pictures/payback_curve.png").read_bytes()


def test_plot_refuses_an_unknown_figure_with_the_nearest_name(finished: Finished) -> None:
    said = call("plot", finished[0], "--figure", "payback")
    assert said.exit_code == 2 and "did you mean payback_curve?" in said.stderr


# -------------------------------------------------------------------------------------- scenario files


def test_validate_prints_every_fault_of_every_file() -> None:
    Path("bad.toml").write_text(VILLAGE.replace("uptake = 0.7", "uptake = 1.7").replace("rate = 4.0", "rate = -4.0"))
    said = call("validate", "village.toml", "bad.toml", "missing.toml")
    assert said.exit_code == 2
    assert "village.toml: no faults" in said.stdout
    assert said.stderr.startswith("3 faults:")
    assert "bad.toml:" in said.stderr and "missing.toml" in said.stderr


def test_list_shows_scenarios_of_the_working_folder_with_their_titles() -> None:
    Path("scenarios").mkdir()
    village_file(Path("scenarios"))
    Path("scenarios/broken.toml").write_text("title = ", encoding="utf-8")
    said = call("list")
    assert said.exit_code == 0
    assert any(line.split(maxsplit=1) == ["village", "Walks in a village"] for line in said.stdout.splitlines())
    assert "has faults" in said.stdout


def test_show_prints_a_scenario_that_reads_back_the_same() -> None:
    whole = call("show", "village.toml").stdout
    Path("all.toml").write_text(whole, encoding="utf-8")
    assert call("show", "all.toml").stdout == whole
    assert call("show", "village.toml", "needs.gp.rate").stdout == "needs.gp.rate = 4.0\n"
    assert tomllib.loads(call("show", "village.toml", "horizon").stdout)["years"] == 5


def test_show_suggests_the_nearest_name_of_a_part() -> None:
    said = call("show", "village.toml", "needs.gpp")
    assert said.exit_code == 2 and "did you mean gp?" in said.stderr


def test_new_writes_a_starter_without_faults_and_never_overwrites() -> None:
    said = call("new", "my_walks", "--from", "village.toml")
    assert said.exit_code == 0 and "my_walks.toml" in said.stdout
    assert call("validate", "my_walks.toml").exit_code == 0
    assert call("new", "my_walks", "--from", "village.toml").exit_code == 2
    assert call("new", "My Walks", "--from", "village.toml").exit_code == 2


def test_every_line_of_a_starter_may_be_taken_out_of_its_comment() -> None:
    call("new", "my_walks", "--from", "village.toml")
    text = Path("my_walks.toml").read_text(encoding="utf-8")
    opened = [
        line.removeprefix("# ") if line.startswith(("# pro", "# pri", "# hor", "# pop")) else line
        for line in text.splitlines()
    ]
    Path("my_walks.toml").write_text("\n".join(opened), encoding="utf-8")
    assert call("validate", "my_walks.toml").exit_code == 0
    assert sum(line.startswith("programmes.walks.") for line in opened) >= 8


def test_a_starter_never_hides_another_scenario() -> None:
    Path("scenarios").mkdir()
    village_file(Path("scenarios"))
    Path("village.toml").unlink()
    said = call("new", "village", "--from", "village")
    assert said.exit_code == 2 and "choose another name" in said.stderr and not Path("village.toml").exists()


def test_schema_is_json() -> None:
    assert "properties" in json.loads(call("schema").stdout)


def test_trace_tells_two_lives_side_by_side() -> None:
    said = call("trace", "village.toml", "--people", 40)
    assert said.exit_code == 0
    assert "usual care" in said.stdout and "with Walks" in said.stdout and "starts Walks" in said.stdout


def test_python_runs_the_package_where_the_command_is_not_on_the_path() -> None:
    said = subprocess.run([sys.executable, "-m", "simulator", "--help"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Usage: simulator [OPTIONS]")


def test_the_version_is_printed() -> None:
    assert call("--version").stdout.startswith("simulator, version ")
