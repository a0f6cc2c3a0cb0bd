"""The order of what happens at one moment, and how often a journey may come back: both engines keep to it.

Things that happen at the same time run by kind, in the order below, then by person. What ends comes before what
begins, so that a slot freed at a moment can be taken at it.
"""

from __future__ import annotations

from simulator.model.model import ClockKind

HORIZON, DATE, DYING, ENDING, HEALTH, FLARE, LIMIT, NEED, OFFER = range(9)
KIND_OF_CLOCK = {
    ClockKind.DEATH: DYING,
    ClockKind.LEAVING: ENDING,
    ClockKind.FLARE: FLARE,
    ClockKind.HEALTH: HEALTH,
    ClockKind.NEED: NEED,
    ClockKind.OFFER: OFFER,
    ClockKind.DROP_OUT: ENDING,
}
MOST_PASSES = 15  # entries of one journey to one place
