"""The error family: what a fault says, that all are told at once, and what the command returns."""

from __future__ import annotations

import pickle

import pytest

from simulator import errors
from simulator.errors import (
    CheckFailed,
    Fault,
    Interrupted,
    NotAllowed,
    NotFinished,
    RunError,
    ScenarioError,
    SimulatorError,
    nearest,
)

UPTAKE = Fault("befriending.toml", "programmes.befriending.uptake", 41, "1.3", "0 to 1", "write 0.65 for 65 %")


def test_a_fault_says_where_what_was_found_what_is_allowed_and_what_to_do() -> None:
    assert str(UPTAKE) == (
        "befriending.toml:41: programmes.befriending.uptake: 1.3 is outside 0 to 1; write 0.65 for 65 %"
    )


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("a.toml", "x.y", None, "1.3", "0 to 1"), "a.toml: x.y: 1.3 is outside 0 to 1"),
        (Fault("a.toml", "x", 2, "-1", "0 or more"), "a.toml:2: x: found -1; allowed 0 or more"),
        (
            Fault("a.toml", "x.upake", 7, "the key upake", "uptake, cost", "did you mean uptake?"),
            "a.toml:7: x.upake: found the key upake; allowed uptake, cost; did you mean uptake?",
        ),
        (
            Fault("a.toml", "", 3, "a line break in a table", "", "put it on one line"),
            "a.toml:3: found a line break in a table; put it on one line",
        ),
    ],
)
def test_what_is_not_known_is_left_out_of_the_sentence(fault: Fault, sentence: str) -> None:
    assert str(fault) == sentence


def test_all_faults_of_a_file_are_told_at_once_with_their_count() -> None:
    other = Fault("befriending.toml", "horizon.years", 3, "0", "1 to 100")
    assert str(ScenarioError([UPTAKE, other])) == f"2 faults:\n{UPTAKE}\n{other}"
    assert str(ScenarioError([other])) == f"1 fault:\n{other}"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SimulatorError, 2),
        (NotAllowed, 2),
        (ScenarioError, 2),
        (RunError, 2),
        (CheckFailed, 1),
        (NotFinished, 3),
        (Interrupted, 130),
    ],
)
def test_each_error_states_what_the_command_returns(error: type[SimulatorError], code: int) -> None:
    assert error.exit_code == code
    assert issubclass(error, SimulatorError)


def test_every_error_of_the_module_is_in_the_family_tree_of_its_docstring() -> None:
    family = [name for name, thing in vars(errors).items() if isinstance(thing, type) and issubclass(thing, Exception)]
    assert family and all(name in (errors.__doc__ or "") for name in family)


@pytest.mark.parametrize("error", [ScenarioError([UPTAKE]), NotAllowed("1.3", "0 to 1", "halve it")])
def test_an_error_comes_back_whole_from_another_process(error: SimulatorError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_a_refused_value_keeps_its_parts_for_the_fault_made_from_it() -> None:
    refused = NotAllowed("1.3", "0 to 1", "write 0.65 for 65 %")
    assert (refused.found, refused.allowed, refused.hint) == ("1.3", "0 to 1", "write 0.65 for 65 %")
    assert isinstance(refused, ValueError)


@pytest.mark.parametrize(
    ("name", "known"),
    [("upake", "uptake"), ("UPTAKE", "uptake"), ("costs", "cost"), ("zzz", None), ("", None)],
)
def test_the_nearest_known_name_is_suggested_and_nothing_far_away(name: str, known: str | None) -> None:
    assert nearest(name, ["uptake", "cost"]) == known
