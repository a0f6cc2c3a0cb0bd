"""Findings as tables and files: loops over all findings into frames, JSON, CSV, a workbook and plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.findings.arm import ORDER, ArmFindings
from simulator.findings.finding import COUNT, POUNDS, SHARE, WHOLE, Row, kinds_of
from simulator.money.account import Account
from simulator.scenario.tables import MODE_WORDS

if TYPE_CHECKING:
    import pandas as pd

    from simulator.findings import Findings

ACCOUNT = "account"
KEY = (
    "Sheets: a saving is positive, a cost negative; pounds are those of the whole place; year 0 is the first.",
    "low to high: 95 % range. p10 to p90: 80 % range. Names that end in mcse: Monte Carlo standard error.",
    "value: at full value, capacity included. cash: what can be spent elsewhere.",
    "expected: range from parameters alone. new_place: with differences between places, where a spread is stated.",
    "place: with these and the chance of a place of this size.",
)
RISKY = ("=", "+", "-", "@", "\t", "\r")
EPOCH = datetime(2000, 1, 1)
WIDEST = 48


# ------------------------------------------------------------------------------------------------ in memory


def arm_rows(arm: ArmFindings) -> dict[str, list[Row]]:
    """The long tables of an arm by name, one dict per row."""
    tables: dict[str, list[Row]] = {}
    for finding in ORDER:
        for table in finding.tables:
            tables.setdefault(table.name, []).extend({"arm": arm.arm, **row} for row in table.rows(arm))
    return tables


def table_names() -> tuple[str, ...]:
    """Every table, in the order of the findings."""
    return tuple(dict.fromkeys(table.name for finding in ORDER for table in finding.tables))


def kinds() -> dict[str, dict[str, str]]:
    """The kind of each column that is not written as it is, by table."""
    by_table = {ACCOUNT: kinds_of(POUNDS, "spending", "saving", "cash_saving")}
    for table in (table for finding in ORDER for table in finding.tables):
        by_table.setdefault(table.name, {}).update(table.kinds)
    return by_table


def arm_facts(arm: ArmFindings) -> Row:
    """What a script wants of an arm, as plain values."""
    return {name: value for finding in ORDER for name, value in finding.facts(arm).items()}


def brief(facts: Row) -> Row:
    """Of the facts of an arm, those that the command line prints as JSON.

    Args:
        facts: of an arm, from ``Findings.to_dict``.
    """
    return {name: value for finding in ORDER for name, value in finding.brief(facts).items()}


def jsonable(value: Any) -> Any:
    """Nan and infinity as None, in whatever holds them.

    >>> jsonable({"ratio": float("nan"), "years": [1.0, float("inf")]})
    {'ratio': None, 'years': [1.0, None]}
    """
    if isinstance(value, dict):
        return {key: jsonable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [jsonable(part) for part in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


# ------------------------------------------------------------------------------------------------- as files


def write_tables(findings: Findings, account: Account, folder: str | Path) -> list[Path]:
    """Write every table of a run: ``findings.xlsx``, ``account.csv``, one CSV for each table, and ``summary.txt``.

    Args:
        findings: the decision tables.
        account: the money they were made from.
        folder: where to; made if it is not there.

    Returns:
        The files. The same inputs give the same bytes. A table without rows is no file and no sheet.
    """
    where = Path(folder)
    (where / "findings").mkdir(parents=True, exist_ok=True)
    tables = {**findings.to_frames(), ACCOUNT: account.to_frame()}
    for name in tables:
        _csv_path(where, name).unlink(missing_ok=True)
    frames = {name: guarded(frame) for name, frame in tables.items() if len(frame)}
    files = [_csv(frame, _csv_path(where, name)) for name, frame in frames.items()]
    return [*files, _workbook(findings, frames, where / "findings.xlsx"), _text(findings, where / "summary.txt")]


def write_lines(lines: Sequence[Row], folder: str | Path) -> list[Path]:
    """Write the lines of an overview as ``overview.csv`` and ``overview.xlsx``; the same lines, the same bytes.

    Args:
        lines: of the same columns.
        folder: where to; made if it is not there.
    """
    import pandas as pd
    import xlsxwriter

    where = Path(folder)
    where.mkdir(parents=True, exist_ok=True)
    frame = guarded(pd.DataFrame(list(lines)))
    table, path = _csv(frame, where / "overview.csv"), where / "overview.xlsx"
    formats = {
        name: SHARE if name.startswith("p_pays_back") else POUNDS
        for name in map(str, frame.columns)
        if name.startswith(("p_pays_back", "net_saving", "cash_saving"))
    }
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "nan_inf_to_errors": False}) as book:
        book.set_properties({"title": "overview", "created": EPOCH})
        styles = {name: book.add_format({"num_format": name}) for name in (POUNDS, SHARE)}
        styles["head"] = book.add_format({"bold": True, "bottom": 1})
        _table_sheet(book.add_worksheet("overview"), frame, formats, styles)
    return [table, path]


def guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with a quote before text that a spreadsheet would take for a formula.

    Args:
        frame: any table.

    >>> import pandas as pd
    >>> guarded(pd.DataFrame({"arm": ["=1+1", "walks"], "mean": [-2.0, 1.0]})).to_dict("list")
    {'arm': ["'=1+1", 'walks'], 'mean': [-2.0, 1.0]}
    """
    return frame.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell.startswith(RISKY) else cell)


