"""A small village with a programme of walks, for tests of what people see: files, words, tables and pictures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simulator.running.run import Run, run
from simulator.scenario.read import read_text
from simulator.scenario.tables import Scenario

VILLAGE = """
name = "village"
title = "Walks in a village"
question = "Do walks pay for themselves?"
price_year = "2023/24"

[horizon]
years = 5
warm_up_years = 2
funding_years = 2

[population]
place_size = 2000
people = 60
age_bands = [65, 80]
ages = { edges = [65, 80, 95], share = [0.7, 0.3] }
risk = { log_sd = 0.8 }

[health]
states = ["fit", "frail"]
initial = { 65 = [0.8, 0.2], 80 = [0.5, 0.5] }
moves.worse = { from = "fit", to = "frail", rate = 0.1 }

[health.utility]
norm_by_age = { 65 = 0.8, 80 = 0.7 }
change = { fit = 0.0, frail = -0.2 }

[death]
rate = 0.03
reference_age = 75
growth = 0.1
by_health = { frail = 2.0 }

[needs.gp]
goes_to = "gp"
rate = 4.0

[needs.ae]
goes_to = "ae"
rate = { value = 0.6, ci95 = [0.4, 0.9], grade = 6, why = "made up for tests" }
by_health = { frail = 2.0 }
emergency = true

[places.gp]
title = "GP"
stay = { dist = "fixed", mean = 0.02 }
routes.to_ae = { to = "ae", share = 0.02 }

[places.ae]
title = "A&E"
emergency = true
stay = { dist = "exponential", mean = 0.2 }
routes.admitted = { to = "inpatient", share = 0.35 }

[places.inpatient]
title = "Hospital ward"
stay = { dist = "lognormal", mean = 8.0, cv = 1.2 }
readmission_days = 30

[supports.home_care]
title = "Home care"
starting_share = { frail = 0.2 }
offers.after_hospital = { on = "discharge:inpatient", share = 0.2 }
length = { dist = "exponential", mean = 120 }

[programmes.walks]
title = "Walks"
uptake = 0.7
offers.crisis = { on = "discharge:inpatient", share = 0.9 }
offers.self = { rate = 0.2 }
length = { dist = "exponential", mean = 400 }
drop_out_rate = 0.2
once = true

[programmes.walks.effects.ae]
target = "need:ae"
calibrated = { value = 0.85, ci95 = [0.6, 1.1], source = "A trial (2020)", supports = "A&E visits", grade = 2 }
claimed = { value = 0.6, ci95 = [0.5, 0.75], source = "A newsletter (2019)", supports = "A&E visits", grade = 4 }
half_life_days = 180

[programmes.walks.costs.setting_up]
kind = "one_off"
amount = 20_000
per_people = 2000
payer = "council"

[programmes.walks.costs.each]
kind = "per_start"
amount = { value = 120, ci95 = [80, 180], source = "The walks' accounts", supports = "pounds per start", grade = 4 }
payer = "council"

[programmes.walks.costs.tea]
kind = "per_active_day"
amount = 0.1
payer = "families"

[payers]
acute = { title = "NHS hospitals" }
gp = { title = "GP practices" }
council = { title = "Council" }
charity = { title = "Charities", public = false }
care = { title = "Council social care" }
families = { title = "People and families", public = false }

[cash.beds]
from_year = [0, 2]
share = [0.1, 0.4]

[prices]
gp = { per = "visit:gp", amount = 40, payer = "gp", cash = "beds" }
ae = { per = "visit:ae", amount = 235, payer = "acute", cash = "beds" }
bed = { per = "day:inpatient", amount = 400, payer = "acute", cash = "beds" }
care = { per = "active_day:home_care", amount = 40, payer = "care", cash = "beds" }
charity = { per = "person_day", amount = 0.1, payer = "charity", cash = "beds" }

[economics]
discount_rate = 0.035
discount_rate_later = 0.03
health_discount_rate = 0.015
qaly_values = [20_000, 70_000]

[evidence]
sceptical = { value = 1.0, se = 0.07, grade = 6, why = "made up for tests" }
"""


def village(*sets: str) -> Scenario:
    """The village, with changes as ``path=value``."""
    return read_text(VILLAGE, name="village", sets=sets)


def village_file(folder: Path) -> Path:
    """The village as a file in a folder."""
    path = folder / "village.toml"
    path.write_text(VILLAGE, encoding="utf-8")
    return path


@cache
def village_run(*sets: str, rows: int = 8, people: int = 60) -> Run:
    """A small run of the village; the same one for every test that asks."""
    return run(village(*sets), rows=rows, people=people, workers=1)
