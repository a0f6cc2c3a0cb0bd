"""Turns a scenario into a starter file that extends it: what an analyst changes first, commented out, with sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli_w

from simulator.errors import RunError, no_such
from simulator.scenario.addresses import keys_of, quantities
from simulator.scenario.library import packaged
from simulator.scenario.read import read
from simulator.scenario.tables import Scenario
from simulator.scenario.write import resolved, written

NAME = re.compile(r"[a-z0-9][a-z0-9_]*")
PLAIN = ("horizon.years", "horizon.funding_years", "population.place_size")
FIRST = ("programmes.", "prices.")
HEAD = """\
# {name}: starts from {parent} and changes what is written here.
#
#   every value it starts from    simulator show {parent}
#   find every fault              simulator validate {name}.toml
#   run it                        simulator run {name}.toml
#   names completed in an editor  simulator schema > schema.json  and  #:schema ./schema.json  as the first line here
#
# Take away the "# " in front of what you want to change. An uncertain number says its range and where it comes from:
#   {{ value = 0.65, ci95 = [0.5, 0.8], source = "...", supports = "what the source says", grade = 4 }}
# Grades: 1 UK randomised trial, 2 other trial or matched control, 3 independent before and after, 4 practitioner
# monitoring, 5 secondary evidence, 6 expert guess (say `why`).
"""


def write_starter(name: str, parent: str, folder: str | Path = ".") -> Path:
    """Write a commented starter file.

    Args:
        name: of the new scenario: small letters, digits and underscores.
        parent: a file, or the name of a packaged scenario, that the new one extends.
        folder: where to.

    Returns:
        The file.

    Raises:
        RunError: for a name that is not allowed or is that of another scenario, or a file that is already there.
        ScenarioError: when the parent has faults or is not there.
    """
    return write_new(name, starter(name, parent), folder)


def write_new(name: str, text: str, folder: str | Path = ".") -> Path:
    """Write a new scenario file, never over another.

    Args:
        name: of the new scenario.
        text: what stands in it.
        folder: where to.

    Returns:
        The file.

    Raises:
        RunError: as :func:`write_starter`.
    """
    if not NAME.fullmatch(name):
        raise RunError(f"found the name {name}; allowed small letters, digits and underscores, such as my_programme")
    if name in packaged():
        raise RunError(f"there is a scenario {name} already, which the new file would hide; choose another name")
    path = Path(folder) / f"{name}.toml"
    if path.exists():
        raise RunError(f"{path} is already there; choose another name")
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def starter(name: str, parent: str) -> str:
    """The text of a starter file.

    Args:
        name: of the new scenario.
        parent: a file or the name of a packaged scenario.
    """
    return HEAD.format(name=name, parent=parent) + "\n" + "\n".join(_lines(name, parent, read(parent))) + "\n"


def _lines(name: str, parent: str, scenario: Scenario) -> Iterator[str]:
    yield tomli_w.dumps({"extends": parent, "name": name, "title": f"{scenario.title}, changed"})
    for path in PLAIN:
        yield f"# {path} = {on_one_line(_at(scenario, path))}"
    for start in FIRST:
        yield ""
        for path, quantity in quantities(scenario).items():
            if path.startswith(start):
                yield f"# {path} = {on_one_line(written(quantity))}"


def _at(scenario: Scenario, path: str) -> object:
    table, _, key = path.partition(".")
    return getattr(getattr(scenario, table), key)


def on_one_line(value: Any) -> str:
    """A value as TOML on one line.

    Args:
        value: a number, text, list or table.

    >>> on_one_line({"value": 0.9, "ci95": [0.8, 1.0]})
    '{ value = 0.9, ci95 = [0.8, 1.0] }'
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {on_one_line(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(on_one_line, value)) + "]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()


def part_of(scenario: Scenario, path: str) -> str:
    """One part of a resolved scenario as TOML.

    Args:
        scenario: the scenario.
        path: dotted path of a table or a value.

    Raises:
        RunError: when there is nothing at the path; the nearest name there is suggested.

    >>> from simulator.scenario.read import EXAMPLE, read_text
    >>> print(part_of(read_text(EXAMPLE), "needs.gp.rate"))
    needs.gp.rate = 5.0
    """
    part: Any = resolved(scenario)
    for key in keys_of(path):
        if not isinstance(part, dict) or key not in part:
            raise RunError(f"{path}: {no_such('part', key, part if isinstance(part, dict) else ())}")
        part = part[key]
    return tomli_w.dumps(part) if isinstance(part, dict) else f"{path} = {on_one_line(part)}"