def summary(findings: Findings) -> str:
    """The run in plain lines: title, evidence mode, plain lines for each programme arm, notes.

    Args:
        findings: the decision tables.
    """
    return "\n".join(_summary(findings)) + "\n"


def _summary(findings: Findings) -> Iterator[str]:
    yield findings.title
    yield f"Evidence: {MODE_WORDS.get(findings.evidence, findings.evidence)}. {_made_of(findings)}"
    for arm in findings.arms:
        yield ""
        yield from in_lines(findings.sentences(arm.arm))
    yield ""
    yield from (f"Note: {note}." for note in findings.notes)


def in_lines(sentences: Sequence[str]) -> list[str]:
    """The first sentence as it is, the others as a list below it.

    >>> in_lines(["It saves.", "In cash too."])
    ['It saves.', '• In cash too.']
    """
    return [*sentences[:1], *(f"• {sentence}" for sentence in sentences[1:])]


def _made_of(findings: Findings) -> str:
    return f"Pounds of {findings.price_year} for a place of {findings.place_size:,.0f} people; {findings.simulated()}."


def _text(findings: Findings, path: Path) -> Path:
    path.write_text(summary(findings), encoding="utf-8", newline="\n")
    return path


def _csv_path(folder: Path, name: str) -> Path:
    return folder / f"{ACCOUNT}.csv" if name == ACCOUNT else folder / "findings" / f"{name}.csv"


def _csv(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False, lineterminator="\n")
    return path


# -------------------------------------------------------------------------------------------- workbook


def _workbook(findings: Findings, frames: dict[str, pd.DataFrame], path: Path) -> Path:
    """One sheet of words, then one for each table."""
    import xlsxwriter

    formats = kinds()
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "nan_inf_to_errors": False}) as book:
        book.set_properties({"title": findings.title, "created": EPOCH})
        styles = {name: book.add_format({"num_format": name}) for name in (POUNDS, COUNT, SHARE, WHOLE)}
        styles["head"] = book.add_format({"bold": True, "bottom": 1})
        styles["words"] = book.add_format({"text_wrap": True, "valign": "top"})
        _word_sheet(book.add_worksheet("summary"), findings, styles)
        for name, frame in frames.items():
            _table_sheet(book.add_worksheet(name), frame, formats.get(name, {}), styles)
    return path


def _word_sheet(sheet: Any, findings: Findings, styles: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 120)
    for row, line in enumerate((*_summary(findings), *_key(findings))):
        sheet.write_string(row, 0, line, styles["words"] if row else styles["head"])


def _key(findings: Findings) -> Iterator[str]:
    """What the columns and short names of the sheets mean."""
    yield from ("", *KEY)
    yield f"Payers: {_named(findings.payer_titles)}."
    yield f"Places: {_named(findings.place_titles)}."


def _named(titles: dict[str, str]) -> str:
    return "; ".join(f"{name}: {title}" for name, title in titles.items())


def _table_sheet(sheet: Any, frame: pd.DataFrame, formats: dict[str, str], styles: dict[str, Any]) -> None:
    for column, name in enumerate(frame.columns):
        cells = frame[name].tolist()
        style = styles.get(formats.get(str(name), ""))
        sheet.set_column(column, column, _width(str(name), cells))
        sheet.write_string(0, column, str(name), styles["head"])
        for row, cell in enumerate(cells, start=1):
            _write(sheet, row, column, cell, style)
    sheet.freeze_panes(1, 0)
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _write(sheet: Any, row: int, column: int, cell: Any, style: Any) -> None:
    """Text as text, numbers as numbers; what is undefined stays empty."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif cell is not None and cell == cell:
        sheet.write_number(row, column, cell, style)


def _width(name: str, cells: list[Any]) -> int:
    words = [len(cell) for cell in cells if isinstance(cell, str)]
    return min(max([len(name) + 3, 12, *words]), WIDEST)
