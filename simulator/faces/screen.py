"""What a terminal shows of a run: how far it is, the table and plain lines at its end, or one JSON object."""

from __future__ import annotations

import dataclasses
import math
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.checks.check import CheckResult
    from simulator.checks.imitation.deflate import Deflation
    from simulator.checks.imitation.imitate import Imitation
    from simulator.checks.imitation.sought import Sought
    from simulator.findings import ArmFindings, Findings
    from simulator.running.run import Run
    from simulator.scenario.tables import Scenario
    from simulator.uncertainty.ranges import Band, Value

TENTHS = 10
MINUTE = 60
WIDTH = 110
UNITS = ((1e6, 2, "£ million"), (1e3, 1, "£ thousand"), (1.0, 0, "£"))


# ------------------------------------------------------------------------------------------- how far


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """How far a long job is, on standard error: a bar on a terminal, else a line for each tenth.

    Args:
        what: what is being done.

    Yields:
        A function to call with what is done and what there is in all.
    """
    if sys.stderr.isatty():
        with _bar(what) as tell:
            yield tell
    else:
        yield Tenths(what)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    task = shown.add_task(what, total=None)

    def tell(done: int, total: int) -> None:
        shown.start()  # not before there is something to tell: a question may come first
        shown.update(task, completed=done, total=total)

    try:
        yield tell
    finally:
        shown.stop()


