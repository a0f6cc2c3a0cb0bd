"""The decision tables of a run: what the programme costs and saves, for whom, by when and how sure we are.

A saving is positive, a cost negative; pounds are real pounds of the whole place. Years are counted 0, 1, 2 ...; an
entry "by year y" looks at the end of year y, y + 1 years after the start. Every figure carries its Monte Carlo error.
Nothing is computed here but words and tables: :mod:`simulator.decide` fills it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.outcomes import (
    MONEY_WORDS,
    PUBLIC_PURSE,
    SOCIETY,
    ArmFindings,
    Averted,
    BeforeAfter,
    BreakEven,
    FundingGap,
    Health,
    LineSaving,
    Money,
    OtherModel,
    Payback,
    ReturnRatio,
    Row,
    Survivors,
    Transfer,
    Version,
    View,
    WeakEvidence,
    Worth,
)
from simulator.uncertainty.ranges import Band, Ranges, Value, plain
from simulator.wording import sentences

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FEW_ROWS_NOTE",
    "MONEY_WORDS",
    "NEW_PLACE_NOTE",
    "PUBLIC_PURSE",
    "SOCIETY",
    "ArmFindings",
    "Averted",
    "BeforeAfter",
    "BreakEven",
    "Findings",
    "FundingGap",
    "Health",
    "LineSaving",
    "Money",
    "OtherModel",
    "Payback",
    "ReturnRatio",
    "Row",
    "Survivors",
    "Transfer",
    "Version",
    "View",
    "WeakEvidence",
    "Worth",
]

NEW_PLACE_NOTE = (
    "{title}: the scenario states no spread between places (between_sites), so a range for a new place leaves it out"
)
FEW_ROWS_NOTE = (
    "{title}: {rows} sets of parameters are too few to part places from parameters, so the range of the expected "
    "effect holds both"
)


@dataclass(frozen=True)
class Findings:
    """The findings of a run: one entry per programme arm."""

    scenario: str
    title: str
    price_year: str
    evidence: str
    optimism: str
    place_size: float
    years: int
    funding_years: float
    rows: int
    people: float  # simulated per row
    batches: int
    public_payers: tuple[str, ...]
    payer_titles: dict[str, str]
    place_titles: dict[str, str]
    arms: tuple[ArmFindings, ...]
    notes: tuple[str, ...] = ()

    def arm(self, name: str) -> ArmFindings:
        """The findings of one programme arm.

        Raises:
            KeyError: when no arm has that name.
        """
        for arm in self.arms:
            if arm.arm == name:
                return arm
        raise KeyError(f"{name}: allowed {', '.join(arm.arm for arm in self.arms)}")

    def per_head(self, arm: str, money: Money = "value") -> Ranges:
        """Discounted net saving to the public purse per person of the place."""
        return self.arm(arm).view(money=money).npv.scaled(1 / self.place_size)

    def to_dict(self) -> Row:
        """The findings a script wants, as plain values ready for JSON (no infinities; null where undefined)."""
        told = {name: getattr(self, name) for name in _TOLD}
        arms = {arm.arm: self._arm_dict(arm) for arm in self.arms}
        return dict(_jsonable({**told, "notes": list(self.notes), "arms": arms}))

    def sentences(self, arm: str | None = None) -> list[str]:
        """Five plain lines about one programme arm (the first when none is named), as a run ends with them.

        Net saving and its range; the share of futures that save; payback; who pays and who gains; the weakest evidence.
        A sixth says what other ways to build the model give, where they were worked out.

        Raises:
            KeyError: when no arm has that name.
        """
        found = self.arms[0] if arm is None else self.arm(arm)
        return sentences(found, self.evidence, self.years, self.payer_titles)

    def tables(self) -> dict[str, list[Row]]:
        """Long tables by name, one dict per row: by_year, totals, probabilities, programme, transfers,
        lines, activity, health, returns, before_after, break_even, alternatives.
        """
        return {
            name: [_jsonable({"arm": arm.arm, **row}) for arm in self.arms for row in rows(arm)]
            for name, rows in _TABLES.items()
        }

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """The tables as pandas frames, for CSV and spreadsheets."""
        import pandas as pd

        return {name: pd.DataFrame(rows) for name, rows in self.tables().items()}

    def _arm_dict(self, arm: ArmFindings) -> Row:
        view, cash = arm.view(), arm.view(money="cash")
        return {
            "programmes": list(arm.programmes),
            "starts": float(arm.starts.mean),
            "npv": view.npv.place.to_dict(),
            "npv_expected": view.npv.expected.to_dict(),
            "npv_new_place": None if view.npv.new_place is None else view.npv.new_place.to_dict(),
            "npv_cash": cash.npv.place.to_dict(),
            "chance_share": float(view.npv.chance_share),
            "net_saving_by_year": list(_years(view.by_year.place)),
            "cash_saving_by_year": list(_years(cash.by_year.place)),
            "p_saving_by_year": list(_value_years(view.p_saving, "p")),
            "payback": view.payback.to_dict(),
            "payback_cash": cash.payback.to_dict(),
            "qaly": arm.health.qaly.place.to_dict(),
            "before_after": [_before_after_dict(entry) for entry in arm.before_after],
            "break_even": [_break_even_dict(point) for point in arm.break_even],
            "alternatives": list(_alternative_rows(arm)),
        }


_TOLD = ("scenario", "title", "price_year", "evidence", "optimism", "place_size", "years", "rows", "people", "batches")


def _jsonable(value: Any) -> Any:
    """Nan and infinity as None, arrays as numbers."""
    if isinstance(value, dict):
        return {key: _jsonable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_jsonable(part) for part in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def _years(band: Band) -> Iterator[Row]:
    for year in range(len(band.mean)):
        yield {"year": year, **band.at(year).to_dict()}


def _value_years(value: Value, name: str) -> Iterator[Row]:
    for year in range(len(value.value)):
        yield {"year": year, **plain({name: value.value[year], "mcse": value.mcse[year]})}


def _before_after_dict(entry: BeforeAfter) -> Row:
    told = {name: getattr(entry, name) for name in ("who", "measure", "per", "people", "before", "after")}
    bands = {name: getattr(entry, name) for name in ("naive", "true", "rho")}
    means = {name: None if band is None else float(band.mean) for name, band in bands.items()}
    errors = {f"{name}_mcse": None if band is None else float(band.mcse) for name, band in bands.items()}
    return {**told, "after_without": entry.after_without, **means, **errors}


def _break_even_dict(point: BreakEven) -> Row:
    """Null for a ratio that no effect reaches."""
    told = {name: getattr(point, name) for name in ("money", "what", "now", "ratio", "mcse", "rows")}
    return {**told, "tried": [{key: row[key] for key in ("ratio", "mean", "mcse")} for row in _tried(point)]}


def _tried(point: BreakEven) -> Iterator[Row]:
    for k in range(len(point.ratios)):
        saved = plain({"ratio": point.ratios[k], "mean": point.saving.value[k], "mcse": point.saving.mcse[k]})
        yield {**saved, "per_start": saved["mean"] / point.starts if point.starts > 0 else None}


# ------------------------------------------------------------------------------------------- long tables


def _by_year_rows(arm: ArmFindings) -> Iterator[Row]:
    for view in arm.views:
        for figure in ("by_year", "cumulative", "discounted_by_year", "discounted"):
            for name, band in getattr(view, figure).named().items():
                told = {"payer": view.payer, "money": view.money, "figure": figure, "range": name}
                for row in _years(band):
                    yield {**told, **row}


def _total_rows(arm: ArmFindings) -> Iterator[Row]:
    for view in arm.views:
        told = {"payer": view.payer, "money": view.money, "invests": view.invests}
        payback = {f"payback_{name}": value for name, value in view.payback.to_dict().items()}
        gap = {"gap_depth": float(view.gap.depth.mean), "gap_year": view.gap.year}
        shortfall = plain({"worst_tenth": view.shortfall.value, "worst_tenth_mcse": view.shortfall.mcse})
        yield {
            **told,
            **view.npv.place.to_dict(),
            **plain({"undiscounted": view.total.mean}),
            **payback,
            **gap,
            **shortfall,
        }


def _line_rows(arm: ArmFindings) -> Iterator[Row]:
    for line in arm.lines:
        told = {"line": line.name, "payer": line.payer, "kind": line.kind}
        yield {**told, "cash": float(line.cash.mean), **line.value.place.to_dict()}


def _activity_rows(arm: ArmFindings) -> Iterator[Row]:
    for entry in arm.averted:
        told = {"item": entry.item, "usual_care": entry.usual_care, "with_programme": entry.with_programme}
        yield {**told, **entry.averted.place.to_dict()}


def _health_rows(arm: ArmFindings) -> Iterator[Row]:
    yield {
        "figure": "QALYs gained, discounted",
        "qaly_value": None,
        "p_above_0": None,
        **arm.health.qaly.place.to_dict(),
    }
    for worth in arm.health.worth:
        told = {"qaly_value": worth.qaly_value, "p_above_0": float(worth.p_worth_it.value)}
        yield {"figure": "net monetary benefit", **told, **worth.net_benefit.place.to_dict()}


def _return_rows(arm: ArmFindings) -> Iterator[Row]:
    for entry in arm.returns:
        told = {"version": entry.version, "benefits": entry.benefits, "spending": entry.spending}
        yield {**told, "ratio": entry.ratio, "mcse": entry.mcse, "words": entry.words}


def _before_after_rows(arm: ArmFindings) -> Iterator[Row]:
    yield from map(_before_after_dict, arm.before_after)


def _break_even_rows(arm: ArmFindings) -> Iterator[Row]:
    for point in arm.break_even:
        told = {"money": point.money, "what": point.what}
        for row in _tried(point):
            yield {**told, "figure": "net saving at this ratio", **row, "ratio_mcse": None}
        found = {"ratio": point.ratio, "mean": None, "mcse": None, "per_start": None, "ratio_mcse": point.mcse}
        yield {**told, "figure": "break-even", **found}


def _alternative_rows(arm: ArmFindings) -> Iterator[Row]:
    for other in arm.alternatives:
        told = {"alternative": other.name, "title": other.title, "money": other.money, "per_start": other.per_start}
        apart = plain({"difference": other.difference.value, "difference_mcse": other.difference.mcse})
        yield {**told, **apart, "rows": other.rows, "simulated": other.simulated, "why": other.why}


def _probability_rows(arm: ArmFindings) -> Iterator[Row]:
    """Shares of the futures of a place of this size, by the end of each year."""
    for view in arm.views:
        shares = {
            "saves": view.p_saving,
            "paid_back": view.payback.by_year,
            "at_zero_once": view.payback.crossed_by_year,
        }
        for year in range(len(view.p_saving.value)):
            told = {"payer": view.payer, "money": view.money, "year": year}
            for name, share in shares.items():
                told |= plain({name: share.value[year], f"{name}_mcse": share.mcse[year]})
            yield told


def _programme_rows(arm: ArmFindings) -> Iterator[Row]:
    """What a programme is and costs, and what its saving rests on."""
    yield {"figure": "starts", "year": None, **arm.starts.place.to_dict()}
    for row in _years(arm.spending_by_year.place):
        yield {"figure": "programme spending", **row}
    yield {"figure": "programme spending, discounted", "year": None, **arm.spending.place.to_dict()}
    for words, each in (("at full value", arm.per_starter()), ("in cash", arm.per_starter("cash"))):
        if each is not None:
            yield {"figure": f"net saving per start, discounted, {words}", "year": None, **each.place.to_dict()}
    parts = {
        "net saving as if as many were alive": arm.survivors.fixed_survival,
        "net saving from people living longer (a cost) or dying earlier": arm.survivors.survival,
        "net saving beyond the sum of the programmes": arm.interaction,
    }
    for figure, part in parts.items():
        if part is not None:
            yield {"figure": figure, "year": None, **plain({"mean": part.value, "mcse": part.mcse})}


def _transfer_rows(arm: ArmFindings) -> Iterator[Row]:
    for entry in arm.transfers:
        yield {"giver": entry.giver, "taker": entry.taker, "pounds": entry.pounds}


_TABLES = {
    "by_year": _by_year_rows,
    "totals": _total_rows,
    "probabilities": _probability_rows,
    "programme": _programme_rows,
    "transfers": _transfer_rows,
    "lines": _line_rows,
    "activity": _activity_rows,
    "health": _health_rows,
    "returns": _return_rows,
    "before_after": _before_after_rows,
    "break_even": _break_even_rows,
    "alternatives": _alternative_rows,
}
