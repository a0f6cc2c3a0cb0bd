"""What is written here is for every reader: no path of a machine, nobody's tools, nothing that only some can open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SKIPPED = ("__pycache__", "node_modules", "dist", "build-output", "compiled-")
KEPT = (".ci", ".github", ".gitignore")
RESULTS = ("README.md", "example")

# In pieces, so that this file does not hold what it forbids.
FOLDERS = ("wo" + "rk", "ro" + "ot", "ho" + "me", "tm" + "p", "Us" + "ers", "m" + "nt", "op" + "t")
MACHINES = (
    rf"(?<![\w./)}}\]<-])/(?:{'|'.join(FOLDERS)})(?:/|\b)",  # a folder that stands at the top of a disk
    r"file:" + "//",
    r"\.\./" + "sha" + "red",
    "sha" + "red/" + "(?:design|style|evidence|libraries|sources)",
    r"\b(?:design|style|evidence|libraries)" + r"\.md\b",
)
TOOLS = (
    "clau" + "de",
    "anthr" + "opic",
    "open" + "ai",
    "chat" + "gpt",
    "co" + "pilot",
    "language " + "model",
    r"\b(?:cod|chat)ing " + "session",
    r"\b(?:this|previous|earlier|another) " + "session",
    r"\bas an " + "AI\\b",
    r"\bsub-?" + "agent",
)
FORBIDDEN = re.compile("|".join((*MACHINES, *(f"(?i:{words})" for words in TOOLS))))


def texts() -> Iterator[Path]:
    """Every text file of the project: not what git leaves out, not what is no text."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in KEPT for part in parts)
        skipped = any(part.startswith(SKIPPED) or part.endswith(".egg-info") for part in parts)
        made = parts[0] == "results" and len(parts) > 1 and parts[1] not in RESULTS
        if path.is_file() and not (hidden or skipped or made) and b"\0" not in path.read_bytes():
            yield path


def test_there_are_texts_to_look_at() -> None:
    names = {str(path.relative_to(ROOT)) for path in texts()}
    assert {
        "README.md",
        "pyproject.toml",
        "simulator/faces/cli.py",
        "scenarios/programmes/befriending.toml",
        ".ci/run",
    } <= names


def test_no_text_names_a_machine_or_a_tool_of_its_makers() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (match := FORBIDDEN.search(line))
    ]
    assert found == []


@pytest.mark.parametrize("piece", ["/{}/main/x", "see /{}", "`/{}/y`", "'/{}'", "=/{}/z"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_path_of_a_machine_is_seen(piece: str, folder: str) -> None:
    assert FORBIDDEN.search(piece.format(folder))


@pytest.mark.parametrize(
    "text", ["health/work/leisure", "results/home", "./work", "home/work", "{folder}/opt", "1/root"]
)
def test_what_only_looks_like_one_is_let_through(text: str) -> None:
    assert not FORBIDDEN.search(text)
