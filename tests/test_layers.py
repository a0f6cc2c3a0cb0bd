"""Folders follow the flow, and each knows only those above it: that one sentence is the architecture.

`findings.py` and the like may become folders, and folders may grow: nothing here has to change for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import simulator

PACKAGE = Path(simulator.__file__).parent
ORDER = (
    "errors", "units", "compiling", "parquet", "uncertainty", "scenario", "activity", "model", "engines", "money",
    "findings", "analysis", "figures", "running", "checks", "faces",
)  # fmt: skip
ENGINES = ("engines.shared", "engines.simpy", "engines.compiled")
MOST_AT_THE_TOP, MOST_IN_A_FOLDER = 20, 16


def name_of(path: Path) -> str:
    """Dotted name inside the package; the package itself is empty."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
ROOMS = {name: path for name, path in FILES.items() if name not in ("", "__main__")}
FOLDERS = sorted({path.parent for path in FILES.values()})


def imports_of(module: str, *, lazy: bool = True) -> Iterator[str]:
    """Modules of the package that one file imports: anywhere, or at the top of the file only."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree) if lazy else tree.body:
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[2] for one in node.names if one.name.startswith("simulator"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "simulator":
            assert node.level == 0, "imports are absolute"
            inside = str(node.module).partition(".")[2]
            whole = [f"{inside}.{one.name}".lstrip(".") for one in node.names]
            yield from dict.fromkeys(name if name in FILES else inside for name in whole)


def may_know(module: str, other: str) -> bool:
    """Whether the order of the folders lets one module import another."""
    here, there = (ORDER.index(name.split(".")[0]) for name in (module, other))
    if here == there == ORDER.index("engines"):
        engine, its = (next((e for e in ENGINES if f"{name}.".startswith(f"{e}.")), "") for name in (module, other))
        return engine == its or its == ENGINES[0]
    return there <= here


@pytest.mark.parametrize("module", ROOMS)
def test_a_module_knows_its_own_folder_and_those_above_it(module: str) -> None:
    assert [other for other in imports_of(module) if other and not may_know(module, other)] == []


def test_no_module_needs_itself_to_be_imported() -> None:
    needs = {module: set(imports_of(module, lazy=False)) - {module} for module in ROOMS}
    assert len(list(TopologicalSorter(needs).static_order())) >= len(ROOMS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_can_be_read_at_a_glance(folder: Path) -> None:
    names = [path for path in folder.iterdir() if not path.name.startswith(("__pycache__", "."))]
    assert len(names) <= (MOST_AT_THE_TOP if folder == PACKAGE else MOST_IN_A_FOLDER)
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


def test_the_rules_refuse_what_they_should() -> None:
    assert may_know("money.price", "money.cash") and may_know("running.run", "money.price")
    assert may_know("engines.compiled.kernel", "engines.shared.hazards")
    assert not may_know("scenario.tables", "money.price") and not may_know("activity.ledger", "engines.totals")
    assert not may_know("engines.compiled.kernel", "engines.simpy.world")
    assert not may_know("engines.shared.hazards", "engines.compiled.kernel") and not may_know(
        "running.run", "faces.cli"
    )


def test_the_readme_of_the_package_says_what_every_folder_is_for() -> None:
    lines = (PACKAGE / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|")[1] for line in lines if line.startswith("|")]
    named = {word.strip(" `/") for row in rows for word in row.split(",")}
    assert {name.split(".")[0] for name in ROOMS} <= named
