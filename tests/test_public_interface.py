"""What the package offers is what it says it offers, and nothing heavy is imported before it is used."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from village import village

import simulator as sim
from simulator.errors import ScenarioError
from simulator.scenario.library import packaged
from simulator.scenario.tables import Scenario

HEAVY = ("numpy", "pandas", "matplotlib", "scipy", "numba", "pydantic", "simpy", "pyarrow", "rich", "tree_sitter")
NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "first_steps.ipynb"


def python(code: str) -> str:
    """What a fresh Python says on running the code."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_everything_offered_can_be_imported_and_nothing_else_is_listed() -> None:
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    assert list(sim.__all__) == sorted(sim.__all__)
    assert set(sim.__all__) == {name for name in dir(sim) if not name.startswith("__")}


def test_everything_offered_is_where_the_type_checker_finds_it() -> None:
    text = Path(sim.__file__).read_text(encoding="utf-8")
    for name in sim.__all__:
        assert name in text.split("if TYPE_CHECKING:")[1].split("__all__")[0]


def test_run_and_read_stay_functions_whatever_is_imported_first() -> None:
    modules = "simulator.running.run, simulator.scenario.read"
    code = f"import {modules}, simulator as sim; print(callable(sim.run), callable(sim.read))"
    assert python(code) == "True True"


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, simulator; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code) == "[]"


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(AttributeError, match="open_run"):
        sim.opn_run  # noqa: B018


def uptake_of(scenario: Scenario) -> float:
    uptake = scenario.programmes["walks"].uptake
    assert uptake is not None
    return float(uptake)


def test_with_gives_a_changed_scenario_and_leaves_the_old_one() -> None:
    scenario = village()
    changed = scenario.with_({"programmes.walks.uptake": 0.4, "horizon.years": 3})
    assert (uptake_of(changed), changed.horizon.years) == (0.4, 3)
    assert (uptake_of(scenario), scenario.horizon.years) == (0.7, 5)


def test_with_names_every_fault_of_the_changes() -> None:
    with pytest.raises(ScenarioError, match="outside 0 to 1"):
        village().with_({"programmes.walks.uptake": 1.4})


def test_an_arm_is_called_by_the_title_of_its_programme() -> None:
    scenario = village('arms={walks = ["walks"], twice_a_week = ["walks"]}')
    assert [scenario.arm_title(arm) for arm in ("walks", "twice_a_week")] == ["Walks", "twice a week"]


def test_the_notebook_is_short_has_no_functions_and_stores_no_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(notebook.cells) <= 10
    assert not any("def " in cell.source or cell.outputs or cell.execution_count for cell in code)


@pytest.mark.skipif("befriending" not in packaged(), reason="the scenario befriending is not there")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_notebook_runs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 2


def test_the_continuous_check_runs_the_second_command_of_the_readme() -> None:
    root = Path(__file__).parents[1]
    commands = re.findall(r"```sh\n(python3 -m venv .*)\n```", (root / "README.md").read_text(encoding="utf-8"))
    assert len(commands) == 2
    assert commands[1] in (root / ".ci" / "run").read_text(encoding="utf-8").splitlines()
