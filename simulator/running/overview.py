"""One line for each programme and mode of evidence: every programme of a library side by side.

    saving after y years, each start = mean discounted net saving to the public purse up to the end of year y / starts
    starts                           = mean programme starts within the horizon

Programmes of one population share the lives of usual care (`running.together`). Amounts, errors and chances are those
that a run of the scenario alone with as many rows and people would tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.errors import RunError, SimulatorError
from simulator.findings.arm import payer_titles, sample_of_arm
from simulator.findings.evidence.drivers import Drivers, drivers
from simulator.findings.finding import SURE, Row, mean_of
from simulator.findings.health import discounted_qalys
from simulator.findings.saving import View, net_saving
from simulator.findings.survivors import survivors
from simulator.model.pathway import people_lived
from simulator.money.account import Account, Array
from simulator.money.price import price
from simulator.running.estimate import estimate
from simulator.running.modes import ORDER
from simulator.running.size import BUDGET
from simulator.running.together import companies, lived_together
from simulator.scenario.evidence import unclaimed
from simulator.scenario.inherit import parents
from simulator.scenario.library import find, packaged
from simulator.scenario.read import read
from simulator.scenario.tables import MODE_WORDS, EvidenceMode, Scenario
from simulator.uncertainty.design import Design
from simulator.uncertainty.ranges import Value

__all__ = ["Overview", "Plan", "overview", "planned"]

ROWS, PEOPLE = 64, 2000  # enough to tell the sign of most savings in a few minutes
LIMITED_ROWS = 32  # where everybody is lived, which takes long
AFTER_YEARS = (1, 3, 5, 10)
FURTHER = 0.2  # of the lives of the first, those of a further programme
A_TENTH = 0.1  # of what parameters do: a number below it does not matter
TELLING_S = 0.7  # of one programme in one mode: money and payback from its ledger
Progress = Callable[[int, int], None]
Say = Callable[[str], object]


@dataclass(frozen=True)
class Plan:
    """Which programmes are looked at, and who lives together."""

    companies: tuple[tuple[Scenario, ...], ...]
    populations: Mapping[str, str]  # title of the population, by the name of the scenario
    failed: tuple[str, ...]  # scenarios that cannot be read

    @property
    def count(self) -> int:
        """Scenarios."""
        return sum(map(len, self.companies))

    def seconds(self, rows: int | None = None, people: int = PEOPLE, workers: int | None = None) -> float:
        """About how long all of it takes.

        Args:
            rows: sampled sets of parameters; 64, or 32 where a place or a support is limited, if left out.
            people: people lived in each, where nothing is limited.
            workers: as in a run.
        """
        return sum(_seconds(company, rows, people, workers) for company in self.companies)


@dataclass(frozen=True)
class Overview:
    """Lines, a programme arm and a mode of evidence each, and the scenarios that are missing among them."""

    rows: tuple[Row, ...]
    failed: tuple[str, ...]


def planned(names: Sequence[str | Path] = (), *, say: Say = print) -> Plan:
    """What an overview will look at.

    Args:
        names: files or names of scenarios; every scenario of the library with a programme if left out.
        say: called with what is wrong with a scenario that is left out.

    Example:
        >>> [scenario.name for company in planned(["befriending", "popp"]).companies for scenario in company]
        ['befriending', 'popp']
    """
    found, populations, failed = list[Scenario](), dict[str, str](), list[str]()
    for name in names or packaged():
        try:
            scenario = read(name)
            if len(scenario.all_arms()) > 1:
                found.append(scenario)
                populations[scenario.name] = _population(find(name))
            elif names:
                raise RunError("found no programme; allowed a scenario with one; `simulator list` shows them")
        except SimulatorError as fault:
            say(f"{name}: {fault}")
            failed.append(str(name))
    return Plan(tuple(map(tuple, companies(found))), populations, tuple(failed))


def _population(file: Path) -> str:
    """The title of the first scenario above a file that has no programme; its own where there is none."""
    above = parents(file)
    without = next((parent for parent in above if not read(parent).programmes), None)
    if without is not None:
        return read(without).title
    return _population(above[0]) if above else read(file).title


def overview(
    plan: Plan,
    *,
    rows: int | None = None,
    people: int = PEOPLE,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    say: Say = print,
) -> Overview:
    """Every programme of a plan in every mode of evidence.

    Args:
        plan: from :func:`planned`.
        rows: sampled sets of parameters; 64, or 32 where a place or a support is limited, if left out.
        people: people lived in each set; everybody where a place or a support is limited.
        seed: as in a run.
        workers: as in a run.
        progress: called with programmes in a mode done and in all.
        say: called with what stopped a scenario.

    Returns:
        The lines by population, programme and mode, and what failed.

    Example:
        >>> overview(planned(["befriending"]), rows=32).rows[0]["net_saving_10"]  # doctest: +SKIP
    """
    told, failed = list[Row](), list(plan.failed)
    done, total = 0, len(ORDER) * sum(map(len, plan.companies))

    def lines_of(company: Sequence[Scenario]) -> None:
        """Lines of all of a company or, where something stops it, of each of it that can be lived alone."""
        nonlocal done
        try:
            each_mode = [_told(company, mode, rows, people, seed, workers, plan.populations) for mode in ORDER]
        except SimulatorError as fault:
            if len(company) > 1:
                for one in company:
                    lines_of((one,))
                return
            say(f"{company[0].name}: {fault}")
            failed.append(company[0].name)
        else:
            told.extend(line for mode in each_mode for line in mode)
        done += len(ORDER) * len(company)
        if progress is not None:
            progress(done, total)

    for company in plan.companies:
        lines_of(company)
    return Overview(tuple(_in_order(_told_apart(told))), tuple(failed))


def _told_apart(lines: Sequence[Row]) -> list[Row]:
    """Lines with the name of the scenario behind a title that several have."""
    whose = dict[str, set[str]]()
    for row in lines:
        whose.setdefault(row["title"], set()).add(row["scenario"])
    return [
        row if len(whose[row["title"]]) == 1 else row | {"title": f"{row['title']} ({row['scenario']})"}
        for row in lines
    ]


def _in_order(lines: Sequence[Row]) -> list[Row]:
    """By population, scenario and arm as they were planned, the modes of one arm below each other."""
    places = list(dict.fromkeys(row["population"] for row in lines))
    arms = list(dict.fromkeys((row["scenario"], row["arm"]) for row in lines))
    return sorted(lines, key=lambda row: (places.index(row["population"]), arms.index((row["scenario"], row["arm"]))))


def _seconds(company: Sequence[Scenario], rows: int | None, people: int, workers: int | None) -> float:
    """Usual care and the first programme in each mode; what a further programme adds is a part of that."""
    rows, count = _rows(company, rows), people_lived(company[0], None if company[0].limited() else people)
    alone = estimate(company[0], rows, count, "compiled", workers, BUDGET, elsewhere=False).seconds or 0.0
    arms = sum(len(scenario.all_arms()) - 1 for scenario in company)
    return len(ORDER) * (alone * (1 + FURTHER * (len(company) - 1)) + TELLING_S * arms)


def _rows(company: Sequence[Scenario], rows: int | None) -> int:
    return rows or (LIMITED_ROWS if company[0].limited() else ROWS)


def _told(
    company: Sequence[Scenario],
    mode: EvidenceMode,
    rows: int | None,
    people: int,
    seed: int,
    workers: int | None,
    populations: Mapping[str, str],
) -> list[Row]:
    """The lines of a company in one mode of evidence."""
    rows, count = _rows(company, rows), people_lived(company[0], None if company[0].limited() else people)
    found = lived_together(company, mode, rows=rows, people=count, seed=seed, workers=workers)
    return [
        {"population": populations[scenario.name], "scenario": scenario.name, **line, "rows": rows, "people": count}
        for scenario in company
        for line in _scenario_lines(scenario, mode, *found[scenario.name])
    ]


def _scenario_lines(scenario: Scenario, mode: EvidenceMode, ledger: Ledger, design: Design) -> Iterator[Row]:
    account = price(ledger, scenario, design, mode)
    for arm, programmes in list(scenario.all_arms().items())[1:]:
        about = {"arm": arm, "title": scenario.arm_title(arm), "evidence": mode, "words": MODE_WORDS[mode]}
        claims = _has_claims(scenario, programmes) or mode != "claimed"
        harm = survivors(account, ledger, scenario, arm).is_harm
        yield (
            about
            | {"years": scenario.horizon.years, "has_figure": claims, "harm": harm}
            | _line(account, scenario, arm)
        )


def _has_claims(scenario: Scenario, programmes: Sequence[str]) -> bool:
    """Whether anybody put a usable figure on an effect or a benefit of some programmes."""
    stated = sum(
        len(scenario.programmes[name].effects) + len(scenario.programmes[name].benefits) for name in programmes
    )
    return len(unclaimed(scenario, tuple(programmes))) < stated


def _line(account: Account, scenario: Scenario, arm: str) -> Row:
    """What is told of an arm in one mode."""
    sample, titles = sample_of_arm(account, scenario, arm), payer_titles(scenario)
    starts = float(mean_of(account.starts[:, :, account.arms.index(arm)].sum(axis=-1), account).value)
    view = net_saving(account, arm, sample)
    cash = mean_of(account.discounted(account.public_saving(arm, cash=True)), account)
    each = 1 / starts if starts > 0 else float("nan")
    gains = [titles.get(payer, payer) for payer in account.payers if _gains_cash(account, arm, payer)]
    return {
        "starts": starts,
        **_by_year(view, each),
        **_figure("cash_saving", cash, each),
        **_health(discounted_qalys(account, arm), account, each),
        "p_pays_back": 1 - float(view.payback.p_never.value),
        "p_pays_back_mcse": float(view.payback.p_never.mcse),
        "who_pays": "; ".join(titles.get(payer, payer) for payer in account.investors(arm)),
        "who_gains_cash": "; ".join(gains),
        **_grade(drivers(account, scenario, arm, sample)),
    }


def _by_year(view: View, each: float) -> Row:
    """The net saving for each start after some years, and at the end; empty beyond the horizon."""
    years, told = len(view.by_year.mean), dict[str, Any]()
    for after in AFTER_YEARS:
        if after <= years:
            band = view.discounted.at(after - 1).place
            told |= _figure(f"net_saving_{after}", Value(band.mean, band.mcse), each)
        else:
            told |= {f"net_saving_{after}": None, f"net_saving_{after}_mcse": None}
    end = view.npv.place
    told |= _figure("net_saving", Value(end.mean, end.mcse), each)
    return told | {"net_saving_low": float(end.low) * each, "net_saving_high": float(end.high) * each}


def _figure(name: str, value: Value, each: float) -> Row:
    return {name: float(value.value) * each, f"{name}_mcse": float(value.mcse) * each}


def _health(gained: Array, account: Account, each: float) -> Row:
    """QALYs for each start; none where nothing in this mode moves quality of life or lives."""
    return _figure("qaly", mean_of(gained, account), each) if np.any(gained) else {"qaly": None, "qaly_mcse": None}


def _gains_cash(account: Account, arm: str, payer: str) -> bool:
    """Whether a payer has clearly more cash with the arm than without it."""
    gained = mean_of(account.discounted(account.saving(arm, (payer,), cash=True)), account)
    error = float(gained.mcse)
    return float(gained.value) > SURE * (error if np.isfinite(error) else 0.0)


def _grade(found: Drivers) -> Row:
    """The weakest grade among the numbers that matter, and what that number is; none where chance hides them."""
    told = [each for each in found.largest if each.share > max(A_TENTH, SURE * each.mcse)] if found.seen else []
    worst = max(told, key=lambda each: (each.grade, each.share), default=None)
    return {"worst_grade": None if worst is None else worst.grade, "graded": "" if worst is None else worst.words}
