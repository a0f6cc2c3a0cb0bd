"""The order of simultaneous events, and how often a journey may return to a place, the same in both engines.

Things that happen at the same time run by kind, in the order below, then by person. What ends comes before what
begins, so that a slot freed at a moment can be taken at it. What a clock brings has its kind in
:class:`simulator.model.model.ClockKind`.

Changes of capacity come first among dates, before anybody's; of one day those of an arm alone come last. The first day
is a date: whoever is on a programme from then on takes a place on it in the order of persons, each programme in turn,
before anything else of that day.

A referral lapses at the turn of a limit of a wait: after all that ends at that moment, whose place it may still take.

Supports that a start ends, and then those that begin with it, do so at the same moment as part of it, by their numbers;
a place that is given up so is promised before anything else happens.
"""

from __future__ import annotations

HORIZON, DATE, DYING, ENDING, HEALTH, FLARE, LIMIT, NEED, OFFER = range(9)
MOST_PASSES = 15  # entries of one journey to one place
