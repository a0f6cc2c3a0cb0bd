"""Turns simulated lives into the figures that checks name.

The measures, with names as in the scenario:

===================================  ==================================================================================
comparison "usual care"              first year, or ``years`` of the check, no programme
===================================  ==================================================================================
an item of the ledger                ``visits:gp``, ``deaths``, ``days:inpatient`` ...: so many for ``per`` people, all
                                     years together; several joined by ``+``
ITEM/ITEM                            so many of the first for each of the second: ``starts:relapse/starts:discharge``
average_on:SUPPORT                   people on a support on an average day, for ``per`` people
through_share:PLACE                  share of emergency entries that came through another place (A&E)
readmission_share:PLACE              share of emergency entries within the readmission days of an emergency stay
delayed_share:PLACE                  share of the days in a place that people were held there
occupancy:PLACE                      days in a place over those that its slots have
cost:PAYERS, price:NAME              pounds spent by these payers (joined by ``+``), or by one price, for ``per`` people
unit_cost:NAME                       pounds for each unit that a price counts, in prices of the scenario's year
mean_utility                         QALYs for each person-year
utility_norm                         mean of the norms of quality of life by age that the file states, each band once
extra_cost:PAYERS:STATE              pounds a person-year more in a health state than in the first, at the same ages
cost_ratio:PAYERS:STATE              the same as a ratio
concentration:PLACE:SHARE            share of emergency entries by the SHARE of people at highest risk at the start
repeat_share_same_year:PLACE         share of emergency entries by people with two or more of them that year
repeat_share_next_year:PLACE         what these people make a year later, as a share of the first year's entries
repeat_share_year_five:PLACE         the same five years later
===================================  ==================================================================================

===================================  ==================================================================================
a programme, one evidence mode       until a year after its funding, or as long as ``horizon.window_days``
===================================  ==================================================================================
visits, emergency, days:PLACE        change per person-year alive of those who started (several joined by ``+``) over 12
                                     months (``window_days``): "before and after" against as long before; "with and
                                     without" against the same people and months without the programme
unselected, the same:                the same people and months, all without the programme: what selection alone does
starts                               people who start while it is funded, for ``per`` people
volunteer_share                      new volunteers for each person who completes the programme
unit_cost:LABEL                      pounds for each unit of one cost of the programme (a start, a day on it, a year)
cost_per_start                       pounds of programme spending for each start, what is paid once on day 0 left out;
cost_per_participant_year            the same for each year that someone is on it;
cost_per_year                        the same for each year of funding; each with ``:LABEL+LABEL`` of these costs alone
benefit_per_start_year               pounds of stated benefits for each year of their term; ``:LABEL+LABEL`` of these
benefit_share:LABEL:PRICE            a stated benefit as a share of what those who start cost at one price without it
care_saving_per_start                pounds of care less per person-year alive, of public payers or ``:PAYERS``
qaly_per_start                       QALYs gained for each start
qaly_per_effect_year:LABEL           QALYs gained for each year that one effect on utility is at its full weight
days_averted_per_pound:PLACE         days in the place that the whole area is spared, at ``per`` pounds a day, for each
                                     pound of programme spending: an area comparison
===================================  ==================================================================================

===================================  ==================================================================================
a programme, "with and without"      over the whole horizon, discounted: what a run finds, where rows are centred
===================================  ==================================================================================
net_saving, cash_saving              pounds saved, programme and stated benefits included; gross_saving: by care alone;
gross_saving, spending               spending: on the programme; of the public purse, or of ``:PAYERS``
qaly_gain                            QALYs gained
averted:ITEM                         an item of the ledger that usual care has more of, not discounted
…_per_start, …_per_completion        each of these for each start or completion, or for ``per`` people of the place
…_per_person
===================================  ==================================================================================

With ``group:NAME.VALUE:`` before it a measure is of those people alone who have this value of a group, for ``per`` of
them: all but those of a place or of what is paid for everybody together.

Every figure is a function of sums over groups of people, so that its error can be found by leaving out one group after
the other. The record of repeated admissions counts a place whose people are replaced as they die; with the entries of
the first year as the denominator, people followed until they die give the same.
"""

from __future__ import annotations

import re

from simulator.checks.measures import by_health, programme, spending, usual_care, who_uses, whole_run
from simulator.checks.measures.sums import Measure, Parts, unknown
from simulator.checks.samples import Simulated, over_years
from simulator.errors import RunError
from simulator.scenario.tables import Check

