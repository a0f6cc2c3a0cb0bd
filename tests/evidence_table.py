"""The evidence tables of the folders of scenarios/: every number with a grade, as the files state it.

`python tests/evidence_table.py` writes them anew, each between its two marks.
"""

from __future__ import annotations

from pathlib import Path

from simulator.scenario.addresses import quantities
from simulator.scenario.inherit import parents
from simulator.scenario.read import read
from simulator.uncertainty.quantity import Quantity
from simulator.uncertainty.spread import SPREAD_KEYS

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FOLDERS = (SCENARIOS / "populations", SCENARIOS / "programmes")
FILES = tuple(file for folder in FOLDERS for file in sorted(folder.glob("*.toml")))
BEGIN, END = "<!-- evidence table: begins -->", "<!-- evidence table: ends -->"
WORDS = {"ci95": "95 %", "ci80": "80 %", "range": "range"}


def evidence_table(folder: Path) -> str:
    """The table of a folder as Markdown, one section for each scenario, what it inherits left out."""
    return "\n".join(part for file in sorted(folder.glob("*.toml")) for part in _section(file))


def _section(file: Path) -> list[str]:
    inherited = [quantities(read(parent)) for parent in parents(file)]
    stated = {
        path: quantity
        for path, quantity in quantities(read(file)).items()
        if all(above.get(path) != quantity for above in inherited)
    }
    stated |= {f"{path}.claimed": q.claimed for path, q in stated.items() if q.claimed is not None}
    own = {path: q for path, q in stated.items() if q.grade}
    head = "| Number | Value | Grade | Source, what it says, why this value |"
    rows = [f"| `{path}` | {_value(q)} | {_grade(q)} | {_evidence(q)} |" for path, q in sorted(own.items())]
    return ["", f"### `{file.stem}`", "", head, "|---|---|---|---|", *rows, ""]


def _grade(quantity: Quantity) -> str:
    """The grade; of an effect whose direction is known better both, the weaker first."""
    return (
        f"{quantity.grade}, direction {quantity.grade_direction}" if quantity.grade_direction else f"{quantity.grade}"
    )


def _value(quantity: Quantity) -> str:
    told = " / ".join(f"{x:,g}" for x in quantity.central)
    for key in SPREAD_KEYS:
        given = getattr(quantity, key)
        if key in WORDS and given:
            told += f" ({WORDS[key]} {given[0]:,g} to {given[1]:,g})"
        elif given:
            told += f" ({key} {given:,g})"
    return " ".join(word for word in (told, quantity.unit, _prices(quantity)) if word)


def _prices(quantity: Quantity) -> str:
    return f"in prices of {quantity.price_year}" if quantity.price_year else ""


def _evidence(quantity: Quantity) -> str:
    said = ": ".join(text for text in (quantity.source, quantity.supports) if text)
    why = f"*{_line(quantity.why)}*" if quantity.why else ""
    return " ".join(text for text in (f"{_line(said)}." if said else "", why) if text)


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").rstrip(".")


def between_marks(text: str, begin: str = BEGIN, end: str = END) -> str:
    """The table that stands in a text between two marks."""
    return text[text.index(begin) + len(begin) : text.index(end)].strip("\n")


def with_table(text: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """The text with another table between two marks."""
    return f"{text[: text.index(begin)]}{begin}\n{table}\n{text[text.index(end) :]}"


def rewritten(folder: Path) -> str:
    """The README of a folder with the table as the files state it."""
    return with_table((folder / "README.md").read_text(encoding="utf-8"), evidence_table(folder))


if __name__ == "__main__":
    for folder in FOLDERS:
        (folder / "README.md").write_text(rewritten(folder), encoding="utf-8", newline="\n")
