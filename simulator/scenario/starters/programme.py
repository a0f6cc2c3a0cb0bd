"""The text of a programme from nothing, with each choice explained: it validates and runs as it stands."""

PROGRAMME = """\
# NAME: a programme from nothing, for people aged 65 and over in England. Every line is a choice: change it to yours.
#
#   find every fault     simulator validate NAME.toml
#   run it               simulator run NAME.toml
#   every key            scenarios/README.md
#
# An uncertain number says its range and where it comes from. Grades: 1 UK randomised trial, 2 other trial or matched
# control, 3 independent before and after, 4 practitioner monitoring, 5 secondary evidence, 6 expert guess (say `why`).

extends = "england_65_plus"    # who lives there, what care they use and what it costs; `simulator list` shows others
remove = ["checks"]            # figures on record for England: checked there, not here
title = "My programme"
question = "What does it cost and save, for whom, and how sure are we?"

# The place and the years, if they are others than England's 10,000 people followed for ten years. What is counted for a
# year after each start needs a year more than people are recruited in. Inherited amounts follow another price year.
#   population.place_size = 146000
#   horizon = { years = 2, funding_years = 1 }
#   price_year = "2013/14"

[programmes.NAME]
title = "My programme"
summary = "Say in a sentence who does what with whom."
uptake = { value = 0.6, range = [0.4, 0.8], dist = "triangular", grade = 6, why = "share who say yes when asked" }
length = { dist = "fixed", mean = 180 }    # days on it
drop_out_rate = 0.3                        # a year: about one in seven leave within 180 days
once = true                                # nobody comes twice
# How many start in the first year of the whole place, if that is known: rates and shares of offers follow.
#   starts_per_year = 1360

# Who may come. Leave the line out for everybody.
[programmes.NAME.eligible]
min_age = 65

# How people come to it: at a rate per person-year, or after a visit or a stay, with a share:
#   [programmes.NAME.offers.after_a_stay]
#   on = "discharge:inpatient"
#   share = 0.2
[programmes.NAME.offers.referral]
rate = 0.02     # 2 in 100 people are asked in a year

# What it changes. A target is what was counted: visits:PLACE, emergency:PLACE, days:PLACE, or one need, route or stay.
# 0.95 is 5 % fewer. `calibrated` is the best independent evidence, `claimed` the figure that is in circulation.
# `measured_on`: on whom it was measured: starters, active (while they are on it), offered, or population.
# `window_days`: over how long after the start. `simulator run NAME.toml --evidence claimed` takes the claims.
[programmes.NAME.effects.admissions]
target = "emergency:inpatient"
measured_on = "starters"
window_days = 365
calibrated = { value = 1.0, ci95 = [0.85, 1.18], grade = 6, why = "nothing known: no change" }

# What it costs. Kinds: one_off, per_year, per_worker_year, per_start, per_start_hours, per_active_day,
# per_volunteer_year. `per_people`: a cost of so many people's place, which follows its size.
[programmes.NAME.costs.each]
kind = "per_start"
amount = { value = 400, range = [300, 550], dist = "triangular", grade = 6, why = "all in" }
payer = "council"
covers = "staff, travel, venue"
includes = ["on-costs", "overheads", "supervision"]

[programmes.NAME.costs.management]
kind = "per_year"
amount = 20000
payer = "council"
covers = "half a manager"
per_people = 10000
includes = ["on-costs", "overheads"]

# Who may pay: `simulator show england_65_plus payers`. Payers may share: payer = { icb = 0.5, council = 0.5 }

# What a case only states in pounds, for each person who starts and year: what nothing above produces. `kind`: cash,
# capacity (a bed, an hour: not money) or social. A run as reported tells it as a case counts it and as it can be lived.
#   [programmes.NAME.benefits.health]
#   claimed = 453
#   payer = "icb"
#   kind = "capacity"
#   years = 1
"""
