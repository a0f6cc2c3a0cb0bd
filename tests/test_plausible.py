"""What is possible but odd is noted, and is no fault; what cannot be meant is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.errors import ScenarioError
from simulator.faces.cli import main
from simulator.scenario.library import packaged
from simulator.scenario.read import examine, read, read_text
from simulator.scenario.rules.plausible import ODDITIES, odd

BASE = """
title = "Tiny"
price_year = "2023/24"
[horizon]
years = 3
funding_years = 2
[population]
place_size = 1000
people = 200
age_bands = [65]
clusters = 2
ages = { edges = [65, 80, 95], share = [0.7, 0.3] }
[health]
states = ["fit"]
[needs.gp]
goes_to = "gp"
rate = 5.0
[places.gp]
stay = { dist = "fixed", mean = 0.02 }
[payers.nhs]
title = "NHS"
[payers.council]
title = "Council"
[cash.freed]
share = [0.5]
[prices.gp]
per = "visit:gp"
amount = 40
payer = "nhs"
cash = "freed"
[programmes.walks]
title = "Walks"
offers.all = { rate = 2.0 }
[programmes.walks.costs.running]
kind = "per_year"
amount = 1000
payer = "council"
[programmes.walks.effects.gp]
target = "need:gp"
calibrated = { value = 0.8, ci95 = [0.7, 0.9], grade = 6, why = "guess" }
[economics]
discount_rate = 0.035
discount_rate_later = 0.03
health_discount_rate = 0.015
"""
GUESS = 'grade = 6, why = "guess"'


def notes(text: str) -> list[str]:
    return [f"{'.'.join(map(str, issue.path))}: {issue.found}; {issue.hint}" for issue in odd(read_text(BASE + text))]


def walks(text: str) -> str:
    """A table of the programme."""
    return f"[programmes.walks.{text}"


ODD = {
    "a ratio that leaves next to nothing": (
        walks(f'effects.e]\ntarget = "death"\ncalibrated = {{ value = 0.08, ci95 = [0.07, 0.1], {GUESS} }}')
        + "\n[death]\nrate = 0.02\nreference_age = 75\ngrowth = 0.1",
        "programmes.walks.effects.e.calibrated: 0.08 on death, which leaves 8 of 100; 8 % fewer is 0.92",
    ),
    "a bare number": (
        walks('effects.u]\ntarget = "utility"\ncalibrated = 0.01'),
        "programmes.walks.effects.u.calibrated: an effect as a bare number, without source or grade; it counts",
    ),
    "a gamma from zero": (
        f"[flares]\nrate = {{ value = 1, ci95 = [0, 3], {GUESS} }}\nlength.mean = 9\nratio.gp = 2",
        "flares.rate: a gamma with an interval from 0 to 3",
    ),
    "a post for pounds an hour": (
        walks('costs.p]\nkind = "per_worker_year"\namount = 38\npayer = "nhs"\n')
        + walks('staff]\nworkers = 2\ncaseload = 9\nwhen_full = "wait"'),
        "programmes.walks.costs.p.amount: a post for 38 pounds a year",
    ),
    "nobody employed": (
        walks('staff]\nworkers = 0\ncaseload = 9\nwhen_full = "wait"'),
        "programmes.walks.staff: nobody employed",
    ),
    "a list nobody decided on": (
        walks("staff]\nworkers = 2\ncaseload = 9"),
        "programmes.walks.staff: a limited team, with a list on which referrals never lapse",
    ),
    "people on it from day 0 without a before": (
        "[programmes.walks.starting_share]\nall = 0.2",
        "programmes.walks.starting_share: people on it from day 0, after 0 days of warm-up with windows of 365 days",
    ),
    "a cost after the horizon": (
        walks('costs.exit]\nkind = "one_off"\namount = 10\npayer = "nhs"\nday = 1500'),
        "programmes.walks.costs.exit.day: day 1,500, after the horizon of 3 years; it is never paid",
    ),
    "costs before anyone can start": (
        "[programmes.walks]\ncluster_opens_days = [100, 200]",
        "programmes.walks.opens_day: costs from day 0, 100 days before anyone can start",
    ),
    "a cluster after the funding": (
        "[programmes.walks]\ncluster_opens_days = [0, 900]",
        "programmes.walks.cluster_opens_days: a cluster that opens on day 900, after funding ends on day 730",
    ),
    "a cluster after the horizon": (
        "[programmes.walks]\ncluster_opens_days = [0, 3000]",
        "programmes.walks.cluster_opens_days: an opening on day 3,000, after the horizon of 3 years",
    ),
    "one activity with two prices": (
        '[prices.local]\nper = "visit:gp"\namount = 30\npayer = "nhs"\ncash = "freed"',
        "prices.local: visit:gp priced twice, by prices.gp too",
    ),
    "a part of an activity with a price of its own": (
        '[prices.planned]\nper = "planned:gp"\namount = 30\npayer = "nhs"\ncash = "freed"',
        "prices.planned: planned:gp priced twice, by prices.gp (visit:gp) too",
    ),
    "a price beside a cost": (
        '[prices.w]\nper = "active_day:walks"\namount = 3\npayer = "nhs"\ncash = "freed"\n'
        + walks('costs.d]\nkind = "per_active_day"\namount = 1\npayer = "nhs"'),
        "programmes.walks.costs.d: active_day:walks priced twice, by prices.w too",
    ),
    "two effects on one need": (
        walks(f'effects.v]\ntarget = "visits:gp"\ncalibrated = {{ value = 0.8, ci95 = [0.7, 0.9], {GUESS} }}'),
        "programmes.walks.effects.v: a second effect on need:gp, as gp: 0.8 and 0.8 give 0.64",
    ),
    "a benefit beside its pathway": (
        walks('benefits.b]\ncalibrated = 10\npayer = "nhs"\nkind = "capacity"\nyears = 1'),
        "programmes.walks.benefits.b: a stated benefit to nhs beside the effect gp on visit:gp, paid there too",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), ODD.values(), ids=ODD)
def test_what_is_odd_is_noted_once_and_alone(text: str, sentence: str) -> None:
    text = text.replace("[programmes.walks]\n", "")  # keys of a table that is there already
    base = BASE.replace('title = "Walks"\n', f'title = "Walks"\n{text}\n') if text.startswith("cluster") else BASE
    found = odd(read_text(base if base != BASE else BASE + text))
    said = [f"{'.'.join(map(str, issue.path))}: {issue.found}; {issue.hint}" for issue in found]
    assert [note.startswith(sentence) for note in said] == [True], said


def test_funding_beyond_the_horizon_is_noted() -> None:
    [issue] = odd(read_text(BASE.replace("funding_years = 2", "funding_years = 5")))
    assert issue.path == ("horizon", "funding_years") and issue.found.startswith("2 years of funding after the horizon")


def test_a_plain_file_is_not_odd_and_each_oddity_has_its_case() -> None:
    assert notes("") == []
    assert len(ODD) + 1 >= len(ODDITIES)


@pytest.mark.parametrize("name", packaged())
def test_shipped_scenarios_are_not_odd(name: str) -> None:
    assert examine(name).warnings == ()


def test_payers_may_each_bear_a_part_of_one_activity() -> None:
    theirs = '[payers.garden]\ntitle = "Garden"\n[prices.local]\nper = "visit:gp"\namount = 30\n'
    assert notes(f'{theirs}payer = "garden"\ncash = "freed"') == []


def test_a_benefit_of_something_else_is_left_alone() -> None:
    assert (
        notes(walks('benefits.b]\ncalibrated = 10\npayer = "nhs"\nkind = "cash"\nof = "something else"\nyears = 1'))
        == []
    )


def test_notes_leave_the_exit_code_alone(tmp_path: Path) -> None:
    file = tmp_path / "typo.toml"
    file.write_text('extends = "befriending"\n[programmes.befriending.effects.emergency]\ncalibrated = 0.08\n')
    result = CliRunner().invoke(main, ["validate", str(file)])
    assert result.exit_code == 0 and "no faults" in result.output
    assert "note: typo.toml:3: programmes.befriending.effects.emergency.calibrated: found 0.08" in result.output


# ------------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("rules", "later", "health", "values", "headline"),
    [
        ("green book 2022", 0.03, 0.015, (70_000,), "net present social value"),
        ("nice 2025", 0.035, 0.035, (20_000, 30_000), "cost per QALY"),
    ],
)
def test_a_set_of_rules_is_taken_whole(
    rules: str, later: float, health: float, values: tuple[float, ...], headline: str
) -> None:
    text = f'extends = "befriending"\neconomics.rules = "{rules}"'
    for economics in (read_text(text).economics, read("befriending", sets=[f'economics.rules="{rules}"']).economics):
        assert (economics.discount_rate, economics.discount_rate_later) == (0.035, later)
        assert (economics.health_discount_rate, economics.qaly_values) == (health, values)
        assert economics.headline == headline


def test_a_rate_cannot_be_changed_under_a_set_of_rules_and_own_rules_need_their_rates() -> None:
    scenario = read("befriending").with_({"economics.rules": "nice 2025"})
    assert scenario.economics.health_discount_rate == 0.035
    with pytest.raises(ScenarioError, match=r'found discount_rate beside rules = "nice 2025", where it is 0\.035'):
        scenario.with_({"economics.discount_rate": 0.01})
    rates = {"discount_rate": 0.01, "discount_rate_later": 0.01, "health_discount_rate": 0.01, "rules": "own"}
    own = scenario.with_({f"economics.{key}": value for key, value in reversed(rates.items())})
    assert own.economics.discount_rate == 0.01


def test_rules_only_price() -> None:
    scenario = read("befriending")
    assert scenario.with_({"economics.rules": "nice 2025"}).simulated_part() == scenario.simulated_part()
