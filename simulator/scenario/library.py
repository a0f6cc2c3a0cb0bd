"""Turns the name of a scenario into its file: a path, or a name in ./scenarios or the scenarios beside the package."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import Fault, ScenarioError, suggestion

FOLDER = "scenarios"
SUFFIX = ".toml"


def packaged() -> dict[str, Path]:
    """Scenario files by name: those that come with the package, and over them those in ./scenarios and its folders.

    >>> all(path.suffix == ".toml" for path in packaged().values())
    True
    """
    folders = (Path(__file__).parents[2] / FOLDER, Path(FOLDER))
    return {path.stem: path for folder in folders for path in sorted(folder.rglob(f"*{SUFFIX}"))}


def find(name_or_path: str | Path) -> Path:
    """The file of a scenario.

    Args:
        name_or_path: a path, with or without ``.toml``, or the name of a packaged scenario.

    Raises:
        ScenarioError: there is no such file; the nearest name is suggested.

    >>> find("no such scenario")
    Traceback (most recent call last):
    simulator.errors.ScenarioError: 1 fault:
    no such scenario: found no such scenario; allowed a file or the name of a scenario; `simulator list` shows them
    """
    path = Path(name_or_path)
    for candidate in (path, path.with_name(path.name + SUFFIX) if path.name else path):
        if candidate.is_file():
            return candidate
    known = packaged()
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    allowed = "a file or the name of a scenario"
    hint = suggestion(path.stem, known) or "`simulator list` shows them"
    raise ScenarioError([Fault(str(name_or_path), "", None, "no such scenario", allowed, hint)])
