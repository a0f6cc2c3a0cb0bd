"""Who may import whom: nouns import nouns, a step turns nouns into nouns, only conductors and faces call steps.

    base       what knows nothing of the model: errors, draws, laws, files, workers
    noun       the data types, with their own words
    rule       what several steps must do alike: pure functions of nouns
    step       from noun to noun; a step knows the modules of its own room, and no other step
    conductor  calls steps in turn, for one command or one function of the notebook
    face       what people type and see

The rooms of a step keep its parts together. Both engines know the room they share and never each other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import simulator

PACKAGE = Path(simulator.__file__).parent
SHARED, ENGINES = "engines", ("reference", "compiled")

ROOMS: dict[tuple[str, str], str] = {
    ("base", ""): (
        "errors streams compiling inner_code law spread fit estimates grammar packaged parquet workers cluster"
    ),
    ("noun", ""): "quantity scenario design model ledger lives account outcomes wording findings",
    ("rule", ""): "paths evidence sampled",
    ("step", "reading"): "read write inherit locate validate references coherence flows",
    ("step", "sampling"): "sample",
    ("step", "building"): "build build.effects build.pathway build.supports build.values",
    ("step", SHARED): (
        "engines engines.order engines.lanes engines.candidates engines.memory engines.hazards engines.people "
        "engines.records"
    ),
    (
        "step",
        "reference",
    ): "engines.reference engines.life engines.journeys engines.enrolment engines.state engines.world",
    ("step", "compiled"): (
        "engines.compiled engines.kept engines.kernel engines.kernel_lives engines.kernel_queues engines.kernel_books"
    ),
    ("step", "tallying"): "tally",
    ("step", "pricing"): "price release",
    ("step", "deciding"): "decide payback illusion",
    ("step", "idling"): "idle",
    ("step", "telling"): "words",
    ("step", "reporting"): "report",
    ("step", "drawing"): (
        "figures figures.catalogue figures.distribution figures.fan figures.illusion figures.payback figures.payers "
        "figures.style"
    ),
    ("conductor", "running"): "run",
    ("conductor", "checking"): "check measures",
    ("conductor", "adding rows"): "precision",
    ("conductor", "breaking even"): "break_even",
    ("conductor", "building otherwise"): "alternatives",
    ("conductor", "tracing"): "story",
    ("conductor", "starting"): "starter",
    ("face", ""): "simulator __main__ cli screen",
}
KNOWS = {
    "base": {"base"},
    "noun": {"base", "noun"},
    "rule": {"base", "noun", "rule"},
    "step": {"base", "noun", "rule"},
    "conductor": {"base", "noun", "rule", "step", "conductor"},
    "face": {"base", "noun", "rule", "step", "conductor", "face"},
}
TABLE = {module: room for room, modules in ROOMS.items() for module in modules.split()}

ALLOWED = {("scenario", "read", "with_")}
"""For notebooks a scenario has the method `with_`, which calls a step; it imports it when asked and not before."""


@dataclass(frozen=True)
class Import:
    """One module of the package imported by another."""

    by: str
    of: str
    function: str  # the function it stands in; empty at the top of the file
    for_types: bool  # seen by the type checker alone

    def __str__(self) -> str:
        return f"{self.by} imports {self.of}" + (f" in {self.function}" if self.function else "")


def name_of(path: Path) -> str:
    """Dotted name inside the package; the package itself is `simulator`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "simulator"


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(module: str) -> Iterator[Import]:
    """Every import of the package in one file, wherever it stands."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    yield from _inside(module, tree, "", False)


def _inside(module: str, node: ast.AST, function: str, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            for name in _modules(child):
                yield Import(module, name, function, for_types)
        named = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        checker = isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"
        yield from _inside(module, child, named, for_types or checker)


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        found = [alias.name for alias in node.names]
    else:
        assert node.level == 0, "imports are absolute"
        whole = [f"{node.module}.{alias.name}" for alias in node.names]
        found = [name if name.removeprefix("simulator.") in FILES else str(node.module) for name in whole]
    for name in dict.fromkeys(found):
        if name == "simulator" or name.startswith("simulator."):
            yield name.removeprefix("simulator.")


def is_allowed(one: Import) -> bool:
    """Whether an import keeps to the rules of the table."""
    (kind, room), (other, its_room) = TABLE[one.by], TABLE[one.of]
    if (one.by, one.of, one.function) in ALLOWED or other in KNOWS[kind]:
        return True
    return kind == other and (room == its_room or (room in ENGINES and its_room == SHARED))


def test_every_module_is_in_the_table_once_and_nothing_else_is() -> None:
    listed = [module for modules in ROOMS.values() for module in modules.split()]
    assert sorted(listed) == sorted(FILES)


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_what_its_kind_may_know(module: str) -> None:
    assert [str(one) for one in imports_of(module) if not is_allowed(one)] == []


def test_every_exception_is_still_needed() -> None:
    found = {(one.by, one.of, one.function) for module in FILES for one in imports_of(module)}
    assert found >= ALLOWED


def test_no_module_needs_itself_to_be_imported() -> None:
    needs = {
        module: {one.of for one in imports_of(module) if not one.function and not one.for_types} - {module}
        for module in FILES
    }
    assert len(list(TopologicalSorter(needs).static_order())) == len(FILES)


def test_the_rules_refuse_what_they_should() -> None:
    def allowed(by: str, of: str, function: str = "") -> bool:
        return is_allowed(Import(by, of, function, False))

    assert allowed("price", "release") and allowed("run", "price") and allowed("cli", "run")
    assert allowed("engines.kernel", "engines.hazards") and allowed("scenario", "read", "with_")
    assert not allowed("scenario", "read") and not allowed("price", "decide") and not allowed("ledger", "tally")
    assert not allowed("engines.kernel", "engines.world") and not allowed("engines.life", "engines.kernel")
    assert not allowed("engines.hazards", "engines.kernel") and not allowed("run", "cli")


def test_the_readme_of_the_package_says_what_every_module_is_for() -> None:
    rows = [line.split("|") for line in (PACKAGE / "README.md").read_text(encoding="utf-8").splitlines()]
    told = {word.strip(" `") for row in rows if len(row) > 3 for word in row[1].split(",")}
    assert [module for module in FILES if module not in told] == []
