"""One value for one quantity: the sentences, table, pictures, CSV and JSON of a run say the same."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from village import village_run

from simulator import figures
from simulator.faces.screen import as_json, year_table
from simulator.findings.tables import summary, write_tables

ROWS, PEOPLE = 40, 300
DATED = 'horizon.first_year="2026/27"'
MOOD = 'programmes.walks.effects.mood={target="utility", calibrated=0.02}'
LASTING = ("horizon.years=8", "programmes.walks.effects.ae.calibrated=0.5", "programmes.walks.costs.each.amount=60")
COSTLY = "programmes.walks.costs.each.amount=2000"
CASES = {"in doubt": (DATED,), "pays back": (DATED, MOOD, *LASTING), "costs": (MOOD, COSTLY)}
Row = dict[str, str]


class Shown:
    """Everything that one run shows: CSV rows, words, JSON and the table on the screen."""

    def __init__(self, folder: Path, sets: tuple[str, ...]) -> None:
        self.run = village_run(*sets, rows=ROWS, people=PEOPLE)
        self.findings = self.run.findings()
        self.arm = self.findings.arms[0]
        write_tables(self.findings, self.run.account(), folder)
        self.folder, self.json, self.lines = folder, as_json(self.run, None), self.findings.sentences()

    def rows(self, table: str, **wanted: str) -> list[Row]:
        with (self.folder / "findings" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if all(row[name] == each for name, each in wanted.items())]

    def total(self, money: str) -> Row:
        (row,) = self.rows("totals", payer="public purse", money=money)
        return row

    def line(self, start: str) -> str:
        return next(line for line in self.lines if line.startswith(start))


@pytest.fixture(scope="module", params=list(CASES))
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """What a run of each case shows."""
    return Shown(tmp_path_factory.mktemp("shown"), CASES[request.param])


def amounts(words: str) -> list[float]:
    """Pounds in words with their sign: a cost and what stands after a minus sign are negative."""
    number = r"(cost of between |cost of |saving of between |saving of |-)?£([\d.,]*\d)( million)?"
    read = []
    for sign, digits, million in re.findall(number, words):
        size = float(digits.replace(",", "")) * (1e6 if million else 1)
        read.append(-size if sign.startswith(("cost", "-")) else size)
    return read


def near(words: float, value: str | float, error: str | float = 0.0) -> bool:
    """Whether a number in words is a figure rounded as its error allows (half of its first digit), or to 3 digits."""
    exact, allowed = float(value), float(error or 0)
    digit = 10 ** np.floor(np.log10(allowed)) if allowed > 0 else 0.0
    return abs(words - exact) <= max(0.5 * digit, abs(exact) * 0.005, 0.5) * (1 + 1e-9)


def cells(shown: Shown, column: str) -> list[str]:
    table = year_table(shown.arm)
    chosen = next(each for each in table.columns if each.header == column)
    return list(chosen.cells)


# ------------------------------------------------------------------------------------------------ one figure each


def test_the_net_saving_is_one_figure(shown: Shown) -> None:
    row = shown.total("value")
    assert shown.json["npv"]["mean"] == pytest.approx(float(row["mean"]))
    assert shown.json["npv"]["mcse"] == pytest.approx(float(row["mcse"]))
    first = shown.lines[0].partition(" in all")[0].rpartition("; ")[2]
    assert near(amounts(first.lower())[0], row["mean"], row["mcse"]), first
    mean = next(line for line in figures.savings_fan(shown.findings).lines if line.get_label() == "mean")
    assert np.asarray(mean.get_ydata())[-1] == pytest.approx(float(row["mean"]))
    title = figures.savings_fan(shown.findings).figure.get_suptitle().replace("\n", " ")
    assert any(near(each, row["mean"], row["mcse"]) for each in amounts(title))


def test_the_cash_is_one_figure(shown: Shown) -> None:
    row = shown.total("cash")
    assert shown.json["npv_cash"]["mean"] == pytest.approx(float(row["mean"]))
    assert near(amounts(shown.line("In cash: "))[0], row["mean"], row["mcse"])
    cash = next(line for line in figures.savings_fan(shown.findings).lines if line.get_label() == "mean, cash only")
    assert np.asarray(cash.get_ydata())[-1] == pytest.approx(float(row["mean"]))


@pytest.mark.parametrize(("start", "money", "name"), [
    ("In a place like yours: ", "value", "npv"),
    ("In cash: ", "cash", "npv_cash"),
])  # fmt: skip
def test_both_ends_of_the_range_are_one_figure(shown: Shown, start: str, money: str, name: str) -> None:
    row = shown.total(money)
    told = sorted(both_ends(shown.line(start)))
    for words, column in zip(told, ("low", "high"), strict=True):
        assert near(words, row[column], row[f"{column}_mcse"]), (words, row[column])
        assert shown.json[name][column] == pytest.approx(float(row[column]))


def both_ends(line: str) -> list[float]:
    """The last two amounts of a line; of a cost or saving "of between" both have its sign."""
    *_, first, second = amounts(line)
    return [first, -second if "cost of between" in line else second]


def test_each_year_is_one_figure_in_present_value_and_the_years_add_up(shown: Shown) -> None:
    years = shown.rows("by_year", payer="public purse", money="value", figure="discounted_by_year", range="place")
    means = [float(row["mean"]) for row in years]
    assert [year["mean"] for year in shown.json["net_saving_by_year"]] == pytest.approx(means)
    assert sum(means) == pytest.approx(float(shown.total("value")["mean"]))
    told = [float(cell.split(" ± ")[0].replace(",", "")) for cell in cells(shown, "Mean")]
    unit = 1e6 if max(map(abs, means)) > 9e5 else 1e3
    assert told[:-1] == pytest.approx([mean / unit for mean in means], abs=0.051)
    assert sum(told[:-1]) == pytest.approx(told[-1], abs=0.05 * len(told))
    assert cells(shown, "Year") == [*shown.arm.year_names, "All"]


def test_the_chance_of_a_saving_is_one_figure(shown: Shown) -> None:
    last = [shown.rows("probabilities", payer="public purse", money=money)[-1] for money in ("value", "cash")]
    assert shown.json["p_saving_by_year"][-1]["p"] == pytest.approx(float(last[0]["saves"]))
    assert 1 - shown.json["payback"]["p_never"] == pytest.approx(float(last[0]["paid_back"]))
    assert 1 - shown.json["payback_cash"]["p_never"] == pytest.approx(float(last[1]["paid_back"]))
    line = next(line for line in shown.lines if "it saves in " in line.lower())
    title = figures.npv_distribution(shown.findings).figure.get_suptitle().replace("\n", " ")
    for words in (line, title):
        assert fits(words.lower().partition("saves in ")[2], float(last[0]["saves"]))
    curve = figures.payback_curve(shown.findings).containers[0].lines[0]
    assert np.asarray(curve.get_ydata())[-1] == pytest.approx(float(last[0]["paid_back"]))


def fits(words: str, share: float) -> bool:
    """Whether a count of futures is a share rounded to it."""
    if words.startswith("no simulated"):
        return share == 0
    if words.startswith("every"):
        return share == 1
    bound = re.match(r"(fewer|more) than (\d+) of 100", words)
    if bound:
        return share < int(bound[2]) / 100 if bound[1] == "fewer" else share > int(bound[2]) / 100
    part, whole = map(int, re.match(r"(\d+) of (\d+)", words).groups())  # type: ignore[union-attr]
    return abs(part / whole - share) <= 0.5 / whole + 1e-9


def test_the_payback_time_is_one_figure(shown: Shown) -> None:
    median = shown.total("value")["payback_median_year"]
    assert shown.json["payback"]["median_year"] == (float(median) if median else None)
    told = [re.search(r"by the end of (\S+) \((\d+\.\d)", line) for line in shown.lines]
    for words in filter(None, told):
        assert abs(float(words[2]) - float(median)) <= 0.051
        assert words[1] == shown.arm.year_names[int(np.ceil(float(median))) - 1]
    note = " ".join(text.get_text() for text in figures.payback_curve(shown.findings).figure.texts)
    if median:
        assert f"Median payback {float(median):.1f} years" in note.replace("\n", " ")


def test_the_qalys_are_one_figure(shown: Shown) -> None:
    row = next(row for row in shown.rows("health") if row["figure"].startswith("QALYs"))
    for column in ("mean", "low", "high"):
        assert shown.json["qaly"][column] == pytest.approx(float(row[column]))
    told = next((line for line in shown.lines if line.startswith("Health: ")), "")
    assert bool(told) == (float(row["mean"]) != 0)
    if told:
        mean, error, low, high = map(float, re.findall(r"-?\d+(?:\.\d+)?", told.replace("95 %", ""))[:4])
        assert abs(mean - abs(float(row["mean"]))) <= 10 ** np.floor(np.log10(error)) / 2 * (1 + 1e-9)
        assert (low, high) == tuple(float(f"{float(row[end]):.2g}") for end in ("low", "high"))


def test_the_worth_of_health_is_one_figure(shown: Shown) -> None:
    rows = shown.rows("health", figure="net monetary benefit")
    assert [each["qaly_value"] for each in shown.json["net_benefit"]] == [float(row["qaly_value"]) for row in rows]
    line = next((line for line in shown.lines if line.startswith("With health valued at ")), "")
    told = re.findall(r"£[\d,]+ a QALY: a net (benefit|loss) of £([\d.,]*\d)( million)?", line)
    for row, fact in zip(rows, shown.json["net_benefit"], strict=True):
        assert all(fact[end] == pytest.approx(float(row[end])) for end in ("mean", "low", "high", "mcse"))
    for (kind, digits, million), row in zip(told, rows, strict=bool(line)):
        amount = float(digits.replace(",", "")) * (1e6 if million else 1)
        assert near(amount if kind == "benefit" else -amount, row["mean"], row["mcse"]), row
    (social,) = shown.rows("health", figure="net present social value")
    assert shown.json["social_value"]["mean"] == pytest.approx(float(social["mean"]))


def test_what_a_saving_is_made_of_is_one_figure_and_adds_up_to_it(shown: Shown) -> None:
    parts = {row["part"]: row for row in shown.rows("parts", whose="public purse")}
    for part, name in (
        ("simulated cash", "cash"),
        ("simulated capacity", "capacity"),
        ("benefits as stated", "stated"),
    ):
        assert shown.json["parts"][name]["mean"] == pytest.approx(float(parts[part]["mean"]))
    three = ("simulated cash", "simulated capacity", "benefits as stated")
    assert sum(float(parts[each]["mean"]) for each in three) == pytest.approx(float(shown.total("value")["mean"]))
    line = next((line for line in shown.lines if line.startswith("Made of ")), "")
    for part in three[:2]:
        if part in line:
            assert near(amounts(line.partition(f"{part} ")[2])[0], parts[part]["mean"], parts[part]["mcse"]), part


def test_what_comes_back_for_each_pound_is_one_figure(shown: Shown) -> None:
    rows = {row["version"]: row for row in shown.rows("returns")}
    for version, row in rows.items():
        fact = shown.json["returns"][version]["ratio"]
        assert (fact is None) == (row["ratio"] == "") and (fact is None or fact == pytest.approx(float(row["ratio"])))
    line = next((line for line in shown.lines if line.startswith("For each £1 ")), "")
    told = re.search(r"£1 of all: £(\d+\.\d\d)", line)
    if told:
        assert abs(float(told[1]) - float(rows["public value"]["ratio"])) <= 0.005 + 1e-9


def test_delivery_and_effects_as_lived_are_one_figure(shown: Shown) -> None:
    for name in ("delivery", "lived"):
        rows = [row for row in shown.rows(name) if row.get("part", "everyone") == "everyone"]
        for row, fact in zip(rows, shown.json[name], strict=True):
            for column, value in fact.items():
                if isinstance(value, float):
                    assert value == pytest.approx(float(row[column])), column
    starts = sum(float(row["starts"]) for row in shown.rows("delivery", part="everyone", support="walks"))
    told = re.search(r"^Per person who starts \(([\d.,]+)(?: ± ([\d.]+))? people", shown.line("Per person who starts"))
    assert told and near(float(told[1].replace(",", "")), starts, told[2] or 0)


def test_the_summary_holds_the_same_sentences(shown: Shown) -> None:
    lines = summary(shown.findings).splitlines()
    assert all(line in (lines if k == 0 else [each[2:] for each in lines]) for k, line in enumerate(shown.lines))
    assert (shown.folder / "summary.txt").read_text(encoding="utf-8").splitlines() == lines


def test_each_budget_is_one_figure(shown: Shown) -> None:
    line = shown.line("Budgets ")
    totals = {row["title"]: row for row in shown.rows("budgets", year="")}
    named: Mapping[str, Any] = {
        title: row for title, row in totals.items() if f"{title} " in line.partition(". Within")[0]
    }
    assert named
    for title, row in named.items():
        (first, *_) = amounts(line.partition(f"{title} ")[2])
        assert near(first, row["discounted"], row["discounted_mcse"]), title
        assert shown.json["budgets"][row["payer"]]["mean"] == pytest.approx(float(row["discounted"]))
    legend = {bars.get_label(): sum(bar.get_height() for bar in bars) for bars in bars_of(shown)}
    for title, height in legend.items():
        assert title == "other" or height == pytest.approx(float(totals[title]["discounted"]))


def bars_of(shown: Shown) -> list[Any]:
    return list(figures.saving_by_payer(shown.findings).containers)


@pytest.mark.parametrize(
    ("rules", "start"), [("nice 2025", ("£", "this run", "no ")), ("green book 2022", ("net present social value ",))]
)
def test_the_first_sentence_follows_the_rules_and_money_comes_second(rules: str, start: tuple[str, ...]) -> None:
    run = village_run(MOOD, COSTLY, f'economics.rules="{rules}"', rows=ROWS, people=PEOPLE)
    arm = run.findings().arms[0]
    first, money, *_ = run.findings().sentences()
    assert first.partition(": ")[2].startswith(start) and money.startswith("Money: ")
    brief = as_json(run, None)
    assert brief["headline"] == arm.headline
    if rules.startswith("nice"):
        cost = brief["cost_per_qaly"]
        assert cost is not None and "net health benefit" in first
        told = amounts(first.partition(": ")[2])[0]
        assert near(told, cost["mean"], cost["mcse"])
        assert cost["mean"] == pytest.approx(-brief["npv"]["mean"] / brief["qaly"]["mean"])
        fact = next(each for each in brief["net_benefit"] if each["qaly_value"] == 20_000)
        health = float(re.search(r"(-?[\d.,]+)(?: ± [\d.]+)? QALYs at £20,000", first)[1].replace(",", ""))  # type: ignore[index]
        assert health == pytest.approx(fact["mean"] / 20_000, abs=fact["mcse"] / 20_000)
    else:
        social = brief["social_value"]
        assert near(amounts(first.partition(": ")[2])[0], social["mean"], social["mcse"])
