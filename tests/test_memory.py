"""The kernel reads each array of its memory as what it is: another type or number of axes would be other bits.

Compiled code asks for an array by its field and the function that reads it, `of.floats2(m, of.STEADY)`; nothing but
these tests holds the two together, since a check in the compiled code would cost time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scenes import scene

from simulator.engines.shared import memory as of
from simulator.engines.shared.memory import FIELDS, NUMBERS, WHOLES, Memory
from simulator.model.build import build

FOLDER = Path(of.__file__).parents[1]
SOURCES = {
    str(path.relative_to(FOLDER)): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.rglob("*.py"))
}
ONE_OF = {"number": NUMBERS, "whole": WHOLES}


def readers() -> dict[str, tuple[np.dtype, int]]:
    """What each function that reads any array takes it for: its type and number of axes, as memory.py declares them."""
    made: dict[str, tuple[np.dtype, int]] = {}
    for line in SOURCES["shared/memory.py"].body:
        match line:
            case ast.Assign(
                targets=[ast.Name(name)],
                value=ast.Call(func=ast.Name("_view"), args=[ast.Attribute(attr=dtype), ast.Constant(int(axes))]),
            ):
                made[name] = np.dtype(getattr(np, dtype)), axes
    return made


def name_of(node: ast.expr) -> str:
    """`STEADY` of `of.STEADY`, or inside memory.py of `STEADY`; empty for all else."""
    match node:
        case ast.Attribute(value=ast.Name("of"), attr=name) | ast.Name(name):
            return name
    return ""


def alternatives(node: ast.expr) -> list[ast.expr]:
    """Both sides of `A if asked else B`, else the node itself."""
    return [*alternatives(node.body), *alternatives(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def reads(names: set[str]) -> Iterator[tuple[str, str, str]]:
    """Every use of these functions: where it stands, the function, and what it is asked for (empty if unknown)."""
    for file, source in SOURCES.items():
        for node in ast.walk(source):
            if isinstance(node, ast.Call) and name_of(node.func) in names:
                for asked in alternatives(node.args[1]):
                    yield f"{file}:{node.lineno}", name_of(node.func), name_of(asked)


def test_every_array_is_read_as_what_its_field_says() -> None:
    declared = {field.name.upper(): (field.dtype, len(field.axes)) for field in FIELDS}
    kinds, wrong = readers(), []
    assert len(kinds) == 11 and len(list(reads(set(kinds)))) > 150
    for where, reader, asked in reads(set(kinds)):
        if declared.get(asked.removeprefix("_")) != kinds[reader]:
            wrong.append(f"{where}: {reader} of {asked or 'what is no field'}")
    assert wrong == []


def test_every_number_is_one_of_the_numbers_and_every_whole_number_one_of_the_whole() -> None:
    found = list(reads(set(ONE_OF)))
    assert len(found) > 30
    assert [read for read in found if read[2].lower() not in ONE_OF[read[1]]] == []


def test_no_reader_goes_by_another_way() -> None:
    """Readers are called as `of.floats(...)` wherever they are used, so that the tests above see every use."""
    names = {*readers(), *ONE_OF}
    for file, source in SOURCES.items():
        calls = [node.func for node in ast.walk(source) if isinstance(node, ast.Call)]
        for node in ast.walk(source):
            if isinstance(node, ast.Attribute) and name_of(node) in names:
                assert node in calls, f"{file}:{node.lineno}"
            if isinstance(node, ast.ImportFrom) and node.module == of.__name__:
                assert names.isdisjoint(alias.name for alias in node.names), f"{file}:{node.lineno}"


def test_every_field_number_number_and_whole_number_goes_by_its_name() -> None:
    for names in ([field.name for field in FIELDS], NUMBERS, WHOLES):
        for row, name in enumerate(names):
            assert row == getattr(of, name.upper(), None) or row == getattr(of, f"_{name.upper()}"), name


@pytest.mark.parametrize("wrong", [np.zeros((1, 1), dtype=np.int64), np.zeros(1)], ids=["type", "axes"])
def test_an_array_that_is_not_what_its_field_says_cannot_be_laid_out(wrong: np.ndarray) -> None:
    whole = of.memory(build(scene(), {}), 1)
    numbers, wholes = (dict.fromkeys(names, 0) for names in (NUMBERS, WHOLES))
    Memory.of(whole.arrays, numbers, wholes)
    with pytest.raises(TypeError, match=r"steady: found .*; allowed float64 \[life, clock\]"):
        Memory.of(whole.arrays | {"steady": wrong}, numbers, wholes)
