"""What a programme averts: visits, emergencies and days under usual care less those in the arm.

averted       usual care - arm                              by year and over the horizon, in the whole place
interaction   averted - sum of what its parts avert         of a combination whose programmes have arms of their own
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.activity.ledger import Ledger
from simulator.findings.finding import BAND, COUNT, Finding, Row, Table, kinds_of
from simulator.scenario.tables import Scenario
from simulator.uncertainty.ranges import Array, Ranges, Sample, Value, ranges, row_means, standard_error

if TYPE_CHECKING:
    from simulator.findings.arm import ArmFindings

FIELD = (
    (
        re.compile(r"\ba ?& ?e\b|\bae\b|accident and emergency|emergency department"),
        ("", "A&E attendances", "A&E days"),
    ),
    (re.compile(r"\bgps?\b|general practice"), ("", "GP consultations", "GP days")),
    (re.compile(r"outpatient"), ("", "outpatient appointments", "outpatient days")),
    (
        re.compile(r"emergency.*\b(ward|beds?)\b|\b(ward|beds?|hospital)\b.*emergency"),
        ("emergency ", "admissions", "bed days"),
    ),
    (re.compile(r"\b(ward|hospital|inpatient)\b"), ("hospital ", "admissions", "bed days")),
)
"""Places as the field knows them: what their titles hold, and what visits and days there are called."""
SHOWN = ("visits", "emergency", "days", "emergency_days", "met_elsewhere", "starts", "deaths")


@dataclass(frozen=True)
class Averted:
    """One activity in the whole place over the horizon: usual care, with the programme, and the difference.

    ``averted`` is usual care minus the arm. For a combination of programmes that also have arms of their own,
    ``interaction`` is what the parts do not add up to.
    """

    item: str
    usual_care: float
    with_programme: float
    averted: Ranges
    by_year: Ranges  # [year]
    interaction: Value | None = None


def in_the_field(item: str, titles: Mapping[str, str]) -> str:
    """What the field calls an activity: by the title of its place, which is kept where there is no better word.

    Args:
        item: an activity, kind:place.
        titles: titles of all places; of two that would be called alike each keeps its title.

    Example:
        >>> titles = {"ward": "Hospital ward, emergency", "ae": "A&E", "hospice": "St Ann's hospice"}
        >>> [in_the_field(item, titles) for item in ("visits:ward", "days:ward", "emergency:ae", "visits:hospice")]
        ['emergency admissions', 'emergency bed days', 'A&E attendances', "visits at St Ann's hospice"]
    """
    kind, _, place = item.partition(":")
    title = titles.get(place) or place.replace("_", " ")
    others = [_known(other) for name, other in titles.items() if name != place]
    known = _known(title)
    if known is None or known in others:
        return f"{kind.replace('_', ' ')} at {title}" if title else kind.replace("_", " ")
    which, visits, days = known
    is_urgent = kind.startswith("emergency") and which == "hospital "
    return f"{'emergency ' if is_urgent else which}{days if kind.endswith('days') else visits}"


def place_titles(scenario: Scenario) -> dict[str, str]:
    """What places are called."""
    return {name: place.title or name.replace("_", " ") for name, place in scenario.places.items()}


def _known(title: str) -> tuple[str, str, str] | None:
    return next((words for pattern, words in FIELD if pattern.search(title.lower())), None)


def averted(ledger: Ledger, arm: str, sample: Sample, parts: Sequence[str] = ()) -> tuple[Averted, ...]:
    """Every activity that happens under usual care or in the arm.

    Args:
        ledger: the activity.
        arm: a programme arm.
        sample: where the rows of the ledger come from.
        parts: arms of the single programmes of a combination.

    Example:
        >>> counts = np.array([[30.0, 20.0], [18.0, 14.0]]).reshape(1, 1, 2, 1, 2, 1)  # two arms, two years
        >>> one, windows = np.ones((1, 1)), np.zeros((1, 1, 1, 2, 2, 2, 0))
        >>> arms, rows = ("usual care", "walks"), np.arange(1)
        >>> ledger = Ledger(arms, ("everyone",), ("visits:ae",), (), rows, one, 1.0, counts, windows)
        >>> (visits,) = averted(ledger, "walks", Sample(one, 1.0, rows, one_stream=True))
        >>> visits.usual_care, visits.with_programme, float(visits.averted.mean)
        (50.0, 32.0, 18.0)
    """
    items = [name for name in ledger.items if name.split(":")[0] in SHOWN]
    usual, in_arm = _in_the_place(ledger, ledger.arms[0], items), _in_the_place(ledger, arm, items)
    beyond = usual - in_arm - sum(usual - _in_the_place(ledger, part, items) for part in parts)
    totals = [_total(counts, sample) for counts in (usual, in_arm, beyond)]
    total, by_year = ranges((usual - in_arm).sum(axis=-2), sample), ranges(usual - in_arm, sample)
    return tuple(
        Averted(
            item=item,
            usual_care=float(totals[0].value[k]),
            with_programme=float(totals[1].value[k]),
            averted=total.at(k),
            by_year=by_year.at(k),
            interaction=totals[2].at(k) if parts else None,
        )
        for k, item in enumerate(items)
        if np.any(usual[..., k]) or np.any(in_arm[..., k])
    )


def _in_the_place(ledger: Ledger, arm: str, items: Sequence[str]) -> Array:
    """Everyone's activity in an arm, in the whole place: [row, replicate, year, item]."""
    columns = [ledger.items.index(item) for item in items]
    counts = ledger.activity[:, :, ledger.arms.index(arm), 0][..., columns]
    return np.asarray(counts * ledger.weight()[:, :, None, None])


def _total(counts: Array, sample: Sample) -> Value:
    """Mean of the rows over all years: [row, replicate, year, item] -> [item]."""
    means = row_means(counts.sum(axis=-2), sample.people)
    return Value(means.mean(axis=0), standard_error(means, sample.batch))


def rows(arm: ArmFindings) -> Iterator[Row]:
    """Each activity over the horizon."""
    for entry in arm.averted:
        counts = {"usual_care": entry.usual_care, "with_programme": entry.with_programme}
        yield {"item": entry.item, **counts, **entry.averted.place.to_dict()}


ACTIVITY = Finding(tables=(Table("activity", rows, kinds_of(COUNT, *BAND, "usual_care", "with_programme")),))