class Tenths:
    """A line on standard error each time another tenth is done.

    Args:
        what: what is being done.
    """

    def __init__(self, what: str) -> None:
        self.what, self.told, self.total, self.start = what, 0, 0, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Say so if a tenth has been passed."""
        tenth = done * TENTHS // max(total, 1)
        if total != self.total:  # begun, or more is to be done than was known
            self.told, self.total = min(self.told, tenth), total
        if tenth > self.told:
            self.told = tenth
            passed = time.monotonic() - self.start
            click.echo(f"{self.what}: {tenth * 100 // TENTHS} % ({done} of {total}), {passed:.0f} s", err=True)


# ------------------------------------------------------------------------------------------ JSON


def as_json(run: Run, out: str | None, findings: Findings | None = None) -> dict[str, Any]:
    """A run as one object for scripts: ``programmes`` by arm; with one programme arm its figures also at the top.

    Args:
        run: the run.
        out: the results folder; None when nothing was written.
        findings: of the run; with what was worked out beside it.
    """
    from simulator.findings.tables import brief

    findings = findings or run.findings()
    arms = {name: brief(facts) for name, facts in findings.to_dict()["arms"].items()}
    about = {
        "scenario": findings.scenario,
        "hash": run.hash,
        "arms": list(run.scenario.all_arms()),
        "rows": run.rows,
        "people": run.people,
        "years": findings.years,
        "year_names": list(findings.year_names),
        "seed": run.seed,
        "engine": run.engine,
        "evidence": findings.evidence,
        "price_year": findings.price_year,
        "wall_s": round(run.wall_s, 3),
        "events": int(run.events),
        "out": out,
        "notes": list(findings.notes),
    }
    alone = next(iter(arms.values())) if len(arms) == 1 else {}
    return {**about, **alone, "programmes": arms}


# ------------------------------------------------------------------------------------------ in words


def title_in(path: Path) -> str:
    """The title in a scenario file; one that cannot be read is said to have faults.

    Args:
        path: the file.
    """
    import tomllib

    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("title", ""))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return "(has faults: see simulator validate)"


def show(findings: Findings) -> None:
    """The table of net saving by year and the plain lines of every programme arm, on standard output.

    Args:
        findings: of the run.
    """
    from simulator.findings import ENOUGH_ROWS, TOO_FEW_ROWS
    from simulator.findings.finding import held
    from simulator.findings.tables import in_lines
    from simulator.scenario.tables import MODE_WORDS

    screen = console()
    mode = MODE_WORDS.get(findings.evidence, findings.evidence)
    click.echo(f"\n{findings.title}\nEvidence: {mode}. Pounds of {findings.price_year}, {_place(findings)}.")
    if findings.arms and findings.rows < ENOUGH_ROWS:
        click.echo(f"{TOO_FEW_ROWS.format(rows=findings.rows, held=held(findings.rows))}.")
    if not findings.arms:
        click.echo("Usual care alone: there is no programme to compare it with. What it costs is in account.csv.")
    for arm in findings.arms:
        screen.print(year_table(arm))
        for line in in_lines(findings.sentences(arm.arm)):
            click.echo(textwrap.fill(line, screen.width, subsequent_indent="  "))


def console() -> Console:
    """Standard output, as wide as the terminal or, where there is none, as a page."""
    from rich.console import Console

    return Console(width=min(WIDTH, Console().width) if sys.stdout.isatty() else WIDTH)


def _place(findings: Findings) -> str:
    return f"for a place of {findings.place_size:,.0f} people"


def year_table(arm: ArmFindings) -> Any:
    """Present value of the net saving to the public purse by year: mean, ranges, cash, and the share that saves."""
    from rich import box
    from rich.table import Table

    from simulator.findings.survivors import HEADLINE

    view, cash = arm.view(), arm.view(money="cash")
    unit, digits, words = _unit(*_largest(view.discounted_by_year.place))
    title = f"{arm.title}\nNet saving to the public purse by year, present value, {words}, a cost negative"
    about = (
        "±: Monte Carlo error. Probabilities are those at the end of the year. Not discounted: findings/by_year.csv."
    )
    caption = f"{HEADLINE.capitalize()}. {about}" if arm.survivors.is_harm else about
    table = Table(title=title, caption=caption, box=box.SIMPLE)
    table.title_justify = table.caption_justify = "left"
    for heading in ("Year", "Mean", "80 % range", "95 % range", "Cash", "Saves by then", "Paid back"):
        table.add_column(heading, justify="right", no_wrap=True)
    for year, name in enumerate(arm.year_names):
        now, in_cash = (each.discounted_by_year.place.at(year) for each in (view, cash))
        figures = _ranges(now, in_cash, unit, digits)
        shares = (view.p_saving.at(year), view.payback.by_year.at(year))
        chances = ("not told",) * len(shares) if arm.survivors.is_harm else map(_share, shares)
        table.add_row(name, *figures, *chances)
    table.add_section()
    table.add_row("All", *_ranges(view.npv.place, cash.npv.place, unit, digits))
    return table


def _largest(band: Band) -> tuple[float, float]:
    return abs(float(band.low.min())), float(band.high.max())


def _unit(*amounts: float) -> tuple[float, int, str]:
    """Size of a unit, digits after the point, and name."""
    return next((unit for unit in UNITS if max(amounts) >= unit[0]), UNITS[-1])


def _ranges(band: Band, cash: Band, unit: float, digits: int) -> tuple[str, ...]:
    """Mean, 80 % range, 95 % range and mean in cash of one figure."""
    ranges = ((band.p10, band.p90), (band.low, band.high))
    ends = (" to ".join(in_units(float(end), unit, digits) for end in pair) for pair in ranges)
    mean, money = (_mean(each, unit, digits) for each in (band, cash))
    return mean, *ends, money


def _mean(band: Band, unit: float, digits: int) -> str:
    """A mean with its Monte Carlo error."""
    error = float(band.mcse)
    return f"{in_units(float(band.mean), unit, digits)}{f' ± {in_units(error, unit, digits)}' if error > 0 else ''}"


def in_units(amount: float, unit: float, digits: int) -> str:
    """An amount for a table, without a minus sign before zero.

    Args:
        amount: pounds, a saving positive.
        unit: pounds of one unit.
        digits: digits after the point.

    >>> in_units(-123456.0, 1e3, 1), in_units(-12.0, 1e3, 1)
    ('-123.5', '0.0')
    """
    return f"{round(amount / unit, digits) + 0.0:,.{digits}f}"


def _share(share: Value) -> str:
    """A probability in per cent with its Monte Carlo error."""
    from simulator.findings.finding import per_cent

    words, error = per_cent(float(share.value)), float(share.mcse) * 100
    return f"{words} ± {max(error, 1):.0f}" if error > 0 and words[0].isdigit() else words


# --------------------------------------------------------------------------------------------- modes


def show_modes(scenario: Scenario, rows: list[dict[str, Any]]) -> None:
    """Each mode of evidence beside the others, on standard output.

    Args:
        scenario: what was run.
        rows: from `running.modes.side_by_side`.
    """
    from rich import box
    from rich.table import Table

    unit, digits, words = _unit(*(abs(row[key]) for row in rows for key in ("npv_value_low", "npv_value_high")))
    title = (
        f"{scenario.title}\nNet saving to the public purse over {scenario.horizon.years} years, {words}, present value"
    )
    table = Table(
        title=title,
        caption=_about_modes(rows),
        padding=(0, 0, 0, 1),
        box=box.SIMPLE,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("Evidence", overflow="fold")
    for heading in ("Mean", "95 % range", "Cash", "95 % range", "QALYs", "Saves", "In cash"):
        table.add_column(heading, justify="right", no_wrap=True)
    arms = {row["arm"] for row in rows}
    for row in rows:
        name = f"{row['title']}, {row['words']}" if len(arms) > 1 else row["words"]
        money = [cell for kind in ("value", "cash") for cell in _money_cells(row, f"npv_{kind}", unit, digits)]
        chances = [_chance_cell(row, f"p_saves_{kind}") for kind in ("value", "cash")]
        if row["harm"]:
            chances = ["people lose", "life or health"]
        table.add_row(name, *money, _qaly_cell(row), *chances)
    console().print(table)


def _about_modes(rows: list[dict[str, Any]]) -> str:
    """What stands in the table: errors, a mode without health, and how much of a saving is only stated."""
    from simulator.findings.finding import pounds

    said = ["±: Monte Carlo error. Saves: share of futures of a place like yours."]
    if any(not row["states_health"] for row in rows):
        said.append("QALYs none: nobody states an effect on health or quality of life in that mode.")
    said += [
        f"Benefits as stated are {pounds(row['stated_benefits'])} of the mean of “{row['words']}”."
        for row in rows
        if row["stated_benefits"]
    ]
    return " ".join(said)


def _qaly_cell(row: dict[str, Any]) -> str:
    """QALYs with their error; none where nothing in the mode moves them."""
    from simulator.findings.finding import counted

    gained, error = row["qaly"], row["qaly_mcse"]
    if not row["states_health"]:
        return "none"
    return f"{'-' if gained < 0 else ''}{counted(gained, error)}"


def _chance_cell(row: dict[str, Any], name: str) -> str:
    from simulator.uncertainty.ranges import Value

    return _share(Value(row[name], row[f"{name}_mcse"]))


def _money_cells(row: dict[str, Any], name: str, unit: float, digits: int) -> tuple[str, str]:
    mean, low, high = (in_units(row[f"{name}{end}"], unit, digits) for end in ("", "_low", "_high"))
    error = row[f"{name}_mcse"]
    return f"{mean}{f' ± {in_units(error, unit, digits)}' if error > 0 else ''}", f"{low} to {high}"


def show_overview(lines: Sequence[dict[str, Any]]) -> None:
    """Every programme in every mode of evidence, a table for each population, on standard output.

    Args:
        lines: of `running.overview`.
    """
    from rich import box
    from rich.table import Table

    about = (
        "Pounds for each start within the horizon, discounted, public purse, a cost negative. ±: Monte Carlo error. "
        "Pays back: share of futures of a place of its size that ever do. Grade: weakest of the numbers that matter."
    )
    for population in dict.fromkeys(line["population"] for line in lines):
        table = Table(title=f"\n{population}", caption=about, box=box.SIMPLE, padding=(0, 0, 0, 1))
        table.title_justify = table.caption_justify = "left"
        table.add_column("Programme, evidence", overflow="fold")
        for heading in ("1 year", "3 years", "5 years", "10 years", "QALYs", "Pays back", "Grade"):
            table.add_column(heading, justify="right")
        arms = dict.fromkeys((line["scenario"], line["arm"]) for line in lines if line["population"] == population)
        screen, whose = console(), []
        for arm in arms:
            of_arm = [line for line in lines if (line["scenario"], line["arm"]) == arm]
            table.add_row(of_arm[0]["title"], style="bold")
            for line in of_arm:
                table.add_row(*_overview_cells(line))
            whose.append(_whose_money(of_arm))
        screen.print(table)
        for words in whose:
            click.echo(textwrap.fill(words, screen.width, subsequent_indent="  "))


def _overview_cells(line: dict[str, Any]) -> list[str]:
    words = f"  {line['words']}"
    if not line["has_figure"]:
        return [f"{words}: no usable figure in circulation"]
    if line["harm"]:
        words += " (people lose life or health)"
    if not line["starts"] > 0:
        return [f"{words}: nobody starts"]
    return [
        words,
        *(_each_cell(line, f"net_saving_{after}", 0) for after in (1, 3, 5, 10)),
        _each_cell(line, "qaly", 3),
        _chance_cell(line, "p_pays_back"),
        "" if line["worst_grade"] is None else str(line["worst_grade"]),
    ]


def _whose_money(lines: Sequence[dict[str, Any]]) -> str:
    """Who pays for a programme and who gains in cash, in each mode of evidence."""
    told = [line for line in lines if line["has_figure"]]
    pays = dict.fromkeys(line["who_pays"] or "nobody" for line in reversed(told))
    gains = (f"{line['words']}: {line['who_gains_cash'] or 'nobody'}" for line in told)
    return f"• {lines[0]['title']}. Paid by {next(iter(pays), 'nobody')}. Gains cash, {'; '.join(gains)}."


def _each_cell(line: dict[str, Any], name: str, digits: int) -> str:
    """A figure for each start with its error; empty beyond the horizon, or where nothing moves it."""
    amount, error = line[name], line[f"{name}_mcse"]
    if amount is None:
        return ""
    return f"{in_units(amount, 1.0, digits)}{f' ± {error:,.{digits}f}' if error > 0 else ''}"


def write_rows(rows: list[dict[str, Any]], path: Path) -> None:
    """A table as CSV: the same rows, the same bytes.

    Args:
        rows: one dict each, of the same columns.
        path: the file; its folder is made if it is not there.
    """
    import pandas as pd

    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False, lineterminator="\n")


# -------------------------------------------------------------------------------------------- checks

PENCE = 4
VERDICTS = {True: "met", False: "OUT"}


def show_checks(scenario: Scenario, results: list[CheckResult]) -> None:
    """Figures on record beside simulated ones, on standard output, with a note for each that is not met.

    Args:
        scenario: whose checks they are.
        results: what came of them.
    """
    from rich import box
    from rich.table import Table

    screen, about = console(), {_about(entry): None for entry in results}
    click.echo(f"{scenario.title}: on record beside simulated\n")
    for words in about:
        title = f"{words[0].upper()}{words[1:]}"
        table = Table(title=title, box=box.SIMPLE, title_justify="left")
        table.add_column("Check", overflow="fold")
        for heading in ("On record", "Range", "Simulated", "Error", ""):
            table.add_column(heading, justify="right", no_wrap=True)
        for entry in (entry for entry in results if _about(entry) == words):
            table.add_row(*_check_row(entry))
        screen.print(table)
    for entry in results:
        if entry.note and not entry.passed:
            click.echo(textwrap.fill(f"{_check_words(entry)}: {entry.note}", screen.width, subsequent_indent="  "))


def _check_row(entry: CheckResult) -> tuple[str, ...]:
    """What is checked, the figure on record, its range, the simulated one with its error, and whether it is met."""
    low, high, simulated, error = (
        in_unit(value, entry.unit) for value in (entry.low, entry.high, entry.simulated, entry.mcse)
    )
    target = "" if entry.target is None else in_unit(entry.target, entry.unit)
    each = f", {_each(entry.unit)}" if _each(entry.unit) else ""
    what = f"{entry.name.replace('_', ' ')}{each}"
    return what, target, f"{low} to {high}", simulated, f"± {error}", _verdict(entry)


def _about(entry: CheckResult) -> str:
    """Which comparison a check is of, of a programme in which mode."""
    from simulator.scenario.tables import MODE_WORDS

    return f"{entry.comparison}; {MODE_WORDS[entry.evidence]}" if entry.programme else entry.comparison


def _check_words(entry: CheckResult) -> str:
    return f"{entry.name.replace('_', ' ')}{f' ({_about(entry)})' if entry.programme else ''}"


def checks_as_json(results: list[CheckResult]) -> list[dict[str, Any]]:
    """Results of the checks of a scenario for scripts.

    Args:
        results: what came of its checks.
    """
    return [_check_json(entry) for entry in results]


def _check_json(entry: CheckResult) -> dict[str, Any]:
    told = dataclasses.asdict(entry)
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in told.items()
    }


def _verdict(entry: CheckResult) -> str:
    if entry.judged:
        return "too few people" if entry.passed is None else VERDICTS[entry.passed]
    return "reported" if entry.low <= entry.simulated <= entry.high else "(outside)"


def _each(unit: str) -> str:
    """What a figure is for; empty where the per cent sign says enough."""
    return "" if unit in ("change", "share") else unit.removeprefix("pounds ").removeprefix("number ")


def time_in_words(seconds: float) -> str:
    """How long something takes, no more exactly than can be known before.

    >>> time_in_words(0.4), time_in_words(48.0), time_in_words(200.0)
    ('1 second', '50 seconds', '4 minutes')
    """
    if seconds > MINUTE:
        return f"{math.ceil(seconds / MINUTE)} minutes"
    rounded = max(1, round(seconds) if seconds < TENTHS else 10 * math.ceil(seconds / TENTHS))
    return f"{rounded} second{'s' if rounded > 1 else ''}"


def in_unit(value: float, unit: str) -> str:
    """A figure of a check: shares and changes in per cent, pounds with their sign.

    Args:
        value: the figure.
        unit: what it is counted in.

    >>> in_unit(-0.2701, "change"), in_unit(2650.0, "pounds a person-year"), in_unit(454.4, "number for 10,000 people")
    ('-27 %', '£2,650', '454.4')
    """
    if not math.isfinite(value):
        return number(value)
    if unit in ("change", "share"):
        return f"{value * 100:.3g} %"
    if unit.startswith("pounds "):
        return f"{'-' if value < 0 else ''}£{number(round(abs(value), PENCE))}"
    return number(value)


def number(value: float) -> str:
    """A number to four significant digits.

    >>> number(21_534.7), number(0.15234), number(5000.0), number(float("nan"))
    ('21,530', '0.1523', '5,000', 'unknown')
    """
    if not math.isfinite(value):
        return "unknown"
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:g}"


# ---------------------------------------------------------------------------------- imitated studies


def show_imitation(imitation: Imitation) -> None:
    """What each study design would report beside the true effect, on standard output, then a sentence for each.

    Args:
        imitation: what came of it.
    """
    from rich import box
    from rich.table import Table

    wanted = imitation.wanted
    title = f"{wanted.scenario.programmes[wanted.programme].title or wanted.programme}: change of {wanted.words}"
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    table.add_column("Design", overflow="fold")
    for heading in ("Would report", "95 % of studies", "True effect", "Bias", "Error"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in imitation.designs:
        reported, low, high, true, bias = map(_signed_percent, (one.reported, one.low, one.high, one.true, one.bias))
        error = "" if one.bias_mcse == 0 else f"± {_signed_percent(one.bias_mcse).lstrip('+')}"
        table.add_row(one.design, f"{reported} %", f"{low} to {high} %", f"{true} %", bias, error)
    screen = console()
    screen.print(table)
    for sentence in (*imitation.sentences(), *imitation.notes()):
        click.echo(textwrap.fill(sentence, screen.width, subsequent_indent="  "))


def _signed_percent(change: float) -> str:
    return f"{100 * change:+.1f}"


def imitation_as_json(imitation: Imitation) -> dict[str, Any]:
    """The same as one object for scripts; changes as shares, so that -0.26 is 26 % less.

    Args:
        imitation: what came of it.
    """
    about = {name: getattr(imitation, name) for name in ("people_in_study", "starters", "matched")}
    about["designs"] = [dataclasses.asdict(one) for one in imitation.designs]
    about["per_pound"] = imitation.per_pound and dataclasses.asdict(imitation.per_pound)
    return {**_of_study(imitation.wanted), **about, "sentences": imitation.sentences()}


def show_deflation(deflation: Deflation) -> None:
    """The true effect that would show as a reported figure, on standard output.

    Args:
        deflation: what came of it.
    """
    for sentence in deflation.sentences():
        click.echo(textwrap.fill(sentence, console().width))


def deflation_as_json(deflation: Deflation) -> dict[str, Any]:
    """The same as one object for scripts; changes as shares.

    Args:
        deflation: what came of it.
    """
    names = [field.name for field in dataclasses.fields(deflation) if field.name != "wanted"]
    figures = {name: getattr(deflation, name) for name in names}
    return {**_of_study(deflation.wanted), **figures, "sentences": deflation.sentences()}


def _of_study(wanted: Sought) -> dict[str, Any]:
    about = {"programme": wanted.programme, "evidence": wanted.evidence, "measure": wanted.measure}
    return {"scenario": wanted.scenario.name, **about}