WITH_COSTS = (
    "cost", "price", "unit_cost", "extra_cost", "cost_ratio", "benefit_share", "care_saving_per_start", "mean_utility",
    *whole_run.MEASURES,
)  # fmt: skip
"""Measures that need every place, since each costs something."""
WITHOUT_LABEL = ("starts", "volunteer_share", "mean_utility", "utility_norm", "qaly_per_start")
NOT_BY_GROUP = (
    "occupancy", "concentration", "unit_cost", "cost_per_start", "cost_per_participant_year", "cost_per_year",
    "benefit_share", "days_averted_per_pound",
)  # fmt: skip
"""Measures of a place or of what is paid for everybody together."""
USUAL_CARE: dict[str, Measure] = {**usual_care.MEASURES, **who_uses.MEASURES, **by_health.MEASURES}
PROGRAMME: dict[str, Measure] = {**programme.MEASURES, **spending.MEASURES, **whole_run.MEASURES}


def whom_and_what(measure: str) -> tuple[str, str]:
    """Whom a measure is of, a value of a group or empty for everyone, and what is measured.

    Args:
        measure: of a check.

    Raises:
        RunError: a measure that is of a place or of everybody together.

    >>> whom_and_what("group:illness.copd:visits:gp"), whom_and_what("deaths")
    (('illness.copd', 'visits:gp'), ('', 'deaths'))
    """
    if not measure.startswith("group:"):
        return "", measure
    whom, _, what = measure.removeprefix("group:").partition(":")
    if what.partition(":")[0] in (*NOT_BY_GROUP, ""):
        raise RunError(f'found the measure "{measure}"; allowed group:NAME.VALUE: and a measure of people')
    return whom, what


def figure(stated: Check, simulated: Simulated) -> Parts:
    """The sums that a check needs, and its figure as a function of them.

    Args:
        stated: the check.
        simulated: what was simulated for it.

    Returns:
        Sums [block, part], and a function of their totals [part].

    Raises:
        RunError: a measure that does not exist, or a comparison that it does not have.
    """
    simulated, (_, measure) = over_years(simulated, *stated.years), whom_and_what(stated.measure)
    kind, _, subject = measure.partition(":")
    usual = stated.comparison == "usual care"
    named = (USUAL_CARE if usual else PROGRAMME).get(kind)
    if subject and named is not None and kind in WITHOUT_LABEL:
        raise RunError(f'found the measure "{stated.measure}"; allowed {kind} alone; it has no parts to name')
    if kind in whole_run.MEASURES and stated.comparison != "with and without":
        raise RunError(f'found {kind} by "{stated.comparison}"; allowed "with and without", with a programme')
    if named is not None:
        return named(subject, stated, simulated)
    _check_known(measure, usual, simulated)
    return (usual_care.item if usual else programme.change)(measure, stated, simulated)


def _check_known(measure: str, usual: bool, simulated: Simulated) -> None:
    counted = simulated.ledger.items if usual else simulated.ledger.measures
    for part in re.split("[+/]", measure):
        if part not in counted:
            raise unknown("measure", part, (*counted, *USUAL_CARE, *PROGRAMME) if usual else (*counted, *PROGRAMME))


OF_USE = ("through_share", "readmission_share", "delayed_share", "occupancy", "concentration")
SHARES = (*OF_USE, "volunteer_share", "benefit_share", *who_uses.LATER)
FIXED_UNITS = {
    **dict.fromkeys(SHARES, "share"),
    "extra_cost": "pounds a person-year",
    "cost_ratio": "ratio",
    "unselected": "change",
    "cost_per_start": "pounds a start",
    "cost_per_participant_year": "pounds a participant-year",
    "unit_cost": "pounds a unit",
    "mean_utility": "QALYs a person-year",
    "utility_norm": "QALYs a person-year",
    "cost_per_year": "pounds a year",
    "benefit_per_start_year": "pounds a starter-year",
    "care_saving_per_start": "pounds a person-year",
    "qaly_per_start": "QALYs a start",
    "qaly_per_effect_year": "QALYs an effect-year",
    "days_averted_per_pound": "pounds for each pound",
}


def unit(stated: Check) -> str:
    """What the figure of a check is counted in.

    Args:
        stated: the check.

    >>> unit(Check(measure="visits:gp", low=0, high=1, per=1000)), unit(Check(measure="occupancy:ward", low=0, high=1))
    ('number for 1,000 people', 'share')
    """
    kind = whom_and_what(stated.measure)[1].partition(":")[0]
    if "/" in stated.measure:
        return "ratio"
    if kind in whole_run.MEASURES:
        return whole_run.unit_of(kind)
    if kind in FIXED_UNITS:
        return FIXED_UNITS[kind]
    if stated.comparison != "usual care" and kind not in PROGRAMME:
        return "change"
    people = "a person" if stated.per == 1 else f"for {stated.per:,.0f} people"
    return f"{'pounds' if kind in WITH_COSTS else 'number'} {people}"
